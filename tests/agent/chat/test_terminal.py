from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from tests.agent.chat.pty_talk import PtyTalk

from bestguess.agent.chat.session import Session
from bestguess.agent.chat.terminal import run_lines
from bestguess.agent.llm.weights.catalog import is_pulled
from bestguess.agent.record.study import load

SKLEARN = '''"""A support vector machine on the diabetes data."""
import argparse

from sklearn.datasets import load_diabetes
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

parser = argparse.ArgumentParser()
parser.add_argument("--c", type=float, default=1.0, help="how much errors cost")
parser.add_argument("--epsilon", type=float, default=0.1)
parser.add_argument("--kernel", choices=["rbf", "linear", "sigmoid"], default="rbf")
args = parser.parse_args()
x, y = load_diabetes(return_X_y=True)
model = make_pipeline(StandardScaler(), SVR(C=args.c, epsilon=args.epsilon, kernel=args.kernel))
scores = cross_val_score(model, x[:200], y[:200], cv=3, scoring="neg_mean_absolute_error")
print(f"val_mae={-scores.mean():.6f}")
'''

TURNS = (
    ("tune train.py", r"Run train\.py once with its defaults\?"),
    ("widen c to 0.1..1000", r"Change the space: c ≥ 0\.1 and ≤ 1000 allowed\?"),
    ("always", r"Done: c"),
    ("run 1", r"once with its defaults\?"),
    ("yes", r"The metric was found: val_mae"),
    ("run 6 more", r"Run 6 trials\?"),
    ("always", r"All trials that were wanted are done"),
    ("show me the best", r"python train\.py --c="),
    ("why 3", r"Trial 3 was proposed by"),
    ("don't use sigmoid", r"Done: never kernel=sigmoid"),
    ("set epsilon max to 0.05", r"Done: epsilon ≤ 0\.05"),
    ("try c=300 kernel=linear", r"trial 7\s+user\s+val_mae"),  # its end; while it runs, it may be stopped
    ("note that trial 7 took long", r"Noted at trial 7"),
    ("run 6", r"All trials that were wanted are done"),
    ("compare 0 and 7", r"Trial 0 \(default\) gave"),
    ("which parameters matter?", r"What moves the value"),
    ("plot", r"val_mae, \d+ trials"),
    ("draw how it depends on c", r"val_mae by c"),
    ("undo", r"Taken back: epsilon"),
    ("is it converged?", r"more trials are expected"),
    ("I have an hour", r"Budget: no trial is started after"),
    ("what did it cost", r"\d+ trials \(0 failed"),
    ("show the table", r"# source val_mae expected params why.*the default configuration"),
    ("export the best as a script", r"Wrote best_train\.py"),
    ("save the transcript", r"Wrote transcript\.md"),
)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("llm", ["none", "qwen2.5-coder-0.5b"])
def test_25_turns_at_a_terminal_lead_from_a_script_to_one_that_reproduces_the_best(
    tmp_path: Path, llm: str
) -> None:
    if llm != "none" and not is_pulled(llm):
        pytest.skip(f"{llm} is not on this machine: bestguess models pull {llm}")
    (tmp_path / "train.py").write_text(SKLEARN)
    assert len(TURNS) == 25
    with PtyTalk(tmp_path, "--llm", llm, "--seed", "0") as talk:
        talk.wait_for("lists the commands")
        for text, expected in TURNS:
            talk.type_in(text)
            talk.wait_for(expected, 90 if llm == "none" else 600)
        talk.type_in("/quit")
        talk.wait_for("goes on from here")
        assert talk.process.wait(20) == 0
    study = load(f"sqlite:///{tmp_path / 'bestguess.db'}", "train")
    best, default = study.history.incumbent, study.history.default
    assert best is not None
    assert default is not None
    assert study.history.loss(best) < study.history.loss(default)
    done = subprocess.run([sys.executable, "best_train.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"the study had {best.value!r}: reproduced" in done.stdout
    transcript = (tmp_path / "transcript.md").read_text()
    assert all(f"**You:** {text}" in transcript for text, _ in TURNS)


@pytest.mark.slow
def test_a_prompt_completes_answers_and_leaves_at_the_third_ctrl_c(folder: Path) -> None:
    with PtyTalk(folder, "--seed", "0", columns=50, env={"NO_COLOR": "1", "NAP_S": "0.3"}) as talk:
        talk.wait_for("lists the commands")
        talk.type_in("/scan tr\x08\x08train.py")
        talk.wait_for("booster")
        talk.type_in("/impo\t", enter=False)
        talk.wait_for(r"/impo.*rtance")  # the line may be drawn in two pieces
        talk.type_in("\x15tune train.py")
        talk.wait_for("once with its defaults")
        talk.type_in("always")
        talk.wait_for("The metric was found")
        talk.type_in("run 50")
        talk.wait_for(r"trial 2\b")
        talk.type_in("\x03", enter=False)
        talk.wait_for("Ctrl-C again pauses")
        talk.type_in("\x03", enter=False)
        talk.wait_for("Paused after the running trials")
        talk.type_in("\x03", enter=False)
        talk.wait_for("goes on from here")
        assert talk.process.wait(20) == 0
        assert "\x1b[3" not in talk.screen
    told = load(f"sqlite:///{folder / 'bestguess.db'}", "train").history.told
    with PtyTalk(folder, "--resume") as talk:
        talk.wait_for("> run 50")
        talk.wait_for("Back in the study train")
        talk.type_in("table")
        talk.wait_for(rf"{told[-1].number}\s.*{told[-1].source}")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_kill_9_in_mid_trial_loses_nothing_told_and_resume_runs_the_orphan_again(folder: Path) -> None:
    env = {"NAP_S": "0.4"}
    with PtyTalk(folder, "--seed", "0", env=env) as talk:
        talk.wait_for("lists the commands")
        talk.type_in("tune train.py")
        talk.wait_for("once with its defaults")
        talk.type_in("always")
        talk.wait_for("The metric was found")
        talk.type_in("run 8")
        shown = talk.wait_for(r"trial 3 .{1,12}runs")
        time.sleep(0.1)
        os.kill(talk.process.pid, signal.SIGKILL)
        talk.process.wait(10)
    finished = {int(one) for one in re.findall(r"trial (\d+)\s+\w+\s+val_loss", shown)}
    with PtyTalk(folder, "--resume", env=env) as talk:
        talk.wait_for("> run 8")
        text = talk.wait_for(r"Trial (\d+) was running when the session ended.*say resume")
        orphan = int(re.findall(r"Trial (\d+) was running", text)[0])
        talk.type_in("resume")
        talk.wait_for(r"Run \d+ trials\?")
        talk.type_in("yes")
        talk.wait_for(rf"trial {orphan} .{{1,12}}runs")
        talk.wait_for("All trials that were wanted are done", 90)
        talk.type_in("\x04", enter=False)
        assert talk.process.wait(20) == 0
    history = load(f"sqlite:///{folder / 'bestguess.db'}", "train").history
    assert finished <= {trial.number for trial in history.complete}
    assert [trial.number for trial in history] == list(range(9))
    assert len(history.told) == 9


def test_an_orphan_can_be_dropped_instead(folder: Path) -> None:
    session = Session(folder, seed=0)
    for text in ("tune train.py", "always"):
        session.say(text)
    trials = session.bench.trials
    assert trials is not None
    assert trials.wait(60)
    trial = session.bench.tuner.ask()
    session.bench.tuner.give_back(trial)
    session.close()
    again = Session(folder, resume=True)
    again.say(f"undo trial {trial.number}")
    again.say("run 1")
    again.say("yes")
    assert again.bench.trials is not None
    assert again.bench.trials.wait(60)
    assert trial.number not in {one.number for one in again.bench.history}
    assert len(again.bench.history) == 2
    again.close()


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_keypresses_are_echoed_while_two_trials_run(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SKLEARN)
    times: list[float] = []
    at_once: list[int] = []
    with PtyTalk(tmp_path, "--seed", "0", "--parallel", "2") as talk:
        talk.wait_for("lists the commands")
        talk.type_in("tune train.py")
        talk.wait_for("once with its defaults")
        talk.type_in("always")
        talk.wait_for("The metric was found")
        talk.type_in("run 200")
        talk.wait_for(r"trial 8\b")
        deadline = time.monotonic() + 40
        while len(times) < 200 and time.monotonic() < deadline:
            at_once.append(len(psutil.Process(talk.process.pid).children()))
            times.append(talk.echo_ms(chr(ord("a") + len(times) % 26)))
            time.sleep(0.05)
            if len(times) % 40 == 0:
                talk.type_in("\x15", enter=False)
        talk.type_in("\x03\x03\x03", enter=False)
    p50, p95 = np.percentile(times, [50, 95])
    print(  # a measurement that people want to see
        f"{len(times)} keys, {np.mean(at_once):.1f} trials at once: "
        f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {max(times):.1f} ms"
    )
    assert np.mean(at_once) > 1


@pytest.mark.slow
def test_lines_from_a_pipe_are_turns_and_print_no_control_codes(folder: Path) -> None:
    out = io.StringIO()
    lines = io.StringIO("tune train.py\nyes\nrun 3\nyes\nbest\nplot\nquit\n")
    run_lines(Session(folder, seed=0), lines, out, as_json=False, wait=True)
    text = out.getvalue()
    assert "> best" in text
    assert "trial 3" in text
    assert "best so far" in text
    assert "\x1b" not in text


@pytest.mark.slow
def test_an_interrupt_at_a_pipe_says_how_to_go_on(folder: Path) -> None:
    spawned = subprocess.Popen(
        [sys.executable, "-m", "bestguess.agent.cli", "chat"],
        cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert spawned.stdin
    assert spawned.stdout
    spawned.stdin.write("tune train.py\n")
    spawned.stdin.flush()
    while "Run train.py once" not in spawned.stdout.readline():
        pass
    spawned.send_signal(signal.SIGINT)
    _, said = spawned.communicate(timeout=60)
    assert spawned.returncode == 130
    assert "bestguess chat --resume goes on from here" in said


@pytest.mark.slow
def test_with_json_every_event_is_one_object_a_line(folder: Path) -> None:
    out = io.StringIO()
    lines = io.StringIO("tune train.py\nyes\nrun 2\nyes\n/pin nothing=1\n")
    run_lines(Session(folder, seed=0), lines, out, as_json=True, wait=True)
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    kinds = [event["kind"] for event in events]
    assert {
        "said",
        "answer",
        "card",
        "answered",
        "trial_started",
        "trial_finished",
        "remark",
        "error",
        "state",
    } <= set(kinds)
    finished = [event["trial"] for event in events if event["kind"] == "trial_finished"]
    assert [trial["number"] for trial in finished] == [0, 1, 2]
    assert {"source", "reason", "params", "value", "state", "prediction", "verdict"} <= set(finished[0])


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 100])
def test_a_menu_opens_at_a_slash_pasted_lines_are_one_turn_and_what_runs_is_seen(
    folder: Path, columns: int
) -> None:
    with PtyTalk(folder, "--seed", "0", columns=columns, env={"NO_COLOR": "1", "NAP_S": "2.5"}) as talk:
        talk.wait_for("lists the commands")
        talk.type_in("/imp", enter=False)
        talk.wait_for("/importance")
        talk.type_in("\x15/scan tr\t\r", enter=False)
        talk.wait_for("booster")
        talk.type_in("tune train.py")
        talk.wait_for("once with its defaults")
        talk.type_in("always")
        talk.wait_for(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] .{0,12}running 0, 0 s")
        talk.wait_for("The metric was found")
        talk.type_in("\x1b[200~/note it is\nslow\x1b[201~\r", enter=False)
        talk.wait_for("Do /note")
        talk.type_in("/note it\x1b\ris slow\r", enter=False)
        talk.wait_for("Do /note")
    said = [json.loads(line) for line in (folder / "bestguess.chat.jsonl").read_text().splitlines()]
    turns = [event["text"] for event in said if event["kind"] == "said"]
    assert turns[-2:] == ["/note it is\nslow", "/note it\nis slow"]
