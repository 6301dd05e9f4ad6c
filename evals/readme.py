"""The README's table of figures, generated from the kept results and never typed."""

from __future__ import annotations

from pathlib import Path

from bestguess.evals.metrics import Board, boards, kind_of
from bestguess.evals.record import Results
from bestguess.evals.suites import suite
from bestguess.tools.errors import InputError

BEGIN = "<!-- figures: written by python -m bestguess.evals readme -->"
END = "<!-- end of figures -->"
COLUMNS = (10, 30)


def update_readme(path: Path, results: Path, *, write: bool) -> bool:
    """Return whether the table in the README differs from the results', and mend it when told to `write`.

    Raises:
        InputError: the README has no place for it, or there are no results.
    """
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise InputError(f"{path} has no lines {BEGIN!r} and {END!r}; put them where the table goes")
    new = f"{before}{BEGIN}\n{figures(results)}\n{END}{after}"
    if write and new != text:
        path.write_text(new, encoding="utf-8")
    return new != text


def figures(results: Path) -> str:
    """Return the table: mean normalized regret of everyone who ran on every cell of a suite."""
    found = boards(Results(results).read(), headline=lambda name: suite(name).headline)
    shown = [board for board in found if board.default and not board.part and board.n_trials == max(COLUMNS)]
    if not shown:
        raise InputError(f"there are no full results in {results}; run: make evals-full")
    labels = {label for board in shown for label in board.complete if kind_of(label) != "published"}
    rows = [
        [label, *(_cell(board, label, n) for board in shown for n in COLUMNS)]
        for label in sorted(labels, key=lambda label: (_score(shown, label, labels), label))
    ]
    header = ["", *(f"{board.suite} @{n}" for board in shown for n in COLUMNS)]
    lines = ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]
    cells = "; ".join(
        f"{board.suite}: {len(board.problems)} problems x {len({seed for _, seed in board.cells})} seeds"
        for board in shown
    )
    return "\n".join(
        [*lines, "", f"Mean normalized regret after so many evaluations (less is better). {cells}."]
    )


def _cell(board: Board, label: str, n: int) -> str:
    if label not in board.complete:
        return ""
    mean = board.mean(label)[n - 1]
    return f"{mean:.3f} ± {board.spread(label)[-1]:.3f}" if n == board.n_trials else f"{mean:.3f}"


def _score(shown: list[Board], label: str, labels: set[str]) -> float:
    """Return the mean final regret over the suites that all of `labels` completed, or over all of them."""
    common = [board for board in shown if labels <= set(board.complete)] or shown
    means = [board.mean(label)[-1] if label in board.complete else 1.0 for board in common]
    return float(sum(means) / len(means))
