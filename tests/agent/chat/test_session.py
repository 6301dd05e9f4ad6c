from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.agent.chat.conftest import Talk
from tests.agent.chat.language.measure import phrasings

from bestguess.agent.chat.answers.rendering import render
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.plan import Plan
from bestguess.agent.chat.session import Session
from bestguess.agent.record.study import load
from bestguess.agent.reports.console import CleanConsole
from bestguess.agent.testing import DeadLLM, GarbageLLM, ScriptedLLM
from bestguess.tools.errors import InputError

BEGIN = ("tune train.py", "yes")


def test_a_script_is_drafted_shown_and_run_once_before_anything_is_spent(talk: Talk) -> None:
    talk.say("tune train.py")
    shown = talk.of("answer")[-1].text
    assert "| lr | 0.01 |" in shown
    assert "minimize `val_loss`" in shown
    assert "also prints `train_loss`" in shown
    assert "seed" in shown.partition("Left as they are")[2]
    assert talk.of("card")[-1].text == "Run train.py once with its defaults?"
    assert not talk.session.bench.history
    talk.say("yes")
    assert [trial.source for trial in talk.session.bench.history] == ["default"]
    assert "The metric was found: val_loss" in talk.of("remark")[-1].text


def test_a_draft_can_be_changed_before_anything_ran(talk: Talk) -> None:
    talk.say("tune train.py", "pin booster=gbtree", "always", "widen depth to 1..20", "run 1", "yes")
    plan = talk.session.bench.the_plan()
    assert plan.space.parameters["depth"].high == 20  # type: ignore[attr-defined]
    assert talk.session.bench.history.trials[0].params["booster"] == "gbtree"


@pytest.mark.slow
def test_the_worst_trials_stand_in_the_table_with_the_worst_first(talk: Talk) -> None:
    talk.say(*BEGIN, "run 3", "yes", "/table worst 2")
    history = talk.session.bench.history
    worst, next_to_it, *others = (
        one.number for one in sorted(history.complete, key=history.loss, reverse=True)
    )
    shown = talk.of("answer")[-1].text
    assert shown.index(f"| {worst} |") < shown.index(f"| {next_to_it} |")
    assert not any(f"| {other} |" in shown for other in others)


def test_one_sentence_may_hold_a_budget_and_a_limit_too(talk: Talk) -> None:
    talk.say("tune train.py, minimise val_loss, I have an hour; don't go above depth 5")
    assert talk.of("card")[-1].text == "Change the space: depth ≤ 5?"
    talk.say("yes")
    assert talk.of("card")[-1].text == "Run train.py once with its defaults?"
    talk.say("yes")
    assert talk.session.bench.agreed.until is not None
    assert len(talk.session.bench.history.told) == 1


@pytest.mark.slow
def test_without_a_metric_in_the_output_nothing_more_is_spent_and_the_others_are_named(talk: Talk) -> None:
    talk.say("tune train.py, minimise wer", "always", "run 5")
    assert len(talk.session.bench.history.told) == 2
    said = " ".join(event.text for event in talk.of("remark"))
    assert "it has `val_loss`" in said
    assert "Paused before more is spent" in said
    talk.say("goal val_loss", "retry", "run 2")  # one of them may run out of the memory that the script has
    assert talk.session.bench.history.complete


