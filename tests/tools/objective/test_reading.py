"""Numbers as programs print them, after "loss=", and what is made of them."""

from __future__ import annotations

import math
import re

import pytest

from bestguess.tools.objective.process import Watch
from bestguess.tools.objective.reading import Reading, Which, read_number
from bestguess.tools.scan.metric import VALUE, pattern_of

OLD = r"loss=([-+0-9.eE]+)"
PATTERNS = (r"loss=(\S+)", r"loss=(.+)", f"loss={VALUE}")


def read(pattern: str, printed: str) -> Reading | None:
    match = re.search(pattern, f"epoch 3 loss={printed}")
    return match and read_number(match)


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("1,234.57", 1234.57),
        ("1_234_567", 1234567),
        ("1'234.5", 1234.5),
        ("1\u202f234.5", 1234.5),
        ("$250,000", 250000),
        ("-$5.00", -5),
        ("€1,234.50", 1234.5),
        ("93.12%", 93.12),
        ("0.9312.", 0.9312),
        ("0.5, acc=0.9", 0.5),
        ("0.5,0.9", 0.5),
        ("0.81 ± 0.02", 0.81),
        ("0.93+0.02\ttrain", 0.93),
        ("0.81 (100 samples)", 0.81),
        ("1e-05", 1e-5),
        ("12.5ms", 12.5),
        (".5", 0.5),
        ("tensor(0.2500)", 0.25),
        ("tensor(-0.25, device='cuda:0', grad_fn=<NllLossBackward0>)", -0.25),
        ("tensor([[0.25]])", 0.25),
        ("[0.25]", 0.25),
        ("array([0.25], dtype=float32)", 0.25),
        ("np.float64(0.25)", 0.25),
        ("Array(0.25, dtype=float32)", 0.25),
        ("tf.Tensor(0.25, shape=(), dtype=float32)", 0.25),
        ("Decimal('0.25')", 0.25),
        ("(0.25,)", 0.25),
        ("-Infinity", float("-inf")),
        ("1.2 x 10^-3", 1.2e-3),
        ("-1.2·10⁻³", -1.2e-3),
        ("1.2e\u221203", 1.2e-3),
        ("1.5e⁻³", 1.5e-3),
        ("1.2D-03", 1.2e-3),
        ("1.2 x  10^-3", 1.2e-3),
        ("1.2\u00d710 ⁻³", 1.2e-3),
        ("1.2 E-3", 1.2e-3),
        ("0.5 --> 3 models saved", 0.5),
        ("0.50 => 1 new best", 0.5),
        ("0.5 → -3% vs baseline", 0.5),
    ],
)
def test_a_number_is_read_however_it_is_printed(printed: str, value: float) -> None:
    for pattern in PATTERNS:
        reading = read(pattern, printed)
        assert reading is not None
        assert reading.value == value, (pattern, reading)
    old = read(OLD, printed)  # a pattern of a study from before finds the same, or nothing
    assert old is None or old.value == value


@pytest.mark.parametrize(
    ("printed", "problem"),
    [
        ("0,93", "not a number"),
        ("1 073.60", "not a number"),
        ("1.234,57", "not a number"),
        ("1,23,456", "not a number"),
        ("1.2.3", "not a number"),
        ("0:00:12.5", "not a number"),
        ("1 day, 2:03:04", "not a number"),
        ("1m30s", "not a number"),
        ("3 minutes 5 seconds", "not a number"),
        ("1 h 5 min", "not a number"),
        ("0x1F", "not a number"),
        ("2026-11-28", "not a number"),
        ("10^-3", "not a number"),
        ("0.25+0.1j", "not a number"),
        ("[0.25, 0.31]", "several numbers"),
        ("tensor([0.25 0.31])", "several numbers"),
        ("Fraction(1, 4)", "several numbers"),
        ("[[0.25]", "goes on in the next line"),
        ("0.5 --> 0.4", "changes into another"),
        ("(0.5→0.4)", "changes into another"),
        ("12ms -> 10ms after", "changes into another"),
        ("1.2 s->0.9 s", "changes into another"),
        ("91% -> 93%, saved", "changes into another"),
        ("(0.9) -> (0.5)", "changes into another"),
        ("1.2 x 10e-3", "not a number"),
    ],
)
def test_what_is_no_number_as_a_whole_is_refused_with_its_text(printed: str, problem: str) -> None:
    for pattern in PATTERNS:
        reading = read(pattern, printed)
        assert reading is not None
        assert reading.value is None, (pattern, reading)
        assert problem in reading.problem
        assert reading.text in printed
        assert len(reading.text) > 3


