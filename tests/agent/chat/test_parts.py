"""The parts of a session, each by itself: registry, transcript, trials, plots, metrics."""

from __future__ import annotations

import io
import json
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import numpy as np
import pytest
from markdown_it import MarkdownIt
from rich.console import Console

import bestguess as bg
from bestguess.agent.advice.failures import line_that_failed
from bestguess.agent.chat.answers.checking import agreement
from bestguess.agent.chat.answers.explanation import compare, explain
from bestguess.agent.chat.answers.facts import Known, at_ends, standing
from bestguess.agent.chat.answers.notices import trial_finished
from bestguess.agent.chat.answers.plots import progress_plot
from bestguess.agent.chat.answers.rendering import MARKDOWN, render
from bestguess.agent.chat.answers.svg import draw
from bestguess.agent.chat.command import literal
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.draft import draft, read_script
from bestguess.agent.chat.events import Answer, Event, Kind, Plot, Series
from bestguess.agent.chat.plan import assignments, configuration
from bestguess.agent.chat.transcript import Transcript, last_state, read_last_session, to_markdown
from bestguess.agent.chat.trials import Trials
from bestguess.agent.reports.insight import gain_insight
from bestguess.agent.reports.report import trial_record
from bestguess.agent.tuner import Tuner
from bestguess.tools.analysis.look_ahead import look_ahead
from bestguess.tools.errors import InputError
from bestguess.tools.goals import Direction
from bestguess.tools.objective.run import FunctionObjective
from bestguess.tools.scan.metric import metrics_in, name_of, pattern_of
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.parameters import Choice, Float, Int, Text
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Outcome, Proposal, Source, Trial

SPACE = Space(x=Float(0, 1, default=0.1))


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("/run 5", {"n": 5}),
        ("/run", {}),
        ("/narrow lr 1e-4..1e-2", {"parameter": "lr", "low": 1e-4, "high": 1e-2}),
        ("/narrow lr ..0.01", {"parameter": "lr", "high": 0.01}),
        ("/narrow lr high=0.01", {"parameter": "lr", "high": 0.01}),
        ("/widen depth 1 12", {"parameter": "depth", "low": 1.0, "high": 12.0}),
        ("/widen depth 1..12", {"parameter": "depth", "low": 1.0, "high": 12.0}),
        ("/widen booster rf, gblinear", {"parameter": "booster", "options": ("rf", "gblinear")}),
        ("/widen booster options=rf,gblinear", {"parameter": "booster", "options": ("rf", "gblinear")}),
        ("/widen width 64 128 256", {"parameter": "width", "low": 64.0, "high": 128.0, "options": ("256",)}),
        ("/pin depth=6 booster=dart flag=true", {"values": {"depth": 6, "booster": "dart", "flag": True}}),
        ("/pin depth", {"values": {"depth": None}}),
        (
            "/new train.py val_loss minimize",
            {"script": "train.py", "metric": "val_loss", "direction": "minimize"},
        ),
        ("/compare 3 7", {"a": 3, "b": 7}),
        ("/ask how is 'it' going", {"text": "how is 'it' going"}),
        ("/note looked overfit trial=7", {"text": "looked overfit trial=7"}),
        ("/budget minutes=60", {"minutes": 60.0}),
    ],
)
def test_a_slash_command_is_read_by_the_types_of_its_function(
    line: str, arguments: dict[str, object]
) -> None:
    name = line[1:].split()[0]
    assert REGISTRY.read(line) == (name, arguments)
    if None not in arguments.get("values", {}).values() and "text" not in arguments:  # type: ignore[attr-defined]
        assert REGISTRY.read(REGISTRY[name].write(arguments)) == (name, arguments)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/run -3", "greater than or equal to 1"),
        ("/run 3 4 5", "'5' is too much"),
        ("/compare 3", "/compare A B"),
        ("/export pdf", "'script', 'command'"),
        ("/pin", "NAME=VALUE"),
        ("/plott", "did you mean 'plot'"),
        ("/ask 'how", "ask"),
    ],
)
def test_a_slash_command_that_does_not_read_is_an_error_with_its_usage(line: str, words: str) -> None:
    if line == "/ask 'how":
        assert REGISTRY.read(line)[1] == {"text": "'how"}
        return
    with pytest.raises(InputError, match=words):
        REGISTRY.read(line)