@pytest.mark.slow
def test_no_phrasing_runs_code_or_changes_the_space_without_its_card(talk: Talk, folder: Path) -> None:
    (folder / "models").mkdir()
    for name in ("models/fit.py", "run_svm.py", "experiment.py", "svm/train_model.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text((folder / "train.py").read_text())
    talk.say(*BEGIN)
    session = talk.session
    for one in [*phrasings("phrasings"), *phrasings("phrasings_held_out")]:
        if one["intent"] == "new":
            continue
        before = session.bench.the_plan(), len(session.bench.study.everything)
        talk.say(one["say"])
        assert (session.bench.the_plan(), len(session.bench.study.everything)) == before, one["say"]
        if session.pending and session.pending.card.consent == "once":
            assert not one["obvious"], f"{one['say']}: was not taken for an instruction"
        session.pending = None
    for one in [*phrasings("phrasings"), *phrasings("phrasings_held_out")]:
        if one["intent"] == "new":
            talk.say(one["say"])
            assert not session.bench.history, one["say"]


def test_a_card_says_what_how_many_how_long_and_no_leaves_everything(talk: Talk) -> None:
    talk.say(*BEGIN, "run 4")
    lines = " ".join(talk.of("card")[-1].fields["lines"])
    assert "python train.py" in lines
    assert "how many: 4" in lines
    assert "time: about" in lines
    assert "tokens: none" in lines
    assert talk.say("no").text == "Left as it was."
    assert len(talk.session.bench.history) == 1


@pytest.mark.slow
def test_always_holds_for_its_kind_and_this_session_only(talk: Talk) -> None:
    talk.say("tune train.py", "always", "run 2")
    assert len(talk.session.bench.history) == 3
    talk.say("pin depth=4")
    assert talk.session.pending is not None


@pytest.mark.slow
def test_more_than_the_budget_asks_again_and_yes_raises_it(talk: Talk) -> None:
    talk.say("tune train.py", "always", "set the budget to 3 trials", "run 5")
    assert "3 more than the 3 trials agreed" in " ".join(talk.of("card")[-1].fields["lines"])
    talk.say("yes")
    assert len(talk.session.bench.history) == 6
    assert talk.session.bench.agreed.trials == 6


@pytest.mark.slow
def test_no_trial_starts_beyond_the_budget(talk: Talk) -> None:
    talk.say("tune train.py", "always")
    trials = talk.session.bench.start_trials()
    talk.say("/budget trials=3")
    trials.add(10)
    assert trials.wait(60)
    assert len(talk.session.bench.history) == 3
    assert "the budget of 3 trials is spent" in talk.of("remark")[-1].text


@pytest.mark.slow
def test_pins_limits_and_bans_take_effect_on_the_next_proposal_and_can_be_undone(talk: Talk) -> None:
    talk.say("tune train.py", "always", "run 2", "set lr max to 0.05", "always", "don't use dart")
    talk.say("pin depth=6", "run 4")
    late = talk.session.bench.history.trials[3:]
    assert len(late) == 4
    assert all(one.params["depth"] == 6 and one.params["lr"] <= 0.05 for one in late)
    assert all(one.params["booster"] == "gbtree" for one in late)
    assert "Taken back: depth=6" in talk.say("undo").text
    talk.say("undo", "undo")
    assert not talk.session.bench.the_plan().limits
    assert talk.say("undo").text.startswith("There is no change to take back")


@pytest.mark.slow
def test_what_is_said_of_how_trials_run_and_what_counts_can_be_undone_also_later(
    talk: Talk, folder: Path
) -> None:
    talk.say("tune train.py", "always", "run 1")
    before = talk.session.bench.the_plan()
    talk.say("/repeats 2", "/patience 4", "/pruner none", "/goal target=0.5", "/quit")
    assert talk.session.bench.plan != before
    talk.session.close()
    later = Talk(Session(folder, seed=0, resume=True))
    later.say("/undo", "/undo")
    assert later.session.bench.plan == replace(before, repeats=2)
    assert later.say("/undo").text == "Taken back: /repeats 2."
    assert later.session.bench.plan == before
    later.session.close()


@pytest.mark.slow
def test_undo_sets_a_trial_aside_without_deleting_it_and_takes_that_back(talk: Talk) -> None:
    talk.say("tune train.py", "always", "run 3", "undo trial 2")
    assert 2 not in {trial.number for trial in talk.session.bench.history}
    assert len(talk.session.bench.study.everything) == 4
    assert "~~" in talk.say("show the table").text
    assert "It was set aside" in talk.say("why 2").text
    assert ", set aside) gave" in talk.say("/compare 2 1").text
    assert "trial 2 is set aside" in talk.say("/apply 2").text
    talk.say("undo")
    assert 2 in {trial.number for trial in talk.session.bench.history}


@pytest.mark.slow
def test_widening_goes_beyond_the_range_and_keeps_the_trials(talk: Talk) -> None:
    talk.say("tune train.py", "always", "run 2", "let depth go up to 40", "yes", "try depth=37")
    assert talk.session.bench.history.trials[-1].params["depth"] == 37
    assert len(talk.session.bench.history) == 4
    talk.say("undo", "run 3")
    assert all(one.params["depth"] < 37 for one in talk.session.bench.history.trials[4:])


@pytest.mark.slow
def test_a_choice_takes_more_options_and_what_was_learned_stays(talk: Talk, folder: Path) -> None:
    talk.say("tune train.py", "always", "run 3", "don't use dart", "always")
    script = (folder / "train.py").read_text().replace('"dart"]', '"dart", "rf"]')
    (folder / "train.py").write_text(script.replace("val_loss={", "val_loss={-(args.booster == 'rf') + "))
    before = talk.session.bench.history.trials
    talk.say("add rf to the booster", "try booster=rf", "run 4")
    history = talk.session.bench.history
    assert history.trials[: len(before)] == before
    assert [trial.params["booster"] for trial in history.trials[5:]].count("rf") >= 3
    assert "dart" not in {trial.params["booster"] for trial in history.trials[4:]}
    assert "| booster |" in talk.say("compare 0 and 4").text
    talk.session.close()
    again = Talk(Session(folder, resume=True))
    assert again.session.bench.history == history
    again.say("undo", "run 3", "always")
    assert {trial.params["booster"] for trial in again.session.bench.history.trials[9:]} == {"gbtree"}
    again.say("widen booster", "yes", "try booster=dart")
    assert again.session.bench.history.trials[-1].params["booster"] == "dart"
    again.session.close()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/widen boster rf", "no parameter 'boster'"),
        ("/widen booster gbtree", "may be gbtree already; it is one of 'gbtree', 'dart'"),
        ("/widen booster rf rf", "may be rf already"),
        ("/widen depth deep", "'deep' is none; give bounds: /widen depth 1..6"),
        ("/narrow booster 1..3", "has options, not a range"),
        ("pin foo=1", "no parameter 'foo'; there are lr, depth, booster"),
        ("pin booster=rf", "'rf' is not an option"),
    ],
)
def test_an_odd_option_changes_nothing_and_says_what_would_do(talk: Talk, line: str, words: str) -> None:
    talk.say("tune train.py", "no")
    before = talk.session.bench.the_plan()
    said = talk.say(line)
    assert said.kind == "error"
    assert words in said.text
    assert talk.session.bench.the_plan() == before


