from __future__ import annotations

from threading import Thread

import torch

from bestguess.tools.surrogate.threads import MOST_ROWS, few_threads


def test_small_matrices_stay_on_the_calling_thread_and_others_keep_theirs() -> None:
    outside, elsewhere = torch.get_num_threads(), []

    with few_threads(10):
        inside = torch.get_num_threads()
        other = Thread(target=lambda: elsewhere.append(torch.get_num_threads()))
        other.start()
        other.join()

    assert inside == 1
    assert elsewhere == [outside]
    assert torch.get_num_threads() == outside


def test_large_matrices_get_all_threads() -> None:
    outside = torch.get_num_threads()

    with few_threads(MOST_ROWS + 1):
        assert torch.get_num_threads() == outside
