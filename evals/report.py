"""The report: what ran, every suite and the costs, as one HTML page and as Markdown.

This module decides what is shown and in which order; `sections` words a suite, the templates lay it out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bestguess.evals.contestants import Spec
from bestguess.evals.metrics import Published, boards, kind_of
from bestguess.evals.record import Record, Results
from bestguess.evals.sections import Section, Table, board_section
from bestguess.evals.suites import suite
from bestguess.tools.errors import InputError


def write_reports(results: Results, folder: Path) -> list[Path]:
    """Write report.html and report.md into the folder and return their paths.

    Raises:
        InputError: there are no results.
    """
    records = results.read()
    if not records:
        raise InputError(f"there are no results in {results.folder}; run: python -m bestguess.evals run")
    sections = list(build_sections(results, records))
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, escape in (("report.html", True), ("report.md", False)):
        environment = Environment(
            loader=PackageLoader("bestguess.evals", package_path=""),
            undefined=StrictUndefined,
            autoescape=escape,  # noqa: S701 - Markdown has no markup to escape from
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["figure"] = Markup  # our own SVG, which must not be escaped
        text = environment.get_template(f"{name}.jinja").render(sections=sections)
        paths.append(folder / name)
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def build_sections(results: Results, records: Sequence[Record]) -> Iterator[Section]:
    """Yield the sections of the report."""
    yield _provenance(results, records)
    for board in boards(records, published_values, lambda name: suite(name).headline):
        yield board_section(board, suite(board.suite).summary)
    if section := _costs(results.folder):
        yield section
    yield _method(records)


def published_values(name: str) -> Published:
    """Return a suite's published runs; none where their source is not there, which `What ran` says."""
    return {} if missing_source(name) else suite(name).published


def missing_source(name: str) -> str:
    """Return why a suite's published runs cannot be had; nothing when they can, or there are none."""
    try:
        suite(name).published  # noqa: B018 - reading it is what may fail
    except InputError as error:
        return str(error)
    return ""


def _provenance(results: Results, records: Sequence[Record]) -> Section:
    versions = sorted({(name, number) for one in records for name, number in one.versions.items()})
    rows = [
        ["runs", str(len(records))],
        ["machines", "; ".join(sorted({one.machine for one in records if one.machine}))],
        ["commits", ", ".join(sorted({one.commit for one in records if one.commit}))],
        ["versions", ", ".join(f"{name} {number}" for name, number in versions)],
        *(["model", words] for words in _models(records)),
    ]
    tables = [Table(["", ""], rows)]
    unread = {f"published runs of {name}": missing_source(name) for name in {one.suite for one in records}}
    if absent := results.absent | {what: why for what, why in unread.items() if why}:
        tables.append(Table(["did not run", "why"], [[label, why] for label, why in absent.items()]))
    ended = [one for one in records if one.error]
    if ended:
        rows = [[f"{one.contestant} on {one.problem}, seed {one.seed}", one.error] for one in ended]
        tables.append(Table(["ended early", "why"], rows))
    return Section("What ran", (), tables)


def _models(records: Sequence[Record]) -> list[str]:
    """Return each language model that took part, with the checksum of its weights where we know it."""
    from bestguess.agent.llm.weights.catalog import CATALOG, DEFAULT_MODEL

    specs = {
        Spec.parse(one.contestant).options.get("llm", "none")
        for one in records
        if kind_of(one.contestant) == "ours"
    }
    words = []
    for llm in sorted(specs - {"none"}):
        name = DEFAULT_MODEL if llm == "embedded" else llm.removeprefix("embedded:")
        entry = CATALOG.get(name)
        words.append(f"{llm}: sha256 {entry.sha256}" if entry else llm)
    return words


def _costs(folder: Path) -> Section | None:
    path = folder / "cost.json"
    if not path.exists():
        return None
    costs = json.loads(path.read_text(encoding="utf-8"))
    sizes = max((list(one["ask_ms"]) for one in costs["contestants"].values()), key=len)
    rows = [
        [
            label,
            *(f"{one['ask_ms'][n]:.0f}" if one["ask_ms"].get(n) is not None else "" for n in sizes),
            f"{one['start_s']:.1f}",
            f"{one['peak_mib']:.0f}",
            one.get("error", ""),
        ]
        for label, one in costs["contestants"].items()
    ]
    header = ["contestant", *(f"ask ms at n = {n}" for n in sizes), "start-up s", "peak MiB", ""]
    words = (
        f"Processor time of a tell and an ask after n results, the median of {costs['repeats']}, in six "
        "mixed parameters on one thread; start-up is importing and constructing. "
        f"{costs['machine']}, commit {costs['commit']}."
    )
    return Section("What asking costs", [words], [Table(header, rows)])


def _method(records: Sequence[Record]) -> Section:
    labels = sorted({one.contestant for one in records})
    rows = []
    for label in labels:
        spec = Spec.parse(label)
        rows.append([label, ", ".join(spec.contestant.requires) or "beside BestGuess", spec.contestant.notes])
    paragraphs = [
        "Normalized regret is (best loss so far - optimum) / (median loss of random configurations - "
        "optimum), cut to [0, 1]; the references are frozen in evals/references. Everybody is told the same "
        "start (the default configuration, or LLAMBO's initial design), sees the same space, words and "
        "budget, runs in a process of its own on one thread, and is seeded. Ranks are by final regret in a "
        "cell, ties shared. Intervals are paired bootstraps over problems, then seeds; better or worse is "
        "what leaves 0 outside.",
    ]
    return Section("How it was measured", paragraphs, [Table(["contestant", "library", "notes"], rows)])
