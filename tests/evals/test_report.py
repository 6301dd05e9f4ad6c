"""The report, the tables of the pages and their chart say what the records say; a report is one file."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.evals.test_metrics import CAR, KC1, record

from bestguess.evals.readme import BEGIN, END, SUMMARY, chart, figures, summary, update_pages, update_tables
from bestguess.evals.record import Record, Results
from bestguess.evals.report import write_reports
from bestguess.tools.errors import InputError

MODEL = "bestguess:llm=embedded:qwen2.5-coder-0.5b"


def run_of(label: str, final: float, *, problems: tuple[str, ...] = (KC1, CAR)) -> list[Record]:
    """Return 30 evaluations that end at a regret, for two seeds, of which the second is .01 worse."""
    middle = [0.6] * 27
    return [
        record(label, problem, seed, [0.9, None, *middle, final + seed / 100], versions={"x": "1"})
        for problem in problems
        for seed in (0, 1)
    ]


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Return results in which we lose against a peer, and an absent contestant."""
    results = Results(tmp_path / "results")
    for label, final in (
        ("random", 0.5),
        ("default", 0.6),
        ("optuna:sampler=gp", 0.1),
        ("bestguess:llm=none,knowledge=off", 0.35),
        ("bestguess:llm=none", 0.3),
        (f"{MODEL},propose=off", 0.25),
        (MODEL, 0.2),
    ):
        for one in run_of(label, final):
            results.add(one)
    for one in run_of("hebo", 0.05, problems=(KC1,)):
        results.add(one)
    results.note_absent(["skopt"], {"skopt": "no <wheel> for it"})
    return results


def test_the_page_is_one_file_that_holds_every_table_and_curve(results: Results, tmp_path: Path) -> None:
    page, markdown = write_reports(results, tmp_path / "out")
    html = page.read_text()
    assert not re.search(r'(src|href)="(?!#)', html)
    svg = re.search(r"<svg.*?</svg>", html, re.DOTALL)
    assert svg is not None
    ET.fromstring(svg[0].replace('xlink:href="', 'href="'))
    identifiers = re.findall(r'\bid="([^"]+)"', html)
    assert len(identifiers) == len(set(identifiers))
    assert "no &lt;wheel&gt; for it" in html
    assert "no <wheel> for it" in markdown.read_text()


def test_the_tables_say_who_leads_where_we_lose_and_who_did_not_run(results: Results, tmp_path: Path) -> None:
    text = write_reports(results, tmp_path)[1].read_text()
    suite = text[text.index("## tables") :]
    first = next(line for line in suite.splitlines() if line.startswith("| optuna"))
    assert "| 0.900 | 0.600 |" in first
    assert "| 0.105 | 0% | 0.110 |" in first
    ours = next(line for line in suite.splitlines() if line.startswith("| bestguess:llm=none,"))
    assert "| 0.355 | 100% | 0.360 |" in ours
    assert "we lose 2 and win 0 of 2" in suite
    assert "| hebo | 2 of 4 | 0.055 | 0% | 0.060 | 0.205 | -0.150" in suite
    assert "| skopt | no <wheel> for it |" in text
    assert re.search(r"qwen2.5-coder-0.5b: sha256 [0-9a-f]{64}", text)


def test_without_results_the_mend_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no results in .*evals run"):
        write_reports(Results(tmp_path), tmp_path)
    with pytest.raises(InputError, match=r"no full results in .*make evals-full"):
        figures(tmp_path)


def test_a_pages_table_is_written_from_the_results_and_checked_against_them(
    results: Results, tmp_path: Path
) -> None:
    path = tmp_path / "benchmarks.md"
    begin, end = BEGIN.format("all endings"), END.format("all endings")
    endings = f"{begin}\n{end}\n\n"
    begin, end = BEGIN.format("all figures"), END.format("all figures")
    path.write_text(f"# Ours\n\n{endings}{begin}\n| typed by hand |\n{end}\n\nMore.\n")

    assert update_tables(path, results.folder, write=False)
    assert update_tables(path, results.folder, write=True)
    assert not update_tables(path, results.folder, write=False)

    text = path.read_text()
    assert "| optuna:sampler=gp | 0.600 / 0.600 / 0.105 ± 0.007 |" in text
    assert "| bestguess:llm=none,knowledge=off | 100% / 0.360 |" in text
    assert "typed by hand" not in text
    assert text.endswith(f"{end}\n\nMore.\n")


def test_the_readme_has_few_rows_in_plain_words(results: Results) -> None:
    header, _, *rows = summary(results.folder).splitlines()

    assert header.startswith("|  | `")
    assert len(rows) == len(SUMMARY)
    assert any(row.startswith("| Optuna's GPSampler | 0.600 / 0.105<br>0% / 0.110 |") for row in rows), rows
    assert any(row.startswith("| random search | 0.600 / 0.505<br>100% / 0.510 |") for row in rows), rows


def test_who_ran_with_fewer_seeds_is_shown_with_their_number_and_who_missed_a_problem_is_not(
    tmp_path: Path,
) -> None:
    results = Results(tmp_path)
    for label, problems, seeds in (("random", (KC1, CAR), 5), ("hyperopt", (KC1, CAR), 3), ("ax", (KC1,), 5)):
        for problem in problems:
            for seed in range(seeds):
                results.add(record(label, problem, seed, [0.5] * 30))

    rows = figures(tmp_path).splitlines()

    assert "| random | 0.500 / 0.500 / 0.500 ± 0.000 |" in rows
    assert "| hyperopt | 0.500 / 0.500 / 0.500 ± 0.000 (3 seeds) |" in rows
    assert not any(row.startswith("| ax") for row in rows)


def test_the_chart_is_a_small_document_that_says_its_figures(results: Results) -> None:
    svg = chart(results.folder)

    assert "Optuna&apos;s GPSampler: " in svg or "Optuna's GPSampler: " in svg
    assert "http" not in re.sub(r'(xmlns(:\w+)?="[^"]*")', "", svg)
    assert len(svg) < 40_000
    ET.fromstring(svg)


def test_a_page_without_a_place_for_the_table_is_named(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("# Ours\n")
    with pytest.raises(InputError, match="has no lines"):
        update_tables(path, results.folder, write=True)


ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="these tests are outside a checkout")
def test_our_own_pages_have_the_figures_of_the_kept_results() -> None:
    assert update_pages(ROOT, ROOT / "evals/results", write=False) == []