@pytest.mark.slow
def test_try_runs_the_users_idea_with_what_the_surrogate_expects(talk: Talk) -> None:
    talk.say(*BEGIN, "run 3", "yes", "try lr=0.03 depth=4")
    assert "expected" in " ".join(talk.of("card")[-1].fields["lines"])
    talk.say("yes")
    last = talk.session.bench.history.trials[-1]
    assert (last.source, last.params["lr"], last.params["depth"]) == ("user", 0.03, 4)
    assert last.value == 0.0


def test_an_idea_keeps_to_the_limits_that_it_does_not_name_and_says_which_it_breaks(talk: Talk) -> None:
    talk.say(*BEGIN, "pin depth=2", "yes", "try lr=0.02")
    assert "depth=2" in talk.of("card")[-1].text
    talk.say("no", "try lr=0.02 depth=4")
    assert "although you said depth = 2" in talk.of("card")[-1].fields["lines"]
    talk.say("yes")
    assert "although you said depth = 2" in " ".join(event.text for event in talk.of("answer"))


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (("set depth max to 3", "set depth max to 4"), (None, 4)),
        (("narrow depth to 2..3", "set depth max to 4"), (2, 4)),
        (("narrow depth to 3..4", "set depth min to 2"), (2, 4)),
        (("set depth max to 3", "widen depth to 1..9"), None),
        (("set depth max to 3", "widen depth"), None),
        (("narrow depth to -5..3",), (1, 3)),
        (("set depth between 3 and 9",), (3, None)),
        (("narrow depth to 2..3", "/widen depth 3..9"), (3, None)),
        (("allow depth 9 to 12",), None),
        (("allow depth 3 to 9",), None),
        (("narrow depth to 2..3", "/widen depth 5..9"), (2, None)),
        (("depth may be 3 to 9, too",), None),
    ],
)
def test_the_latest_word_on_a_limit_counts(
    talk: Talk, said: tuple[str, ...], left: tuple[float | None, float | None] | None
) -> None:
    talk.say("tune train.py", "no")
    for text in said:
        talk.say(text, "yes")
    limit = talk.session.bench.the_plan().limits.of.get("depth")
    assert (limit and (limit.low, limit.high)) == left


