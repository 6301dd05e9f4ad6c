"""What the page's server answers of a study: figures, the table, one trial, files, what may be begun."""

from __future__ import annotations

import asyncio
import copy
import csv
import io
import json
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest

pytest.importorskip("fastapi", reason="the extra `web` is not installed")

from tests.agent.chat.conftest import SCRIPT, Talk
from tests.agent.chat.filled import add, fill
from tests.agent.chat.web_server import WebServer

from bestguess.agent.chat.session import Session
from bestguess.agent.chat.web import table
from bestguess.agent.chat.web.figures import changes
from bestguess.agent.reports.figures import FIGURES
from bestguess.tools.trial import Outcome, Proposal

TRIALS = 9
QUICK = ("history", "predictions", "front", "curves")
"""Figures for which no surrogate is fitted."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "train.py").write_text(SCRIPT)
    served = WebServer(fill(Session(folder, seed=0), TRIALS))
    yield served
    served.close()


@pytest.fixture
def empty(folder: Path) -> Iterator[WebServer]:
    served = WebServer(Session(folder, seed=0))
    yield served
    served.close()


def numbers(html: str) -> list[int]:
    return [int(number) for number in re.findall(r"<tr [^>]*data-trial=\"(\d+)\"", html)]


@pytest.mark.parametrize("name", QUICK)
def test_a_figure_is_data_or_words_and_never_code(server: WebServer, name: str) -> None:
    status, text, headers = server.ask(f"/figures/{name}")
    figure = json.loads(text)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert set(figure) in ({"data", "layout"}, {"words"})
    assert "default-src 'none'" in headers["content-security-policy"]


def edited(figure: Any, edits: list[Any]) -> Any:
    """Return a figure with edits made as the page makes them."""
    for path, value in edits:
        part = figure
        for key in path[:-1]:
            part = part[key]
        if isinstance(part, list) and path[-1] == len(part):
            part.append(value)
        else:
            part[path[-1]] = value
    return figure


def ask_history(server: WebServer, seen: str) -> tuple[int, str, dict[str, str]]:
    headers: dict[str, Any] = {"If-None-Match": seen}
    return server.ask("/figures/history", **headers)


@pytest.mark.slow
def test_of_a_figure_that_a_page_has_it_gets_what_is_new(empty: WebServer) -> None:
    fill(empty.session, 45)
    _, whole, headers = empty.ask("/figures/history")
    for _ in range(3):
        add(empty.session, 1)
        status, edits, later = ask_history(empty, headers["etag"])
        assert (status, later["im"]) == (226, "edits")
        assert len(edits) < len(whole) / 10
        now = empty.ask("/figures/history")
        assert edited(json.loads(whole), json.loads(edits)) == json.loads(now[1])
        whole, headers = now[1], now[2]
        assert headers["etag"] == later["etag"]
    same = ask_history(empty, headers["etag"])
    assert same[:2] == (226, "[]")


@pytest.mark.parametrize("tag", ["", '"0123456789abcdef"', "*", "a" * 5000, "W/"])
def test_a_page_with_a_figure_that_is_not_known_gets_the_whole_one(server: WebServer, tag: str) -> None:
    status, text, headers = ask_history(server, tag)
    assert (status, "im" in headers) == (200, False)
    assert set(json.loads(text)) == {"data", "layout"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": [1, 2]}, {"a": [1, 2, 3]}),
        ({"a": [1, 2]}, {"a": [1]}),
        ({"a": {"b": 1, "c": [{"d": 2}]}}, {"a": {"b": 1, "c": [{"d": 3, "e": None}]}}),
        ({"a": 1, "b": 2}, {"a": 1}),
        ({"a": [[1], []]}, {"a": [[1, 2], [], [3]]}),
        ({"a": "x"}, {"a": {"x": 1}}),
        ({"a": 0}, {"a": 0.0}),
    ],
)
def test_edits_make_any_figure_of_another(old: Any, new: Any) -> None:
    edits = json.loads(json.dumps([*changes({"figure": old}, {"figure": new})]))
    assert edited({"figure": copy.deepcopy(old)}, edits) == {"figure": new}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/figures/nope", 404),
        ("/figures/__class__", 404),
        ("/figures/..%2fapp", 404),
        (f"/figures/history?first={'a' * 5000}", 422),
        ("/trial/x", 422),
        ("/trial/1.5", 422),
        ("/compare", 422),
        ("/compare?trial=-1&trial=2", 422),
        ("/trials.exe", 422),
        ("/panels?page=-1", 422),
        ("/panels?page=1e3", 422),
        (f"/panels?find={'a' * 5000}", 422),
        (f"/compare?{'&'.join(f'trial={n}' for n in range(7))}", 422),
        ("/pick?axis=lr&low=nan&high=1", 422),
        ("/pick?axis=nope&low=0&high=1", 404),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(server: WebServer, path: str, status: int) -> None:
    assert server.ask(path)[0] == status


@pytest.mark.parametrize("path", ["/trial/999", "/trial/-1", "/compare?trial=1&trial=999", f"/trial/{2**70}"])
def test_a_trial_that_is_not_there_is_said_in_words(server: WebServer, path: str) -> None:
    status, text, _ = server.ask(path)
    assert status == 200
    assert "there is no trial" in text


def test_what_the_page_loads_is_here_and_plotly_is_that_of_its_wheel(server: WebServer) -> None:
    status, text, headers = server.ask("/static/plotly.js")
    assert status == 200
    assert headers["content-type"].startswith("text/javascript")
    assert "plotly.js v" in text[:200]
    page = server.ask("/")[1]
    assert "<script" not in re.sub(r'<script src="/static/[^"]+" defer></script>', "", page)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    for found in re.findall(r"getElementById\(\"([0-9a-f]{64})\"\)", text):
        assert f'id="{found}"' in page  # or it would write styles into the page


def test_the_table_is_paged_and_its_first_page_has_the_newest(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "ROWS", 5)
    pages = [numbers(server.ask(f"/panels?page={page}")[1]) for page in (0, 1, 7)]
    assert pages == [[8, 7, 6, 5, 4], [3, 2, 1, 0], [3, 2, 1, 0]]


@pytest.mark.parametrize(
    ("column", "descending"),
    [
        ("value", "true"),
        ("value", "false"),
        ("params.lr", "false"),
        ("params.depth", "true"),
        ("expected", "false"),
        ("seconds", "true"),
        ("source", "false"),
    ],
)
def test_the_table_is_sorted_by_any_column_with_what_has_none_last(
    server: WebServer, column: str, descending: str
) -> None:
    html = server.ask(f"/panels?sort={column}&descending={descending}")[1]
    trials = {trial.number: trial for trial in server.session.bench.history}
    keys = [
        {
            "value": trials[number].value,
            "params.lr": trials[number].params["lr"],
            "params.depth": trials[number].params["depth"],
            "expected": expected.median if (expected := trials[number].proposal.prediction) else None,
            "seconds": trials[number].outcome.seconds,  # type: ignore[union-attr]
            "source": trials[number].source,
        }[column]
        for number in numbers(html)
    ]
    known = [key for key in keys if key is not None]
    assert len(keys) == TRIALS
    assert keys == [*sorted(known, reverse=descending == "true"), *[None] * (TRIALS - len(known))]


@pytest.mark.parametrize(
    ("query", "check"),
    [
        ("find=depth>4 lr<0.05", lambda trial: trial.params["depth"] > 4 and trial.params["lr"] < 0.05),
        ("find=booster=dart", lambda trial: trial.params["booster"] == "dart"),
        ("find=booster=dart|gbtree depth=3", lambda trial: trial.params["depth"] == 3),
        ('find="became better"', lambda trial: False),
        ('find="did better"', lambda trial: "did better" in trial.reason),
        ("find=MEMORYerror", lambda trial: trial.state == "failed"),
        ("find=llm", lambda trial: trial.source == "llm"),
        ("find=value<=0.2", lambda trial: trial.value is not None and trial.value <= 0.2),
        ("find=nonsense<3", lambda trial: False),
        ("state=failed", lambda trial: trial.state == "failed"),
        ("state=complete&find=number<5", lambda trial: trial.value is not None and trial.number < 5),
    ],
)
def test_the_table_is_filtered_by_words_conditions_and_states(
    server: WebServer, query: str, check: object
) -> None:
    assert callable(check)
    html = server.ask(
        f"/panels?descending=false&{query.replace(' ', '%20').replace('<', '%3C').replace('>', '%3E')}"
    )[1]
    assert numbers(html) == [trial.number for trial in server.session.bench.history if check(trial)]


def test_the_best_alone_and_hidden_columns(server: WebServer) -> None:
    html = server.ask("/panels?state=best&hide=params.lr&hide=why")[1]
    best = server.session.bench.history.incumbent
    assert best
    assert numbers(html) == [best.number]
    assert 'data-sort="params.depth"' in html
    assert 'data-sort="params.lr"' not in html
    assert 'value="params.lr" checked' in html


def test_buttons_know_what_may_be_done(server: WebServer) -> None:
    html = server.ask("/panels")[1]
    for name, disabled in (
        ("Pause", True),
        ("Resume", True),
        ("Undo", True),
        ("Run", False),
        ("Export", False),
    ):
        button = re.search(rf"<button[^>]*>{name}</button>", html)
        assert button
        assert (" disabled" in button[0]) == disabled, name
    assert "Stop trial" not in html


def test_one_trial_is_shown_beside_the_best_and_the_default(server: WebServer) -> None:
    html = server.ask("/trial/7")[1]
    assert "MemoryError: 17 GB wanted" in html
    assert "--lr=" in html
    assert all(f'<th scope="row">{name}</th>' in html for name in server.session.bench.the_plan().space.names)
    assert re.search(r"disabled>Stop this trial", html)


def test_all_trials_are_taken_away_as_csv_and_json(server: WebServer) -> None:
    trials = server.session.bench.history.trials
    rows = list(csv.DictReader(io.StringIO(server.ask("/trials.csv")[1])))
    assert [float(row["params_lr"]) for row in rows] == [trial.params["lr"] for trial in trials]
    assert [row["value"] for row in rows] == [
        "" if trial.value is None else str(trial.value) for trial in trials
    ]
    assert [row["number"] for row in json.loads(server.ask("/trials.json")[1])] == [
        trial.number for trial in trials
    ]


@pytest.mark.slow
def test_a_cell_of_a_csv_file_is_no_formula(empty: WebServer) -> None:
    study = fill(empty.session, 1).bench.study
    params, signs = study.history.trials[0].params, "=+-@\uff1d\uff20"
    for sign in signs:
        study.add(Proposal(params, "user", f"{sign}1+1"), Outcome(1.0))
    rows = list(csv.DictReader(io.StringIO(empty.ask("/trials.csv")[1])))
    assert [row["reason"] for row in rows[1:]] == [f"'{sign}1+1" for sign in signs]


def test_before_a_study_the_page_says_what_may_be_begun(empty: WebServer, folder: Path) -> None:
    (folder / "notes.py").write_text("print('no number')\n")
    html = empty.ask("/panels")[1]
    assert re.search(r"train.py</b>\s*<span>minimize val_loss; \d+ parameters: lr, depth", html)
    assert "nothing to tune was found in notes.py" in html
    assert {path.name for path in folder.iterdir()} >= {"train.py", "notes.py"}
    assert json.loads(empty.ask("/figures/history")[1])["words"].startswith("nothing is being tuned yet")
    for path in ("/model", "/report", "/belief", "/trial/1", "/compare?trial=1&trial=2"):
        assert "tune train.py" in empty.ask(path)[1], path


def test_only_the_panels_that_are_in_sight_are_sent(server: WebServer) -> None:
    parts = {part: server.ask(f"/panels?parts=bar&parts={part}")[1] for part in ("table", "editor", "earned")}
    for part, html in parts.items():
        assert re.findall(r'<div id="(\w+)" hx-swap-oob', html) == ["start", "bar", part]
    assert len(server.ask("/panels?parts=bar")[1]) < 3000


@pytest.mark.slow
def test_studies_that_were_begun_are_there_the_latest_first_with_what_they_found(
    empty: WebServer, folder: Path
) -> None:
    for trials in (2, 1):
        fill(empty.session, trials)
    best = empty.session.bench.history.incumbent
    assert best
    html = empty.ask("/start")[1]
    assert re.findall(r"<li><b>(train[^<]*)</b>", html)[:2] == ["train-2", "train"]
    assert f"train.py; 1 trial, best val_loss {best.value:.6g}" in html
    assert "not begun in a session; 2 trials" in html  # nor is there a button that would only refuse
    optuna.create_study(study_name="theirs", storage=f"sqlite:///{folder}/bestguess.db")
    assert "was not made by BestGuess" in empty.ask("/start")[1]


def test_a_script_whose_name_is_markup_is_text(empty: WebServer, folder: Path) -> None:
    evil = "a'\"<img src=x onerror=alert(1)>.py"
    (folder / evil).write_text(SCRIPT)
    html = empty.ask("/panels")[1]
    assert "<img" not in html
    given = re.findall(r"hx-vals='([^']*)'", html)
    assert evil in [json.loads(vals).get("script") for vals in given]


def test_the_example_is_written_once_and_asked_about_before_it_runs(empty: WebServer, folder: Path) -> None:
    assert empty.ask("/do/new", form={"script": "example"})[0] == 204
    assert empty.session.pending is not None
    assert empty.session.pending.card.title == "Run digits_example.py once with its defaults?"
    (folder / "digits_example.py").write_text("# mine\n" + (folder / "digits_example.py").read_text())
    empty.ask("/do/new", form={"script": "example"})
    assert (folder / "digits_example.py").read_text().startswith("# mine")
    assert empty.session.bench.the_plan().space.names[0] == "learning_rate"


@pytest.mark.slow
def test_a_value_from_a_form_is_an_argument_of_its_command(empty: WebServer) -> None:
    fill(empty.session, 1)
    empty.ask("/do/pin", form={"values.booster": "dart"})
    assert empty.session.pending is not None
    assert empty.session.pending.card.title == "Change the space: booster=dart from now on?"
    empty.ask("/do/pin", form={"values.nope": "1"})
    assert "there is no parameter &#39;nope&#39;" in empty.ask("/")[1]


@pytest.mark.slow
def test_one_trial_is_stopped_and_the_others_go_on(talk: Talk, folder: Path) -> None:
    slow = SCRIPT.replace("time.sleep(args.nap_s)", "time.sleep(60 if args.lr == 0.02 else 0)")
    (folder / "train.py").write_text(slow)
    talk.say("tune train.py", "always")
    talk.session.say("/try lr=0.02")
    bench = talk.session.bench
    assert bench.trials
    until = time.monotonic() + 20
    while 1 not in bench.trials.running and time.monotonic() < until:
        time.sleep(0.02)
    talk.session.say("/try lr=0.05")
    talk.session.do("stop", {"trial": 1})
    assert bench.trials.wait(25)
    assert [(trial.number, trial.state) for trial in bench.history] == [(0, "complete"), (2, "complete")]
    assert bench.study.aside == {1}
    talk.say("/stop 1")
    assert talk.of("error")[-1].text == "trial 1 does not run; running: none"


@pytest.mark.slow
def test_a_trial_that_is_stopped_after_it_printed_a_value_counts_as_stopped_early_there(
    talk: Talk, folder: Path
) -> None:
    (folder / "train.py").write_text(
        SCRIPT + "sys.stdout.flush()\ntime.sleep(60 if args.lr == 0.02 else 0)\n"
    )
    talk.say("tune train.py", "always")
    talk.session.say("/try lr=0.02")
    bench = talk.session.bench
    assert bench.trials
    until = time.monotonic() + 20
    while 1 not in bench.trials.running and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(2)  # it prints its value
    talk.session.do("stop", {"trial": 1})
    assert bench.trials.wait(25)
    stopped = bench.history.trials[1]
    assert stopped.state == "pruned"
    assert stopped.last == pytest.approx(0.02)
    talk.say("/why 1")
    assert "it was ended before its end" in talk.of("answer")[-1].text


@pytest.mark.parametrize(
    ("error", "written"), [(asyncio.CancelledError(), False), (ValueError("x"), True), (None, True)]
)
def test_an_answer_that_is_cut_off_at_the_end_is_no_fault(
    server: WebServer, error: BaseException | None, written: bool
) -> None:
    log = logging.getLogger("uvicorn.error")
    given = (type(error), error, None) if error else None
    record = log.makeRecord(log.name, logging.ERROR, __file__, 1, "Exception in ASGI application", (), given)
    assert bool(log.filter(record)) == written


@pytest.mark.slow
def test_every_figure_and_part_of_a_study_is_answered(server: WebServer) -> None:
    for name in FIGURES:
        figure = json.loads(server.ask(f"/figures/{name}")[1])
        assert ("words" in figure) == (name == "front"), name
    assert "Where the value is best and worst" in server.ask("/insights")[1]
    assert "A Gaussian process fitted" in server.ask("/belief")[1]
    assert "Best val_loss" in server.ask("/report")[1]
    assert "style=" not in server.ask("/report")[1]
    assert "The language model is none" in server.ask("/model")[1]
    compared = server.ask("/compare?trial=1&trial=2")[1]
    assert "this change alone" in compared
    assert "how much of that is luck is not known" in compared
