"""The tables and the chart of README.md and docs/benchmarks.md, generated from results and never typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from bestguess.evals.contestants import Spec
from bestguess.evals.metrics import BAD_END, Board, boards, kind_of
from bestguess.evals.plots import draw_summary
from bestguess.evals.record import Results
from bestguess.evals.sections import endings
from bestguess.evals.suites import suite
from bestguess.tools.errors import InputError

BEGIN = "<!-- {}: written by python -m bestguess.evals readme -->"
END = "<!-- end of {} -->"
MILESTONES = (10, 20, 30)

SUMMARY: Mapping[str, str] = {
    "bestguess:llm=strong": "BestGuess with a strong model's five first guesses",
    "bestguess:llm=none": "BestGuess without a model",
    "optuna:sampler=gp": "Optuna's GPSampler",
    "optuna:sampler=tpe": "Optuna's TPE",
    "random": "random search",
}
"""The rows of the README, by contestant."""

SUMMARY_SUITES = ("tables", "real", "llambo_default", "hpob", "systems", "faulty", "bbob", "renamed")
SUMMARY_MILESTONES = (10, 30)
LEAST_SEEDS = 3
"""Who ran on all problems of a suite with so many is shown, though others have more; the table says so."""

CHART_SUITES = ("tables", "renamed")
"""Where knowledge helps, and where no name means anything: the best and the worst of our cases."""

CHART = "regret.svg"
"""Beside docs/benchmarks.md."""

DESCRIPTION = re.compile(r"<desc>(.*?)</desc>", re.DOTALL)


def update_pages(checkout: Path, results: Path, *, write: bool) -> list[Path]:
    """Return which of README.md, docs/benchmarks.md and the chart differ from `results`; `write` mends them.

    Of the chart only the plotted figures count: where lines and letters lie depends on matplotlib's version.

    Raises:
        InputError: a page has no place for its table, or there are no results.
    """
    pages = (checkout / "README.md", checkout / "docs" / "benchmarks.md")
    changed = [path for path in pages if update_tables(path, results, write=write)]
    path, new = checkout / "docs" / CHART, chart(results)
    kept = DESCRIPTION.search(path.read_text(encoding="utf-8")) if path.exists() else None
    drawn = DESCRIPTION.search(new)
    if kept is None or drawn is None or kept[1] != drawn[1]:
        changed.append(path)
        if write:
            path.write_text(new, encoding="utf-8")
    return changed


def update_tables(path: Path, results: Path, *, write: bool) -> bool:
    """Return whether the tables in a page differ from the results', and mend them when told to `write`.

    Raises:
        InputError: the page has no place for a table, or there are no results.
    """
    text = new = path.read_text(encoding="utf-8")
    places = [name for name in TABLES if BEGIN.format(name) in text and END.format(name) in text]
    if not places:
        raise InputError(
            f"{path} has no lines {BEGIN.format('figures')!r} and {END.format('figures')!r}; "
            "put them where the table goes"
        )
    for name in places:
        begin, end = BEGIN.format(name), END.format(name)
        before, _, rest = new.partition(begin)
        new = f"{before}{begin}\n{TABLES[name](results)}\n{end}{rest.partition(end)[2]}"
    if write and new != text:
        path.write_text(new, encoding="utf-8")
    return new != text


def summary(results: Path) -> str:
    """Return the README's table: a few contestants in plain words, their means and how their runs end."""
    shown = {board.suite: board for board in _headlines(results)}
    suites = [name for name in SUMMARY_SUITES if name in shown]
    header = ["", *(f"`{name}`" for name in suites)]
    rows = [
        [words, *(_lines_of_summary(shown[name], label) for name in suites)]
        for label, words in SUMMARY.items()
    ]
    return "\n".join(_lines(header, rows))


def figures(results: Path) -> str:
    """Return the table of all: mean normalized regret of everyone who ran on every cell of a suite.

    Those who were handed guesses are in the report only.
    """
    shown = _headlines(results)
    lines = _everyone(shown, _cell)
    cells = "; ".join(
        f"{board.suite}: {len(board.problems)} problems x {len({seed for _, seed in board.cells})} seeds"
        for board in shown
    )
    after = " / ".join(map(str, MILESTONES))
    legend = f"Mean normalized regret after {after} evaluations, ± the last one's deviation over seeds"
    order = "Rows go by the last figure on the suites that all of them completed"
    return "\n".join([*lines, "", f"{legend} (less is better). {order}. {cells}."])


def all_endings(results: Path) -> str:
    """Return how the same contestants end: the share of bad ends, and the mean of the worst tenth."""
    lines = _everyone(_headlines(results), _endings)
    legend = f"Share of runs that end above {BAD_END} / mean final regret of the worst tenth of runs"
    return "\n".join([*lines, "", f"{legend} (less is better)."])


def chart(results: Path) -> str:
    """Return the README's chart as an SVG document."""
    shown = {board.suite: board for board in _headlines(results)}
    return draw_summary([shown[name] for name in CHART_SUITES if name in shown], SUMMARY)


TABLES: Mapping[str, Callable[[Path], str]] = {
    "figures": summary,
    "all figures": figures,
    "all endings": all_endings,
}


def _headlines(results: Path) -> list[Board]:
    """Return the boards of full runs from the default; raise InputError if there are none."""
    found = boards(Results(results).read(), headline=lambda name: suite(name).headline)
    shown = [
        board for board in found if board.default and not board.part and board.n_trials == MILESTONES[-1]
    ]
    if not shown:
        raise InputError(f"there are no full results in {results}; run: make evals-full")
    return shown


def _lines(header: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]


def _everyone(shown: list[Board], cell: Callable[[Board, str], str]) -> list[str]:
    played = {label for board in shown for label in _players(board) if kind_of(label) != "published"}
    labels = {label for label in played if not Spec.parse(label).guesses}
    rows = [
        [label, *(cell(board, label) for board in shown)]
        for label in sorted(labels, key=lambda label: (_score(shown, label, labels), label))
    ]
    return _lines(["", *(board.suite for board in shown)], rows)


def _players(board: Board) -> list[str]:
    """Return the contestants that ran on every problem, with every seed or enough of them."""
    enough = min(LEAST_SEEDS, len({seed for _, seed in board.cells}))
    return [label for label in board.contestants if board.seeds(label) >= enough]


def _lines_of_summary(board: Board, label: str) -> str:
    means = _means(board, label, SUMMARY_MILESTONES)
    return f"{means}<br>{_endings(board, label)}{_fewer_seeds(board, label)}" if means else "-"


def _endings(board: Board, label: str) -> str:
    return " / ".join(endings(board, label)) if label in _players(board) else ""


def _cell(board: Board, label: str) -> str:
    means = _means(board, label, MILESTONES)
    return f"{means} ± {board.spread(label)[-1]:.3f}{_fewer_seeds(board, label)}" if means else ""


def _fewer_seeds(board: Board, label: str) -> str:
    seeds = board.seeds(label)
    return "" if seeds == len({seed for _, seed in board.cells}) else f" ({seeds} seeds)"


def _means(board: Board, label: str, milestones: tuple[int, ...]) -> str:
    if label not in _players(board):
        return ""
    return " / ".join(f"{board.mean(label)[n - 1]:.3f}" for n in milestones)


def _score(shown: list[Board], label: str, labels: set[str]) -> float:
    """Return the mean final regret over the suites that all of `labels` completed, or over all of them."""
    common = [board for board in shown if labels <= set(_players(board))] or shown
    means = [board.mean(label)[-1] if label in _players(board) else 1.0 for board in common]
    return float(sum(means) / len(means))