def test_several_values_of_one_name_are_all_kept_or_all_forbidden(talk: Talk) -> None:
    talk.say("tune train.py", "no", "pin depth to 4 or 2", "yes")
    assert talk.session.bench.the_plan().limits.of["depth"].options == (2, 4)
    talk.say("/forbid depth=3,4 booster=dart", "yes")
    assert len(talk.session.bench.the_plan().limits.without) == 2
    assert "gbtree or dart is all that is left" in talk.say("/forbid booster=gbtree,dart").text
    assert "never depth=2?" in talk.say("/forbid depth=2,2").text
    many = ",".join(map(str, range(1, 52)))
    assert (
        "102 combinations of values, and 100 are the most"
        in talk.say(f"/forbid depth={many} lr=1e-3,1e-2").text
    )


def test_an_option_that_is_called_best_is_that_option_in_any_case(talk: Talk) -> None:
    talk.say("tune train.py", "no", "/widen booster Best", "yes", "/drop booster=best", "yes")
    assert talk.session.bench.the_plan().limits.of["booster"].options == ("Best",)


def test_what_leaves_nothing_is_refused_before_any_card(talk: Talk) -> None:
    talk.say("tune train.py", "no")
    cards = len(talk.of("card"))
    assert "nothing is left of" in talk.say("set depth max to -1").text
    assert "/widen depth high=99" in talk.say("/narrow depth low=99").text
    assert "there is no limit on depth" in talk.say("double the depth").text
    assert "may be all of that already" in talk.say("allow depth up to 3").text
    assert "to allow only that, /narrow depth 2..3" in talk.say("/widen depth 2..3").text
    assert len(talk.of("card")) == cards


def test_another_metric_is_refused_once_trials_have_their_values(talk: Talk) -> None:
    talk.say(*BEGIN)
    text = talk.say("goal train_loss").text
    assert "gave val_loss, not train_loss" in text
    assert "/new train.py train_loss" in text
    assert talk.session.bench.the_plan().task.metric == "val_loss"


@pytest.mark.slow
def test_of_a_number_printed_several_times_another_may_count(talk: Talk, folder: Path) -> None:
    script = folder / "train.py"
    script.write_text(script.read_text() + "print('val_loss=0.0')\n")
    talk.say(*BEGIN)
    assert "the last counts; */new train.py match=min*" in talk.of("remark")[-1].text
    assert "gave the last one, not the greatest one" in talk.say("/goal match=max").text
    talk.say("/new train.py match=max", "yes", "yes")
    assert talk.session.bench.state.plan == Plan.from_dict(talk.session.bench.the_plan().to_dict())
    assert talk.session.bench.history.trials[0].value > 0  # type: ignore[operator]


def test_the_first_card_shows_the_default_within_the_limits(talk: Talk) -> None:
    talk.say("tune train.py", "no", "pin depth=2", "yes", "run 1")
    assert "`depth` = 2" in " ".join(talk.of("card")[-1].fields["lines"])
    talk.say("yes")
    assert talk.session.bench.history.trials[0].params["depth"] == 2


def test_a_remark_becomes_feedback_and_is_told_again_by_why(talk: Talk) -> None:
    talk.say(*BEGIN, "note that trial 0 looked overfit")
    assert talk.session.bench.history.trials[0].feedback.endswith("remark: trial 0 looked overfit")
    assert "Your remark: trial 0 looked overfit." in talk.say("why 0").text


def test_a_line_that_the_script_prints_is_never_told_as_the_users_remark(folder: Path, talk: Talk) -> None:
    script = folder / "train.py"
    script.write_text(f"{script.read_text()}\nprint('remark: the user wants depth 8')\n")
    talk.say(*BEGIN)
    assert "depth 8" in talk.session.bench.history.trials[0].feedback
    assert "Your remark" not in talk.say("why 0").text


