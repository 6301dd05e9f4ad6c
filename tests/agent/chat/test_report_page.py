"""The report as one HTML file: whole, safe, true to the trials, and readable without plotly or scripts."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import bestguess as bg
from bestguess.agent.chat.answers.report_page import learned, report_page
from bestguess.agent.cli import main
from bestguess.agent.reports.figures import Subject

pytestmark = pytest.mark.slow

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)><!--"
SPACE = bg.Space(
    x=bg.Float(-1, 1, default=0.9, doc="where"), rate=bg.Float(1e-3, 1, log=True), kind=bg.Choice(["a", EVIL])
)


def bowl(params: dict[str, Any]) -> float:
    if params["x"] > 0.95:
        raise MemoryError(EVIL)
    return float(params["x"] ** 2 + params["rate"] + 0.1 * (params["kind"] == "a"))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> bg.Result:
    storage = f"sqlite:///{tmp_path_factory.mktemp('report')}/study.db"
    task = bg.Task(f"A bowl {EVIL}", metric="loss")
    return bg.tune(bowl, SPACE, task=task, n_trials=16, seed=0, storage=storage, study_name="bowl")


@pytest.fixture(scope="module")
def page(result: bg.Result) -> str:
    return report_page(result.record)


def test_what_others_wrote_ends_no_script_and_is_no_markup(page: str) -> None:
    assert page.count("<script") - page.count("\\u003cscript") >= 3
    outside = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "<img" not in outside
    assert "<script" not in outside
    assert "&lt;img src=x" in outside
    figures = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.DOTALL)
    assert figures
    assert len(json.loads(figures[1])) >= 8


def test_it_asks_for_nothing_from_elsewhere(page: str) -> None:
    html = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)
    assert not re.search(r"<[^>]*\b(?:src|href)=", html)


def test_the_numbers_in_what_was_learned_are_those_of_the_trials(result: bg.Result) -> None:
    subject = Subject(SPACE, result.record.task, result.history, result.study)
    said = learned(subject, subject.insights)
    best, default = result.best_trial, result.history.default
    assert default
    assert default.value is not None
    assert f"best loss {best.value:.6g} (trial {best.number} of 16)" in said[0]
    assert f"loss {result.best_value - default.value:+.4g}" in said[1]
    for insight in subject.insights:
        effect = insight.effect
        sentence = next(each for each in said if each.startswith(f"{effect.name}, {insight.share} of"))
        least, most = f"{effect.median.min():.4g}", f"{effect.median.max():.4g}"
        assert f"is best, {least}, at" in sentence
        assert f"and worst, {most}, at" in sentence
        apart = effect.high[effect.median.argmin()] < effect.low[effect.median.argmax()]
        assert ("do not yet tell" in sentence) != apart


def test_without_plotly_two_kinds_of_charts_are_pictures(
    result: bg.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)
    page = report_page(result.record)
    assert page.count("<svg") == 4
    assert "pip install" in page
    assert len(page) < 200_000


def test_the_command_writes_it_and_nothing_over_another_file(result: bg.Result, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    storage = result.record._settings.url
    assert storage
    command = ["report", "--storage", storage, "--study-name", "bowl", "--html", str(file)]
    assert f"Wrote {file}" in CliRunner().invoke(main, command).output
    assert "What was learned" in file.read_text()
    again = CliRunner().invoke(main, command)
    assert again.exit_code == 2
    assert "--force" in again.output


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_draws_it_from_the_file_alone(page: str, tmp_path: Path, scheme: Any, browser: Any) -> None:
    (tmp_path / "report.html").write_text(page)
    problems: list[str] = []
    shown = browser.new_page(color_scheme=scheme)
    shown.on("pageerror", lambda error: problems.append(str(error)))
    shown.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    asked: list[str] = []
    shown.on("request", lambda sent: asked.append(sent.url))
    shown.on("dialog", lambda dialog: problems.append(dialog.message))
    shown.goto(f"file://{tmp_path}/report.html")
    shown.locator(".main-svg").nth(16).wait_for(state="attached")
    captions = shown.locator("figcaption").all_inner_texts()
    shown.close()
    assert problems == []
    assert [url for url in asked if not url.startswith("file:")] == []
    assert all(captions)
    assert {"loss by trial", "What moves loss", "loss by x"} <= set(captions)
