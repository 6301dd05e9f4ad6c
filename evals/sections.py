"""What the report says of one suite: curves, the table of contestants, and who wins where.

Every figure comes from a board, and nothing is typed. This module words and orders; `metrics` works out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bestguess.evals.metrics import BAD_END, Board, expenses, kind_of
from bestguess.evals.plots import draw_curves
from bestguess.evals.record import Record
from bestguess.evals.references import reference

ENDINGS = (f"ends > {BAD_END}", "worst tenth")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a header; the first column names the row."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with paragraphs, a figure and tables."""

    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figure: str = ""


def board_section(board: Board, summary: str) -> Section:
    """Return a suite's section: curves, tables, who wins where."""
    seeds = len({seed for _, seed in board.cells})
    start = "all start from the same default or design" if board.default else "nobody is told a default"
    paragraphs = [
        f"{summary[0].upper()}{summary[1:]}.",
        f"{len(board.problems)} problems, {seeds} seeds, {board.n_trials} evaluations; {start}.",
    ]
    if any(kind_of(label) == "published" for label in board.contestants):
        paragraphs.append("A dotted curve is of published runs, from the same starting points.")
    tables = [regret_table(board)]
    if partial := [label for label in board.contestants if label not in board.complete]:
        tables.append(_partial_table(board, partial))
    if held_out := _test_table(board):
        tables.append(held_out)
    tables.extend(_duels(board))
    title = ", ".join(
        part for part in (board.suite, board.part, "" if board.default else "without the default") if part
    )
    return Section(title, paragraphs, tables, draw_curves(board))


def regret_table(board: Board) -> Table:
    """Return the complete contestants of a board, the best at the end first."""
    best = board.best("peer")
    ranks = board.ranks()
    header = [
        "contestant",
        *(f"@{n}" for n in board.milestones),
        *ENDINGS,
        "sd over seeds",
        "mean rank",
        f"less {best}, 95 %" if best else "best peer",
        "failed",
        "CPU ms a trial",
        "tokens a trial",
    ]
    rows = []
    for label in sorted(board.complete, key=lambda label: float(board.mean(label)[-1])):
        mean, spent = board.mean(label), expenses(_records(board, label))
        rows.append(
            [
                label,
                *(f"{mean[n - 1]:.3f}" for n in board.milestones),
                *endings(board, label),
                f"{board.spread(label)[-1]:.3f}",
                f"{ranks[label]:.1f}",
                _difference(board, label, best),
                f"{spent['failed']:.0%}" if _records(board, label) else "",
                f"{spent['cpu_ms']:.0f}" if _records(board, label) else "",
                f"{spent['tokens']:.0f}" if spent["tokens"] else "",
            ]
        )
    caption = (
        "mean normalized regret after so many evaluations; less is better; beside it the share of runs that "
        f"end above {BAD_END} and the mean of the worst tenth of runs"
    )
    return Table(header, rows, caption)


def endings(board: Board, label: str) -> tuple[str, str]:
    """Return the share of a contestant's runs that end badly, and its worst tenth, in figures."""
    return f"{board.bad_share(label):.0%}", f"{board.worst_tenth(label):.3f}"


def _partial_table(board: Board, labels: Sequence[str]) -> Table:
    ours = board.best("ours")
    rows = []
    for label in labels:
        both = board.shared(label, ours) if ours else board.shared(label)
        rows.append(
            [
                label,
                f"{int(board.shared(label).sum())} of {len(board.cells)}",
                f"{board.mean(label)[-1]:.3f}",
                *endings(board, label),
                f"{board.mean(ours, both)[-1]:.3f}" if ours and both.any() else "",
                _difference(board, label, ours) if ours and both.any() else "",
                f"{expenses(_records(board, label))['cpu_ms']:.0f}",
            ]
        )
    header = [
        "contestant",
        "cells",
        f"@{board.n_trials}",
        *ENDINGS,
        f"{ours} there",
        "difference, 95 %",
        "CPU ms a trial",
    ]
    return Table(header, rows, "ran on part of the cells only, so compared on those")


def _test_table(board: Board) -> Table | None:
    """Return the test score of the incumbent, on the scale of regret, where the suite has test scores."""
    labels = [label for label in board.complete if any(one.tests for one in _records(board, label))]
    if not labels:
        return None
    rows = []
    for label in labels:
        scaled = [_test_regret(one) for one in _records(board, label) if one.tests]
        rows.append([label, f"{np.mean([score for score in scaled if score is not None]):.3f}"])
    rows.sort(key=lambda row: float(row[1]))
    caption = (
        "held-out test loss of the configuration that was best in validation, on the scale of regret "
        "(0: the best validation loss known, 1: the median random one), not cut"
    )
    return Table(["contestant", "test"], rows, caption)


def _duels(board: Board) -> Iterator[Table]:
    """Yield who wins where: our best contestant against the best peer, problem by problem."""
    ours, peer = board.best("ours"), board.best("peer")
    if ours is None or peer is None:
        return
    rows = []
    for problem in board.problems:
        gap = board.difference(ours, peer, problem=problem)
        chosen = np.array([name == problem for name, _ in board.cells])
        rows.append(
            (
                gap.mean,
                [
                    problem,
                    f"{board.mean(ours, chosen)[-1]:.3f}",
                    f"{board.mean(peer, chosen)[-1]:.3f}",
                    f"{gap.mean:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]",
                    {"better": "we win", "worse": "we lose", "level": ""}[gap.verdict],
                ],
            )
        )
    rows.sort(key=lambda row: -row[0])
    lost = sum(row[-1] == "we lose" for _, row in rows)
    won = sum(row[-1] == "we win" for _, row in rows)
    caption = (
        f"where we lose, worst first: {ours} against {peer}, the best peer here; "
        f"we lose {lost} and win {won} of {len(rows)} beyond the seeds' spread"
    )
    yield Table(["problem", "ours", peer, "difference, 95 %", ""], [row for _, row in rows], caption)


def _test_regret(record: Record) -> float | None:
    sign = -1.0 if record.maximize else 1.0
    valid = [(sign * value, place) for place, value in enumerate(record.values) if value is not None]
    test = record.tests[min(valid)[1]] if valid else None
    if test is None:
        return None
    scale = reference(record.suite, record.problem, record.variant)
    return (sign * test - scale.best) / (scale.median - scale.best)


def _difference(board: Board, label: str, other: str | None) -> str:
    if other is None or label == other:
        return ""
    gap = board.difference(label, other)
    return f"{gap.mean:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}] {gap.verdict}"


def _records(board: Board, label: str) -> list[Record]:
    return [record for (name, _), record in board.records.items() if name == label]