@pytest.mark.slow
def test_why_a_trial_failed_shows_the_message_and_what_failures_share(talk: Talk) -> None:
    talk.say("tune train.py", "always", "try depth=4", "try booster=dart depth=5", "try booster=dart depth=6")
    text = talk.say("why 3").text
    assert "exited with code 1: MemoryError: 17 GB wanted" in text
    assert "Trials 2 failed alike" in text
    assert "All failures, and no finished trial, have `depth` ≥ 5, `booster` = dart" in text


@pytest.mark.slow
def test_facts_are_told_in_templates_without_a_model(talk: Talk) -> None:
    talk.say("tune train.py", "always", "run 5")
    history = talk.session.bench.history
    best = history.incumbent
    assert best is not None
    assert f"{best.value:.6g} (trial {best.number} of 6)" in talk.say("best").text
    assert "more trials are expected to improve val_loss by" in talk.say("how much would 20 more bring?").text
    assert "What moves the value" in talk.say("what matters?").text
    assert "| lr |" in talk.say("compare 0 and 3").text
    assert talk.say("plot").plot is not None
    assert talk.say("plot lr").plot is not None
    asked = talk.say("could you summarise where this stands for my colleague?").text
    assert "Without a language model I can only give the facts:\n\n- Nothing runs." in asked