def test_words_are_no_number_and_what_is_drafted_passes_them_over() -> None:
    for printed in ("saved", "improved"):
        assert read(r"loss=(\S+)", printed) == Reading(printed, problem="which is not a number")
        assert read(f"loss={VALUE}", printed) is None


def test_a_pattern_that_matches_what_follows_says_where_the_number_ends() -> None:
    assert read(r"loss=(\d+),", "3,4") == Reading("3", 3.0)
    assert read(r"loss=(\d+)", "3,4") == Reading(
        "3,4", problem="which is not a number", mend="print a decimal point and no decimal comma: "
    )


def test_a_group_within_a_number_is_refused() -> None:
    reading = read(r"loss=.*([0-9.]+)", "0.25")
    assert reading is not None
    assert "a part of a number" in reading.problem


@pytest.mark.parametrize(("which", "value"), [("last", 0.4), ("min", 0.2), ("max", 0.9)])
def test_of_several_matches_the_one_that_was_asked_for_counts(which: Which, value: float) -> None:
    watch = Watch(re.compile(r"loss=(\S+)"), which)
    watch.feed(b"loss=0.5\nloss=nan\nloss=0.2\rloss=0.9\nloss=0.4\n")
    assert watch.reading is not None
    assert (watch.reading.value, watch.count, watch.match) == (value, 5, str(value))


@pytest.mark.parametrize(
    "last",
    [
        "loss=-nan",
        "loss=+inf",
        "loss nan",
        '{"loss": null}',
        "{'loss': None}",
        "loss | ***** |",
        "loss: n/a, x",
    ],
)
def test_a_run_that_ends_without_a_number_is_not_judged_by_an_earlier_one(last: str) -> None:
    """C prints `-nan`, JSON null and Fortran stars: the last number before it was taken, and won."""
    watch = Watch(re.compile(pattern_of("loss")))
    watch.feed(f"loss=0.5\n{last}\n".encode())
    assert watch.reading is not None
    assert watch.reading.value is not None
    assert not math.isfinite(watch.reading.value)


@pytest.mark.parametrize("said", ["loss: none of them", "loss null hypothesis", "loss nano", "no loss"])
def test_words_of_a_sentence_are_no_value(said: str) -> None:
    watch = Watch(re.compile(pattern_of("loss")))
    watch.feed(f"loss=0.5\n{said}\n".encode())
    assert watch.reading is not None
    assert watch.reading.value == 0.5


@pytest.mark.parametrize("which", ["min", "max"])
def test_what_cannot_be_read_is_not_passed_over(which: Which) -> None:
    watch = Watch(re.compile(r"loss=(\S+)"), which)
    watch.feed(b"loss=0.5\nloss=0,4\nloss=0.3\n")
    assert watch.reading is not None
    assert watch.reading.text == "0,4"


@pytest.mark.parametrize(
    ("printed", "unit"),
    [
        ("1.07 s", "s"),
        ("900 ms", "ms"),
        ("2 msec per loop", "msec"),
        ("126 usec per loop", "usec"),
        ("1.2 GB/s over all", "GB/s"),
        ("45 seconds (wall)", "second"),
        ("1 second", "second"),
        ("950 MiB used", "MiB"),
        ("1.3 it/s, 20 done", "it/s"),
        ("345 Mbps", "Mbps"),
        ("1.2 M req/s", "M req/s"),
        ("1.2 million of them", "million"),
        ("0.5 min: 0.3", ""),
        ("0.5 is best", ""),
        ("0.5 K-fold", ""),
        ("-1.234 T", ""),
        ("5 k tokens", ""),
        ("12 g of it", ""),
        ("12 J/step", "J/step"),
        ("12g", "g"),
        ("0.5 h 3", ""),
        ("0.5 loss", ""),
        ("12 hours, 3 machines", "hour"),
        ("3.2 m, 5 splits", ""),
        ("0.5 best so far", ""),
        ("93 %", "%"),
        ("950.12 ms 955.30 ms 960.10 ms", "ms"),
        ("1.02 GFlops", "GFlops"),
        ("900 Kpps", "Kpps"),
    ],
)
def test_a_unit_stands_after_a_space_unless_it_labels_what_follows(printed: str, unit: str) -> None:
    reading = read(r"loss=(\S+)", printed)
    assert reading is not None
    assert reading.unit == unit
