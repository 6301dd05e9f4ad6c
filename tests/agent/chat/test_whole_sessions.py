"""Sessions at a terminal with a scripted able model: plans, a change of mind, several studies, a kill."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
import yaml
from tests.agent.chat.pty_talk import PtyTalk
from tests.agent.chat.scripted import AbleServer, Reply

from bestguess.agent.record.study import load

ROOT = Path(__file__).parents[3]
TRAIN = '''"""A bowl, made up."""
import argparse, math, os, time, yaml

with open("config.yaml") as file:
    config = yaml.safe_load(file)
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=config["lr"], help="learning rate")
p.add_argument("--hidden", type=int, default=config["hidden"])
p.add_argument("--opt", choices=["sgd", "adam"], default=config["opt"])
p.add_argument("--epochs", type=int, default=10)
p.add_argument("--seed", type=int, default=0)
a = p.parse_args()
time.sleep(float(os.environ.get("NAP_S", "0")))
loss = 0.2 + 0.1 * abs(math.log10(a.lr / 0.004)) + (0.05 if a.opt == "sgd" else 0) + 0.01 * a.seed
print(f"val_loss={loss + 1 / a.epochs:.5f} latency_ms={0.02 * a.hidden:.3f}")
'''
SVM = """import argparse
p = argparse.ArgumentParser()
p.add_argument("--C", type=float, default=1.0)
print(f"val_error={abs(p.parse_args().C - 3):.5f}")
"""

BEGIN = "hiya, can u get val_loss of train.py down? our notes are in notes.md"
EPOCHS = "hmm what would a wise person do w/ the epochs, 20? and then 3 runs"
MIND = "naw rather tune the epochs as well, like 5 to 40, and give up after 4 duds"
LATENCY = "latency ought to be low as well; the loss weighs double, id say"
SVMS = "lets have a peek at that other one w/ the svm, a handful"
BACK = "alright enough, return me to where we were"
LUCK = "is the best one just luck? use a few seeds"
WRITE = "cool. stick it where it came from"
LACKING = "and what of the batch size, could that be in"
REPLIES: dict[str, list[Reply]] = {
    BEGIN: [
        [("scan", {"script": "train.py"})],
        [("new", {"script": "train.py"}), ("learn", {"file": "notes.md"}), ("run", {"n": 1})],
        [("wait", {})],
        "The study is begun.",
    ],
    EPOCHS: [[("fix", {"values": {"epochs": 20}}), ("run", {"n": 3}), ("wait", {})], "They ran. It is 4711."],
    MIND: [[("add", {"parameter": "epochs", "low": 5, "high": 40}), ("patience", {"n": 4})], "As you wish."],
    LATENCY: [
        [("metrics", {"values": {"val_loss": "minimize", "latency_ms": "minimize"}})],
        [("prefer", {"values": {"val_loss": 2, "latency_ms": 1}})],
        "Both count.",
    ],
    SVMS: [
        [("new", {"script": "svm.py", "metric": "val_error"}), ("run", {"n": 2}), ("wait", {})],
        "The other one has its trials.",
    ],
    BACK: [[("studies", {})], [("study", {"name": "train-2"})], "We are back."],
    LUCK: [[("retry", {"trial": "best", "n": 3}), ("wait", {})], "See the last trial."],
    WRITE: [[("apply", {})], "It is written."],
    LACKING: [[("add", {"parameter": "batch_size", "low": 8, "high": 64})], "It has none."],
}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "svm.py").write_text(SVM)
    (tmp_path / "notes.md").write_text("# Notes\n\n- hidden: 64 to 128 is enough.\n")
    (tmp_path / "config.yaml").write_text("lr: 0.0005\nhidden: 32\nopt: sgd\n")
    return tmp_path


def talk_to(server: AbleServer, place: Path, *words: str, **env: str) -> PtyTalk:
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    return PtyTalk(
        place, "--llm", "tests.agent.chat.scripted:able", *words,
        env={"PYTHONPATH": paths, "ABLE_URL": server.url, **env},
    )  # fmt: skip


@pytest.mark.slow
def test_an_able_model_leads_through_plans_changes_of_mind_and_several_studies(place: Path) -> None:
    with AbleServer(REPLIES, pause_s=0.02) as server, talk_to(server, place) as talk:
        talk.wait_for("lists the commands")
        for said, shown in (
            (BEGIN, r"Do these 3 steps: /new, then /learn, then /run\?"),
            ("yes", r"Do these 2 steps: /adopt, then /run\?"),
            ("yes", r"The study is begun\."),
            (EPOCHS, r"Do these 2 steps: /fix, then /run\?.*the command as the steps before leave it"),
            ("yes", r"They ran\..*what was said with 4711"),
            (MIND, r"epochs is tuned, too: 5 … 40.*/patience"),
            ("no", r"As you wish\."),
            (LATENCY, r"Have the study minimize val_loss, minimize latency_ms\?"),
            ("yes", r"Do /prefer val_loss=2 latency_ms=1\?"),
            ("yes", r"Both count\."),
            (SVMS, r"known only after the steps before it"),
            ("yes", r"Run 2 trials\?.*python svm\.py"),
            ("yes", r"The other one has its trials\."),
            (BACK, r"Go to the study train-2\?"),
            ("yes", r"We are back\."),
            (LUCK, r"Run trial \d+'s params with 3 seeds\?.*--seed=\{seed\}"),
            ("yes", r"See the last trial\."),
            (WRITE, r"Write trial \d+ into .*config\.yaml.*lr: 0\.0005"),
            ("yes", r"It is written\."),
            (LACKING, r"It has none\."),
            ("/quit", r"goes on from here"),
        ):  # fmt: skip
            talk.type_in(said)
            talk.wait_for(shown, 90)
    history = load(f"sqlite:///{place / 'bestguess.db'}", "train-2").history
    assert [len(trial.outcome.runs) for trial in history.told if trial.outcome][-1] == 3
    best = history.incumbent
    assert best is not None
    assert yaml.safe_load((place / "config.yaml").read_text())["lr"] == best.params["lr"]
    assert "default=20" in (place / "train.py").read_text()


@pytest.mark.slow
def test_a_kill_in_the_middle_of_a_plan_loses_nothing_and_its_rest_is_said(place: Path) -> None:
    with AbleServer(REPLIES) as server:
        with talk_to(server, place) as talk:
            talk.wait_for("lists the commands")
            talk.type_in("/new train.py val_loss minimize")
            talk.wait_for("once with its defaults")
            talk.type_in("yes")
            talk.wait_for("The metric was found")
            talk.type_in("/quit")
            talk.wait_for("goes on from here")
        with talk_to(server, place, "--resume", NAP_S="1.5") as talk:
            talk.wait_for("lists the commands")
            talk.type_in(EPOCHS)
            talk.wait_for("/fix, then /run")
            talk.type_in("yes")
            talk.wait_for(r"trial 0.*trial 1\s+\S+\s+runs", 60)
            os.kill(talk.process.pid, signal.SIGKILL)
        with talk_to(server, place, "--resume") as talk:
            talk.wait_for(rf"Back in the study train-2.*have no answer yet: {re.escape(EPOCHS)}", 60)
            talk.type_in("resume")
            talk.wait_for(r"Run 2 trials\?")
            talk.type_in("yes")
            talk.wait_for("All trials that were wanted are done", 60)
            talk.type_in("/quit")
            talk.wait_for("goes on from here")
    url = f"sqlite:///{place / 'bestguess.db'}"
    assert [trial.number for trial in load(url, "train-2").history.told] == [0, 1, 2]
    assert len(load(url, "train").history.told) == 1
