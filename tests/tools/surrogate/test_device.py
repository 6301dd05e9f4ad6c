"""Which device is used follows from what was asked, the number of trials, and what is there."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bestguess.tools.errors import InputError
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.parameters import Choice, Float
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import CPU_ROWS, GPU_ROWS, check_device, choose_device
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = Space(x=Float(0, 1), y=Float(0, 1), kind=Choice(["a", "b"]), z=Float(0, 1, when={"kind": ["b"]}))
NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
GPU = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")]


def bowls(n: int, *, failures: bool = False) -> History:
    """Return a history of n random trials; of every seventh there may be a failure."""
    rng = np.random.default_rng(n)
    trials = []
    for number in range(n):
        params = SPACE.sample(rng)
        outcome = Outcome((params["x"] - 0.3) ** 2 + params["y"] + params.get("z", 0.2) ** 2)
        if failures and number % 7 == 3:
            outcome = Outcome.failure("out of memory")
        trials.append(Trial(number, Proposal(params, "random")).told(outcome))
    return History("minimize", tuple(trials))


@pytest.mark.parametrize("given", ["tpu", "", 1, None, "cuda:", "cuda:-1", "cuda:x", "torch:cuda", "CPU"])
def test_what_is_no_device_is_refused(given: object) -> None:
    with pytest.raises(InputError, match="give 'auto', 'cpu' or 'cuda'"):
        check_device(given)


@NO_GPU
@pytest.mark.parametrize("given", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_there_is_refused(given: str) -> None:
    with pytest.raises(InputError, match="torch finds no GPU here; give 'auto' or 'cpu'"):
        check_device(given)


@pytest.mark.parametrize("given", ["auto", "cpu", "torch:cpu"])
def test_what_is_there_is_taken(given: str) -> None:
    assert check_device(given) == given


@NO_GPU
@pytest.mark.parametrize(
    ("asked", "told", "name", "rows"),
    [
        ("auto", 3, "cpu", CPU_ROWS),
        ("auto", CPU_ROWS + 1, "cpu", CPU_ROWS),
        ("cpu", 5 * CPU_ROWS, "cpu", CPU_ROWS),
        ("torch:cpu", 3, "torch:cpu", GPU_ROWS),
    ],
)
def test_without_a_gpu_auto_is_numpy(asked: str, told: int, name: str, rows: int) -> None:
    chosen = choose_device(asked, told)
    assert (chosen.name, chosen.most_rows) == (name, rows)
    assert (f"fitted to {rows} of {told} trials" in chosen.words(told)) is (told > rows)


@pytest.mark.parametrize("device", ["torch:cpu", pytest.param("cuda", marks=GPU)])
@pytest.mark.parametrize(("n", "failures"), [(3, False), (20, True)])
def test_a_verifier_says_the_same_on_each_device(device: str, n: int, failures: bool) -> None:
    history = bowls(n, failures=failures)
    many = SPACE.samples(np.random.default_rng(1), 8)
    ours, theirs = (Verifier.fit(SPACE, history, noisy=True, device=name) for name in ("cpu", device))
    assert ours
    assert theirs
    for params in many:
        mine, yours = ours.predict(params), theirs.predict(params)
        assert (yours.median, yours.low, yours.high) == pytest.approx(
            (mine.median, mine.low, mine.high), abs=1e-8
        )


def test_an_earlier_fit_on_another_device_is_not_taken_over() -> None:
    history = bowls(5)
    earlier = Verifier.fit(SPACE, history, device="cpu")
    assert earlier
    same = Verifier.fit(SPACE, history, device="auto", earlier=earlier)
    other = Verifier.fit(SPACE, history, device="torch:cpu", earlier=earlier)
    assert same
    assert other
    assert (same._fit.device, other._fit.device) == ("cpu", "torch:cpu")


@pytest.mark.slow
@pytest.mark.parametrize("device", ["torch:cpu", pytest.param("cuda", marks=GPU)])
def test_torch_conditions_on_more_trials_than_a_cpu_does(device: str) -> None:
    history = bowls(CPU_ROWS + 300, failures=True)
    cpu, exact = (Verifier.fit(SPACE, history, device=name) for name in ("cpu", device))
    assert cpu
    assert exact
    assert f"fitted to {len(history.complete)} values" in exact.describe()
    assert f"fitted to {len(history.complete)} values" not in cpu.describe()
    assert exact.choose(np.random.default_rng(0)) is not None


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_auto_takes_the_gpu_once_there_are_many_trials() -> None:
    assert choose_device("auto", CPU_ROWS).name == "cpu"
    assert choose_device("auto", CPU_ROWS + 1).name == "cuda"
