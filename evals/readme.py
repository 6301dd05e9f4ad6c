"""The README's table of figures, generated from the kept results and never typed."""

from __future__ import annotations

from pathlib import Path

from bestguess.evals.contestants import Spec
from bestguess.evals.metrics import Board, boards, kind_of
from bestguess.evals.record import Results
from bestguess.evals.suites import suite
from bestguess.tools.errors import InputError

BEGIN = "<!-- figures: written by python -m bestguess.evals readme -->"
END = "<!-- end of figures -->"
MILESTONES = (10, 20, 30)


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
    """Return the table: mean normalized regret of everyone who ran on every cell of a suite.

    Those who were handed guesses are in the report only.
    """
    found = boards(Results(results).read(), headline=lambda name: suite(name).headline)
    shown = [
        board for board in found if board.default and not board.part and board.n_trials == MILESTONES[-1]
    ]
    if not shown:
        raise InputError(f"there are no full results in {results}; run: make evals-full")
    played = {label for board in shown for label in board.complete if kind_of(label) != "published"}
    labels = {label for label in played if not Spec.parse(label).guesses}
    rows = [
        [label, *(_cell(board, label) for board in shown)]
        for label in sorted(labels, key=lambda label: (_score(shown, label, labels), label))
    ]
    header = ["", *(board.suite for board in shown)]
    lines = ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]
    cells = "; ".join(
        f"{board.suite}: {len(board.problems)} problems x {len({seed for _, seed in board.cells})} seeds"
        for board in shown
    )
    after = " / ".join(map(str, MILESTONES))
    legend = f"Mean normalized regret after {after} evaluations, ± the last one's deviation over seeds"
    order = "Rows go by the last figure on the suites that all of them completed"
    return "\n".join([*lines, "", f"{legend} (less is better). {order}. {cells}."])


def _cell(board: Board, label: str) -> str:
    if label not in board.complete:
        return ""
    means = " / ".join(f"{board.mean(label)[n - 1]:.3f}" for n in MILESTONES)
    return f"{means} ± {board.spread(label)[-1]:.3f}"


def _score(shown: list[Board], label: str, labels: set[str]) -> float:
    """Return the mean final regret over the suites that all of `labels` completed, or over all of them."""
    common = [board for board in shown if labels <= set(board.complete)] or shown
    means = [board.mean(label)[-1] if label in board.complete else 1.0 for board in common]
    return float(sum(means) / len(means))