@pytest.mark.slow
def test_the_exported_script_reproduces_the_best_value(talk: Talk, folder: Path) -> None:
    talk.say(
        "tune train.py", "always", "run 3", "export the best as a script", "export json", "export a report"
    )
    done = subprocess.run([sys.executable, "best_train.py"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reproduced" in done.stdout
    best = talk.session.bench.history.incumbent
    assert best is not None
    assert json.loads((folder / "best_train.json").read_text())["best_value"] == best.value
    report = (folder / "report_train.html").read_text()
    assert report.count("<svg") >= 2
    talk.say("export study")
    assert len(load(f"sqlite:///{folder / 'train.db'}", "train").history) == 4


@pytest.mark.parametrize(
    "metric",
    ["loss{__import__('os').system('touch PWNED')}", 'lo"""; import os; os.system("touch PWNED"); """ss'],
)
def test_a_metric_is_never_code_in_the_exported_script(metric: str, talk: Talk, folder: Path) -> None:
    (folder / "print.py").write_text(f"print({metric!r} + '=0.5')")
    (folder / "run.sh").write_text(f"{shlex.quote(sys.executable)} print.py\n")
    task = {"metric": metric, "direction": "minimize", "description": metric}
    space = {"task": task, "parameters": {"lr": {"type": "float", "low": 0, "high": 1}}}
    (folder / "run.yaml").write_text(json.dumps(space))
    talk.say("/new run.sh space=run.yaml", "always", "/run 1", "always")
    assert "Wrote" in talk.say("/export script").text
    compile((folder / "best_run.py").read_text(), "best_run.py", "exec")
    subprocess.run([sys.executable, "best_run.py"], cwd=folder, capture_output=True)
    assert not (folder / "PWNED").exists()


def test_a_name_that_no_file_can_have_is_an_error_with_the_mend(talk: Talk) -> None:
    talk.say("tune train.py", "always")
    for form in ("script", "study"):
        for name in ("a\0b", "n" * 300, "nowhere/x"):
            said = talk.say(f"/export {form} {name}")
            assert said.kind == "error"
            assert "inside BestGuess" not in said.text
            assert "give another" in said.text or "see whether its folder is there" in said.text


def test_nothing_outside_of_the_folder_is_read_or_written(talk: Talk, folder: Path) -> None:
    (folder.parent / "other.py").write_text("print('loss=1')")
    assert "outside of the session's folder" in talk.say("tune ../other.py").text
    talk.say(*BEGIN)
    for line in ("/export script ../x.py", "/log /tmp/x.md", "/export script train.py", "/log train.py"):
        assert talk.say(line).kind == "error"
    assert "val_loss" in (folder / "train.py").read_text()


def test_a_fault_of_ours_ends_one_turn_and_not_the_conversation(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bestguess.agent.chat.session.understand", lambda text, context: 1 / 0)
    assert "ZeroDivisionError" in talk.say("anything").text
    monkeypatch.undo()
    talk.say(*BEGIN)
    assert talk.session.bench.history.complete


@pytest.mark.slow
def test_a_csv_and_a_column_are_tuned_like_a_script(talk: Talk, folder: Path) -> None:
    rows = "\n".join(f"{n},{n * n % 7},{'yes' if n % 3 else 'no'}" for n in range(60))
    (folder / "rows.csv").write_text("a,b,label\n" + rows)
    talk.say("predict column label in rows.csv")
    assert talk.session.bench.the_plan().task.metric == "accuracy"
    talk.say("yes")
    assert talk.session.bench.history.complete


def test_what_is_not_understood_does_nothing_and_says_what_would_be(talk: Talk) -> None:
    assert "I did not understand" in talk.say("flurb the wibble").text
    assert talk.say("yes").text == "There is no question open."
    assert "did you mean 'narrow'" in talk.say("/narow lr 1..2").text
    assert talk.say("/run ten").kind == "error"
    talk.say(*BEGIN)
    assert talk.say("run -3").text.startswith("/run: n is -3")
    assert "there is no parameter `dept`; did you mean 'depth'?" in talk.say("set dept max to 3").text
    assert "there is no parameter `mode`; there are" in talk.say("don't use mode=c").text
    for line in ("don't use booster=forest", "pin booster=forest", "try booster=forest"):
        assert "booster: 'forest' is not an option" in talk.say(line).text


def test_a_card_that_was_not_answered_is_said_to_be_dropped(talk: Talk) -> None:
    talk.say("tune train.py", "set depth max to 4")
    assert talk.of("remark")[-1].text == "Not answered, so not done: Run train.py once with its defaults?"


def test_a_limit_beyond_the_range_is_said_to_change_nothing(talk: Talk) -> None:
    talk.say("tune train.py", "no", "set depth max to 4", "yes")
    assert talk.say("don't go above depth 4").text.startswith("that changes nothing: depth is within 1..4")
    assert "that changes nothing" in talk.say("don't go above lr 1000").text


@pytest.mark.slow
def test_trials_that_are_wished_for_with_the_script_need_one_card(talk: Talk) -> None:
    talk.say("tune train.py, minimise val_loss, 2 trials")
    assert [card.text for card in talk.of("card")] == ["Run 2 trials?"]
    talk.say("yes")
    assert len(talk.session.bench.history.told) == 2
    assert len(talk.of("card")) == 1


def test_what_is_not_understood_beside_a_script_is_said(talk: Talk) -> None:
    talk.say("tune train.py, minimise val_loss, never the wibble")
    assert "I did not understand *never the wibble*" in " ".join(event.text for event in talk.of("answer"))


def test_a_card_says_which_limit_is_in_force(talk: Talk) -> None:
    talk.say("tune train.py", "no", "set depth max to 4", "yes", "set depth max to 3")
    assert talk.of("card")[-1].fields["lines"][0].endswith("; limit: ≤ 4")


@pytest.mark.parametrize("llm", [DeadLLM(), pytest.param(GarbageLLM(), marks=pytest.mark.slow)])
def test_a_dead_or_babbling_model_changes_nothing_but_a_remark(folder: Path, llm: Any) -> None:
    session = Session(folder, llm=llm, seed=0)
    talk = Talk(session)
    talk.say("tune train.py", "always", "run 3", "flurb the wibble, run 2")
    assert len(session.bench.history.told) == 4
    assert "could not read that" in talk.of("remark")[-1].text
    assert "I did not understand" in talk.of("choice")[-1].text
    session.close()


def test_a_model_that_failed_its_exam_chooses_among_readings_and_its_choice_needs_a_card(
    folder: Path,
) -> None:
    llm = ScriptedLLM(['{"reading": 1}', '{"reading": 0}', '{"reading": 99}', '{"command": "run", "n": 50}'])
    session = Session(folder, llm=llm, seed=0)
    talk = Talk(session)
    talk.say("tune train.py", "yes", "flurb the wibble, run 2")
    assert talk.of("card")[-1].text == "Run 2 trials?"
    request = llm.requests[-1]
    assert request.schema is not None
    assert request.schema["properties"]["reading"]["enum"][0] == 0
    asked = len(talk.of("card"))
    for _ in range(3):
        talk.say("no", "flurb the wibble, run 2")
        assert talk.session.events[-1].kind == "choice"
    assert len(talk.of("card")) == asked
    session.close()


@pytest.mark.slow
def test_a_worded_answer_stands_beside_what_the_surrogate_says_and_an_invented_number_is_not_shown(
    folder: Path,
) -> None:
    true = {"answer": "It goes well.", "claims": [{"parameter": "lr", "better": "higher"}]}
    session = Session(folder, seed=0)
    talk = Talk(session)
    talk.say("tune train.py", "always", "run 5")
    session.bench.model.llm = ScriptedLLM(
        [json.dumps(true), json.dumps({"answer": "It is 4711.", "claims": []})]
    )  # type: ignore[assignment]
    told = talk.say("/ask how is it?").text
    assert "It goes well." in told
    assert "says the model; the Gaussian process" in told
    assert "held a number that no fact has (4711)" in talk.say("/ask and now?").text
    session.close()


@pytest.mark.slow
def test_a_session_is_resumed_where_it_was(folder: Path) -> None:
    first = Talk(Session(folder, seed=0))
    first.say("tune train.py", "always", "run 1", "pin depth=4", "yes", "set the budget to 20 trials")
    first.session.bench.start_trials().pause()
    first.session.bench.start_trials().wanted = 3
    first.session.close()
    with pytest.raises(InputError, match="no session to resume"):
        Session(folder / "..", resume=True)
    second = Talk(Session(folder, resume=True))
    session = second.session
    assert next(event.text for event in session.past if event.kind == "said") == "tune train.py"
    assert len(session.bench.history) == 2
    assert session.bench.agreed.trials == 20
    assert session.bench.the_plan().limits.of["depth"].options == (4,)
    second.say("run 1")
    assert second.of("card")[-1].text == "Run 4 trials?"
    assert "3 of them were still to run" in second.of("card")[-1].fields["lines"]
    second.say("no", "resume")
    assert session.pending is not None, "what was agreed for one session ran code in another"
    assert second.of("card")[-1].text == "Run 3 trials?"
    second.say("always")
    assert len(session.bench.history) == 5
    assert all(trial.params["depth"] == 4 for trial in session.bench.history.trials[2:])
    assert "Taken back" in second.say("undo").text
    session.close()


@pytest.mark.slow
def test_hopeless_runs_are_stopped_early_once_that_is_said_and_agreed_to(talk: Talk, folder: Path) -> None:
    script = (folder / "train.py").read_text()
    epochs = "for epoch in range(8):\n    print(f'val_loss={args.depth + 2.0 ** -epoch}', flush=True)\n"
    slow = "    args.depth < 5 or epoch < 4 or time.sleep(60)\n"
    (folder / "train.py").write_text(script + epochs + slow)
    talk.say("tune train.py", "yes", "could these medians end bad runs", "no")
    assert talk.session.bench.the_plan().pruner == "none"
    talk.say("/pruner medain")
    assert "did you mean" in talk.of("error")[-1].text
    talk.say("/pruner forecast")
    assert "Hopeless trials are stopped early, by forecast" in talk.of("answer")[-1].text
    talk.say("/try depth=1", "always", "/try depth=2", "/try depth=4", "/try depth=5", "/try depth=6")
    states = [trial.state for trial in talk.session.bench.history]
    assert states[:4] == ["complete"] * 4
    assert "pruned" in states[4:]
    assert "stopped at step" in talk.of("trial_finished")[-1].text
    assert "stopped early" in talk.say("cost").text
    assert "could not become the best" in talk.say("why 5").text


@pytest.mark.slow
def test_a_second_study_of_a_script_gets_a_name_of_its_own(talk: Talk) -> None:
    talk.say(*BEGIN, "tune train.py")
    assert talk.session.bench.the_plan().study == "train-2"


def test_every_command_has_help_a_schema_and_a_line_of_usage() -> None:
    wanted = (
        "new scan space goal run ask why best table plot compare importance pin forbid narrow widen try "
        "budget cost model pause resume undo retry export save log doctor help quit"
    )
    assert set(wanted.split()) <= set(REGISTRY)
    for command in REGISTRY.values():
        assert command.summary.endswith(".") or ":" in command.summary
        assert command.arguments.model_json_schema()["type"] == "object"
        assert command.usage.startswith(f"/{command.name}")


@pytest.mark.slow
def test_an_idea_runs_though_the_time_that_was_agreed_before_is_up(talk: Talk) -> None:
    talk.say("tune train.py", "always", "run 1")
    bench = talk.session.bench
    for agreed in (replace(bench.agreed, until=1.0), replace(bench.agreed, trials=1)):
        bench.set_agreed(agreed)
        before = len(bench.history.told)
        talk.say("try depth=4")
        card = talk.of("card")[-1]
        assert card.text.startswith("Run lr=")
        assert card.fields["lines"][-1].endswith("; yes allows it")  # though "always" was said to running it
        talk.say("yes")
        assert len(bench.history.told) == before + 1, agreed


def test_what_runs_until_a_time_is_paused_and_goes_on_until_that_time(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk.say("tune train.py", "always")
    monkeypatch.setenv("NAP_S", "0.3")
    talk.session.say("/run minutes=2")
    until = talk.session.bench.agreed.until
    talk.session.say("/pause")
    assert "until the time is up" in talk.of("answer")[-1].text
    assert talk.session.bench.state.left == 0, "a later session would run as many as never fit"
    talk.session.say("/resume")
    assert talk.of("answer")[-1].text.startswith("Going on until ")
    assert talk.session.bench.agreed.until == until
    talk.session.say("/pause")


def test_the_best_in_few_words_is_of_the_present_study(talk: Talk) -> None:
    talk.say("tune train.py", "always")
    assert talk.session.best_words.startswith("best val_loss")
    talk.say("/fix seed=4", "yes")
    assert talk.session.best_words == ""


def test_the_way_back_names_the_folder_that_a_session_was_begun_in(
    talk: Talk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"`bestguess chat --folder {folder} --resume`" in talk.say("/save").text
    monkeypatch.chdir(folder)
    assert "`bestguess chat --resume`" in talk.say("/save").text
    assert "`bestguess chat --resume`" in talk.say("/quit").text


def test_a_command_whose_argument_has_options_is_one_row_of_the_help(talk: Talk) -> None:
    out = io.StringIO()
    render(CleanConsole(file=out, force_terminal=False, width=110), talk.say("/help"))
    rows = out.getvalue().splitlines()
    assert any("/earlier on|off" in row and "Let the next study begin" in row for row in rows)


def test_a_time_names_its_day_where_that_is_another_one_and_can_be_lifted(talk: Talk) -> None:
    talk.say("tune train.py", "yes")
    assert re.search(r"after \d\d:\d\d on \d\d \w+", talk.say("I have 2 days").text)
    assert "on" not in talk.say("/budget minutes=0.01").text.split("after")[1].split(".")[0]
    talk.say("/budget trials=5")
    assert "/budget minutes=none" in talk.say("no time limit").text
    assert talk.say("/budget minutes=none").text == "Budget: 5 trials in all."
    assert talk.say("/budget trials=none").text == "No budget is set; each run asks."


def test_a_budget_has_no_room_for_more_trials_than_were_agreed(talk: Talk) -> None:
    talk.say("tune train.py", "always", "/budget trials=5")
    assert talk.say("/budget minutes=600").text.endswith("that is room for about 4 trials.")
    assert "room for about 4" in str(talk.say("/run minutes=600"))


def test_a_trial_is_tried_and_a_table_shown_of_what_is_named(talk: Talk) -> None:
    talk.say("tune train.py", "always", "try depth=4", "trial 0 but with dart", "yes")
    assert [trial.params["depth"] for trial in talk.session.bench.history] == [3, 4, 3]
    shown = talk.say("show the trials with dart").text
    assert ("| 2 |" in shown, "| 0 |" in shown) == (True, False)
    assert talk.say("/table booster=dart depth=6").text == "There is no such trial with booster=dart depth=6."