def test_a_typed_value_is_a_number_a_truth_or_a_word() -> None:
    values = [literal(text) for text in ("3", "1e-3", ".5", "true", "null", "gbtree", "[1]", "[" * 4000)]
    assert values == [3, 1e-3, 0.5, True, None, "gbtree", "[1]", "[" * 4000]


def test_a_transcript_survives_a_torn_last_line_and_gives_the_last_session(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    first, begun = Transcript(path), Trial(0, Proposal({"x": 0.1}, "default"))
    for event in (
        Event("session", fields={"resumed": False}),
        Event("said", "old"),
        Event("session", fields={"resumed": False}),
        Event("said", "tune ünï.py"),
        Event("state", fields={"left": 3}),
        Event("trial_started", "trial 0", {"left": 2, "trial": trial_record(begun)}),
    ):
        first.append(event)
    first.close()
    with path.open("a") as file:
        file.write('{"kind": "answer", "te')
    second = Transcript(path)
    second.append(Event("said", "and on"))
    second.close()
    events = read_last_session(path)
    assert [event.text for event in events if event.kind == "said"] == ["tune ünï.py", "and on"]
    assert last_state(events) == {"left": 2}
    assert "**You:** and on" in to_markdown(events)


def test_no_event_is_markup_in_a_conversation_that_is_written_as_markdown() -> None:
    live = "![](http://evil/a) <img src=b> [text](http://evil/c) [click][1]\n\n[1]: http://evil/d"
    kinds: tuple[Kind, ...] = ("said", "answer", "choice", "remark", "trial_finished", "card", "error")
    text = to_markdown([Event(kind, live, {"lines": [live]}) for kind in kinds])
    html = MarkdownIt("commonmark").render(text)
    assert html.count("evil/a") == len(kinds) + 1
    assert not re.search("<(img|a )", html)


def test_a_session_without_a_study_is_not_gone_on_with_beside_one_with(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.jsonl"
    transcript = Transcript(path)
    begun, resumed = ({"resumed": False}, {"resumed": True})
    for event in (
        Event("session", fields=begun),
        Event("said", "tune it"),
        Event("state", fields={"plan": {"study": "mlp"}}),
        Event("session", fields=begun),
        Event("said", "/best"),
    ):
        transcript.append(event)

    def said(**how: bool) -> list[str]:
        return [event.text for event in read_last_session(path, **how) if event.kind == "said"]

    assert said() == ["/best"]
    assert said(with_study=True) == ["tune it"]
    transcript.append(Event("session", fields=resumed))
    transcript.append(Event("said", "run 3"))
    transcript.close()
    assert said() == said(with_study=True) == ["tune it", "run 3"]


def test_a_transcript_that_is_broken_throughout_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("{torn\n\x00\n")
    with pytest.raises(InputError, match="holds no line that can be read"):
        read_last_session(path, with_study=True)


def test_an_event_comes_back_from_its_record_with_its_plot() -> None:
    plot = Plot("t", "x", "y", (Series("s", (0.0, 1.0), (2.0, 3.0), points=True),), x_labels=("a", "b"))
    event = Answer("text", plot).event
    assert Event.from_dict(json.loads(json.dumps(event.to_dict()))).plot == plot


@pytest.mark.parametrize(
    "kept",
    [
        {"kind": "card", "text": "x", "at": 1.0, "card": 1},
        {"kind": "card", "text": "x", "at": 1.0, "card": "../say", "lines": [], "consent": "once"},
        {"kind": "choice", "text": "x", "at": 1.0, "choices": [["/run 5"]]},
        {"kind": "trial_finished", "text": "x", "at": 1.0},
        {"kind": "trial_started", "text": "x", "at": 1.0, "trial": {"number": 1, "source": "nobody"}},
    ],
)
def test_an_event_without_what_it_is_shown_by_is_none_of_ours(kept: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="by which it is shown"):
        Event.from_dict(kept)


@pytest.mark.parametrize("y", [(1.0,), (1.0, float("nan")), (1.0, float("inf"))])
def test_a_plot_of_what_is_no_number_is_left_out(y: tuple[float, ...]) -> None:
    kept = {"title": "t", "x_label": "x", "y_label": "y", "series": [{"name": "s", "x": (0.0, 1.0), "y": y}]}
    assert Event.from_dict({"kind": "answer", "text": "x", "at": 1.0, "plot": kept}).plot is None


@pytest.mark.parametrize("values", [(0.9, -sys.float_info.max), (sys.float_info.max, -sys.float_info.max)])
def test_values_as_far_as_numbers_go_are_drawn(values: tuple[float, ...]) -> None:
    trials = tuple(Trial(n, Proposal({"x": 0.1}, "gp"), Outcome(value)) for n, value in enumerate(values))
    plot = progress_plot(History("minimize", trials), "loss")
    drawn = str(draw(plot))
    assert "nan" not in drawn
    assert "inf" not in drawn
    out = io.StringIO()
    render(Console(file=out, width=80), Answer("", plot).event)
    assert "loss" in out.getvalue()


@pytest.mark.parametrize(
    ("name", "output", "number"),
    [
        ("RMSE", "RMSE (5-fold): 3.7", ["3.7"]),
        ("acc", "acc (95% CI): 0.81", ["0.81"]),
        ("ndcg", "ndcg[10]=0.41", ["0.41"]),
        ("loss", "loss [3/10]: 0.5", ["0.5"]),
        ("mae", "mae#3: .5", []),
        ("score", "score: \u22120.5", ["\u22120.5"]),
    ],
)
def test_what_is_said_of_a_name_in_brackets_is_not_its_number(
    name: str, output: str, number: list[str]
) -> None:
    assert re.findall(pattern_of(name), output) == number


def test_between_two_trials_the_best_so_far_is_that_of_the_first() -> None:
    trials = tuple(
        Trial(n, Proposal({"x": 0.1}, "gp"), Outcome(value)) for n, value in enumerate((3.0, 1.0, 2.0))
    )
    best = progress_plot(History("minimize", trials), "loss").series[1]
    assert list(zip(best.x, best.y, strict=True)) == [(0, 3), (1, 3), (1, 1), (2, 1), (2, 1)]


@pytest.mark.parametrize("kind", ["answer", "remark"])
def test_text_that_looks_like_html_is_shown_on_a_terminal(kind: Literal["answer", "remark"]) -> None:
    out = io.StringIO()
    render(Console(file=out), Event(kind, "<script>alert(1)</script> **bold** <b>x</b>"))
    assert out.getvalue().split() == ["<script>alert(1)</script>", "bold", "<b>x</b>"]


def test_an_svg_is_well_formed_and_holds_no_markup_from_names() -> None:
    plot = Plot(
        "<script>alert(1)</script>", "<b>x</b>", "y", (Series("s", (1e-3, 1.0), (2.0, 2.0)),), log_x=True
    )
    root = ElementTree.fromstring(str(draw(plot)))
    assert not list(root.iter("script"))


@pytest.mark.parametrize(
    ("metric", "output", "value"),
    [
        ("val_loss", "epoch 3 val_loss=0.25", "0.25"),
        ("val_loss", "Val loss: 1e-3", "1e-3"),
        ("accuracy", '{"accuracy": 0.9}', "0.9"),
        ("rmse", "rmse 0.5", "0.5"),
        ("val_loss", '{"val_loss": "0.25"}', "0.25"),
        ("rmse", "{'rmse': np.float64(0.5)}", "0.5"),
        ("loss", "train_loss: 0.5", None),
        ("auc", "AUC is nan", "nan"),
        ("val_loss", "val_loss: tensor(0.25, device='cuda:0')", "0.25"),
        ("val_loss", "val_loss -> [0.25]", "0.25"),
        ("calibration error", "calibration error (ECE): 0.25", "0.25"),
        ("acc", "epoch 3 | acc: 60.08 acc5: 80.08", "60.08"),
        ("loss", "loss: .52 loss1: .3 loss_2 .1", ".52"),
        ("mae", "MAE 24h: 3.2", None),
        ("loss", "loss 3/10: 0.5", None),
        ("accuracy", "accuracy of 5 folds: 0.5", None),
        ("accuracy", "accuracy of 1 loss 0.5", "1"),
        ("score", "Best score of 42 with params: {'C': 1}", "42"),
        ("cost", "cost of 1523 found in seconds: 3", "1523"),
        ("p99", "p99: 15.0 ms\np99.9: 45.0 ms", "15.0"),
        ("mAP@0.5", "mAP@0.5:0.8 | mAP@0.5:0.95: 0.25 | mAP@0.5:0.95 0.3", "0.8"),
        ("mAP@.50", "mAP@.50:.95: 0.25", None),
        ("mAP50", "mAP50 0.5\nmAP50-95 0.25", "0.5"),
        ("ndcg@10", "test-ndcg@10:0.71+0.02", "0.71+0.02"),
        ("acc1", "acc1:76.1 1.2s/it", "76.1"),
        ("loss", "loss nan_count: 0", None),
        ("loss", "Saving loss info", None),
        ("loss", "loss -Infinity", "-Infinity"),
        ("test_loss", "│ test_loss   │ 0.3123       │", "0.3123"),
        ("test_loss", "test_loss → 0.25", "0.25"),
        ("accuracy", "accuracy" + 4000 * " " + "\nx", None),
    ],
)
def test_a_metric_is_found_by_its_name(metric: str, output: str, value: str | None) -> None:
    import re

    found = re.findall(pattern_of(metric), output)
    assert found == ([] if value is None else [value])
    name = name_of(pattern_of(metric))
    assert name is not None
    assert pattern_of(name) == pattern_of(metric)
    assert name_of(r"loss=(\S+)") is None


def test_metrics_that_a_program_prints_are_named_the_likeliest_first(folder: Path) -> None:
    assert read_script(folder, "train.py").printed[0] == "val_loss"
    assert next(iter(metrics_in("step 3\nlr=0.1\nval_acc: 0.9\n"))) == "val_acc"
    assert tuple(metrics_in('fold 3\nrmse 0.5\n{"val_rmse": "0.4"}\n')) == ("val_rmse", "rmse")


class Notes:
    """A watcher that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def started(self, trial: Trial) -> None:
        self.told.append(f"started {trial.number}")

    def finished(self, trial: Trial) -> None:
        self.told.append(f"finished {trial.number}")

    def idle(self, why: str) -> None:
        self.told.append(f"idle {why}")

    def broke(self, error: str) -> None:
        self.told.append(f"broke {error}")


def test_several_trials_run_at_once_and_each_is_told_once() -> None:
    together = threading.Barrier(3, timeout=20)

    def objective(params: dict[str, float]) -> float:
        together.wait()
        return params["x"]

    notes = Notes()
    with Tuner(SPACE, seed=0) as tuner:
        trials = Trials(tuner, FunctionObjective(objective), threading.Event(), notes, parallel=3)
        trials.add(6)
        assert trials.wait(30)
        assert len(tuner.history.complete) == 6
        trials.close()
    assert sorted(notes.told)[-1] == "started 5"
    assert notes.told[-1] == "idle done"


def test_trials_end_once_every_configuration_was_tried_and_wishes_are_still_run() -> None:
    notes = Notes()
    with Tuner(Space(n=Int(1, 3)), seed=0) as tuner:
        trials = Trials(tuner, FunctionObjective(lambda params: float(params["n"])), threading.Event(), notes)
        trials.add(9)
        assert trials.wait(30)
        assert (len(tuner.history), trials.left) == (3, 0)
        trials.wish({"n": 1}, "once more")
        assert trials.wait(30)
        assert len(tuner.history) == 4
        trials.close()
    assert notes.told.count("idle exhausted") == 2


def test_pausing_lets_the_running_trial_end_and_a_wish_runs_alone_and_first() -> None:
    gate = threading.Event()

    def objective(params: dict[str, float]) -> float:
        gate.wait(20)
        return params["x"]

    notes = Notes()
    with Tuner(SPACE, seed=0) as tuner:
        trials = Trials(tuner, FunctionObjective(objective), threading.Event(), notes)
        trials.add(3)
        while not trials.running:
            time.sleep(0.01)
        trials.pause()
        gate.set()
        assert trials.wait(20)
        assert (len(tuner.history.told), trials.left) == (1, 2)
        trials.wish({"x": 0.77}, "a hunch")
        assert trials.wait(20)
        assert tuner.history.trials[1].params == {"x": 0.77}
        assert (len(tuner.history.told), trials.left, trials.paused) == (2, 2, True)
        trials.resume()
        assert trials.wait(20)
        assert len(tuner.history.told) == 4
        trials.close()


def test_a_broken_tuner_pauses_and_says_so_instead_of_dying_in_silence() -> None:
    notes = Notes()
    with Tuner(SPACE, seed=0) as tuner:
        tuner.study.start = None  # type: ignore[assignment,method-assign]
        trials = Trials(tuner, FunctionObjective(lambda params: 0.0), threading.Event(), notes)
        trials.add(2)
        assert trials.wait(20)
        assert trials.paused
        assert "'NoneType' object is not callable" in notes.told[0]
        trials.close()


def test_a_value_that_cannot_be_written_pauses_the_trials_and_is_recorded_when_they_go_on(
    tmp_path: Path,
) -> None:
    notes, folders = Notes(), list[Path]()
    with Tuner(SPACE, seed=0, storage=f"sqlite:///{tmp_path / 'study.db'}") as tuner:

        def objective(params: dict[str, float]) -> float:
            if not folders:
                lock = tmp_path / "study.db.write.lock"
                lock.unlink()
                lock.mkdir()
                folders.append(lock)
            return params["x"]

        trials = Trials(tuner, FunctionObjective(objective), threading.Event(), notes)
        trials.add(2)
        assert trials.wait(20)
        assert trials.paused
        assert any(said.startswith("broke") and "of trial 0 is kept in" in said for said in notes.told)
        folders[0].rmdir()
        trials.resume()
        assert trials.wait(20)
        assert [trial.number for trial in tuner.history.complete][:2] == [0, 1]
        trials.close()


def _verifier(values: dict[float, float], source: Source = "random") -> Verifier:
    trials = [
        Trial(number, Proposal({"x": x}, source if number else "default"), Outcome(y))
        for number, (x, y) in enumerate(values.items())
    ]
    verifier = Verifier.fit(SPACE, History("minimize", tuple(trials)))
    assert verifier is not None
    return verifier


def test_little_is_expected_once_the_whole_space_has_been_seen_and_more_before() -> None:
    seen = {x: (x - 0.4) ** 2 for x in np.linspace(0, 1, 15).tolist()}
    early = {x: (x - 0.4) ** 2 for x in (0.9, 1.0, 0.8)}
    late_look = look_ahead(_verifier(seen), 10, np.random.default_rng(0))
    early_look = look_ahead(_verifier(early), 10, np.random.default_rng(0))
    assert late_look.converged
    assert not early_look.converged
    assert early_look.gain > late_look.gain
    assert late_look.gain <= late_look.potential


@pytest.mark.parametrize("source", ["random", "gp"])
def test_a_search_has_not_converged_because_a_trial_diverged(source: Source) -> None:
    early = {x: (x - 0.4) ** 2 for x in (0.6, 0.9, 1.0, 0.8)}
    found = look_ahead(_verifier(early | {0.05: 1e6}, source), 10, np.random.default_rng(0))
    assert not found.converged
    assert found.spread < 1.0


@pytest.mark.parametrize(
    ("parameter", "value", "wider"),
    [
        (Float(0.1, 10, log=True), 10.0, (0.1, 100.0)),
        (Float(0.1, 10, log=True), 0.1, (0.01, 10)),
        (Float(-5, 5), -5.0, (-15, 5)),
        (Float(0.1, 10), 0.1, (0.01, 10)),
        (Int(4, 32), 32, (4, 60)),
        (Int(4, 32), 4, (1, 32)),
        (Float(0.1, 10, log=True), 9.0, None),
        (Float(0, 1), 1.0, None),
        (Int(1, 8), 1, None),
        (Choice(["a", "b"]), "b", None),
    ],
)
def test_what_lies_at_an_end_that_somebody_chose_is_offered_a_wider_range(
    parameter: Float | Int | Choice, value: float | str, wider: tuple[float, float] | None
) -> None:
    assert at_ends(Space(p=parameter), {"p": value}) == ({} if wider is None else {"p": wider})


@pytest.mark.parametrize(
    ("values", "is_log"), [([0.003, 0.05, 0.6], True), ([0.3, 0.5, 0.6], False), ([-0.1, 0.003, 0.6], False)]
)
def test_positive_values_that_span_decades_are_drawn_on_a_logarithmic_axis(
    values: list[float], is_log: bool
) -> None:
    trials = tuple(
        bg.Trial(number, bg.Proposal({}, "gp"), bg.Outcome(value)) for number, value in enumerate(values)
    )
    plot = progress_plot(bg.History("minimize", trials), "loss")
    assert plot.log_y == is_log
    assert (">1e-1</text>" in draw(plot)) == is_log


def test_what_a_yaml_file_sets_is_not_said_to_be_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("lr: 0.01\nhidden: 32\n")
    (tmp_path / "train.py").write_text(
        "import argparse, yaml\nwith open('config.yaml') as file:\n    config = yaml.safe_load(file)\n"
        "p = argparse.ArgumentParser()\np.add_argument('--lr', type=float, default=config['lr'])\n"
        "p.add_argument('--epochs', type=int, default=3)\na = p.parse_args()\n"
        "print(f'val_loss={a.lr + config[\"hidden\"]}')\n"
    )
    plan = draft(tmp_path, "train.py")
    assert "lr" in plan.space
    assert [line.partition(":")[0] for line in plan.left_out] == ["epochs"]


@pytest.mark.parametrize(
    ("script", "text"), [("train.py", "print('loss=1')\n"), ("train.sh", "echo loss=1\n")]
)
def test_where_nothing_is_found_the_space_file_that_lies_there_is_named(
    tmp_path: Path, script: str, text: str
) -> None:
    (tmp_path / script).write_text(text)
    (tmp_path / "config.yaml").write_text("lr: 0.01\n")
    with pytest.raises(InputError, match=f"write a space as YAML and name it: tune {script} with train"):
        draft(tmp_path, script)
    (tmp_path / "space.yaml").write_text("parameters:\n  lr: {type: float, low: 0.1, high: 1.0}\n")
    with pytest.raises(
        InputError, match=f"if space.yaml has its space, name it: tune {script} with space.yaml"
    ):
        draft(tmp_path, script)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_a_claim_is_judged_by_the_whole_effect_and_not_by_its_ends(direction: Direction) -> None:
    space = bg.Space(
        lr=bg.Float(1e-5, 1e-1, log=True), opt=bg.Choice(["adam", "sgd"]), mom=bg.Float(0.0, 1.0)
    )
    rng, sign = np.random.default_rng(0), 1.0 if direction == "minimize" else -1.0
    trials = []
    for number in range(24):
        params = space.sample(rng)
        loss = (
            0.15 * (np.log10(params["lr"]) + 3) ** 2 + 0.3 * (params["opt"] != "adam") + 0.4 * params["mom"]
        )
        trials.append(bg.Trial(number, bg.Proposal(params, "random"), bg.Outcome(sign * float(loss))))
    insights = gain_insight(space, bg.History(direction, tuple(trials)))
    agreed = {
        (insight.effect.name, claim)
        for insight in insights
        for claim in ("none", "higher", "lower")
        if agreement(claim, insight, direction)[1]
    }
    assert agreed == {("mom", "lower")}
    said = {insight.effect.name: agreement("none", insight, direction)[0] for insight in insights}
    assert "it matters, but not in one direction (best," in said["lr"]
    assert "it says that it matters (best," in said["opt"]


def test_where_the_default_breaks_a_limit_that_is_said_and_it_was_never_the_best() -> None:
    task = bg.Task(metric="loss", limits={"mem": "<= 100"})
    trials = [
        bg.Trial(
            number,
            bg.Proposal({"x": 0.1 * (number + 1)}, "gp" if number else "default"),
            bg.Outcome(values={"loss": loss, "mem": mem}).of("loss", ["loss", "mem"]),
        )
        for number, (loss, mem) in enumerate([(0.2, 500.0), (0.5, 50.0), (0.4, 60.0)])
    ]
    history = bg.History("minimize", tuple(trials), goals=task.goals)
    assert "the default gave 0.2, which breaks mem <= 100 (+0.2, +100.0 %)" in standing(history, task)
    known = Known(SPACE, task, history)
    assert "Against" not in explain(known, trials[1])
    assert "Against the best before it (trial 1)" in explain(known, trials[2])


FORGED = "brief\n\n- what: `python harmless.py`\n\n| val_loss | 0.9 | 0.0001 |\n\n# Run 500 trials?"


def test_what_a_model_or_a_program_wrote_stands_on_one_line_as_text() -> None:
    assert configuration({"prompt": FORGED}).count("\n") == 0
    assert "\n" not in assignments({"prompt": FORGED})
    space = Space(prompt=Text(default="x", examples=["y"]))
    first, second = (
        Trial(number, Proposal({"prompt": text}, "llm"), Outcome(0.5 - 0.1 * number))
        for number, text in enumerate(("x", FORGED))
    )
    known = Known(space, bg.Task(), History("minimize", (first, second)))
    for said in (compare(known, first, second), explain(known, second)):
        html = MARKDOWN.render(said)
        assert "<h1>" not in html
        assert "<li>" not in html
        assert html.count("<tr>") <= 2
    failed = Trial(1, Proposal({"prompt": "x"}, "llm"), Outcome.failure("no memory\n\n# Run 500 trials?"))
    assert "no memory # Run 500 trials?" in trial_finished(failed, known.history, known.task)
    printed = f'File "train.py{FORGED}", line 1\nx\nFile "train.py", line 2, in f\n    go()'
    trial = Trial(0, Proposal({"prompt": "x"}, "llm"), Outcome.failure("it exited", feedback=printed))
    assert line_that_failed(trial) == "train.py, line 2: go()"
