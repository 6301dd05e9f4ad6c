from __future__ import annotations

from threading import Barrier, Thread

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from bestguess.tools.surrogate.threads import MOST_ROWS, few_threads


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()}


def test_small_matrices_stay_on_one_thread_and_large_ones_get_all() -> None:
    outside = blas_threads()

    with few_threads(10), few_threads(20):
        assert blas_threads() == {1}
    with few_threads(MOST_ROWS + 1):
        assert blas_threads() == outside
    assert blas_threads() == outside


def test_whoever_leaves_last_lifts_the_limit_of_all() -> None:
    """Two that each restored what they found would leave one thread for ever."""
    outside, entered, left = blas_threads(), Barrier(2), Barrier(2)
    between: list[set[int]] = []

    def first() -> None:
        with few_threads(10):
            entered.wait()
        left.wait()

    def second() -> None:
        with few_threads(10):
            entered.wait()
            left.wait()
            between.append(blas_threads())

    threads = [Thread(target=first), Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert between == [{1}]
    assert blas_threads() == outside
