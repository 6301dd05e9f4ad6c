"""Which packs speak of a task, what they say, and that they say it whatever is asked of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bestguess as bg
from bestguess.agent.advice.knowledge import Knowledge, find_packs, gather, know, read_knowledge
from bestguess.agent.advice.pack import Pack, load_packs
from bestguess.agent.record.study import load
from bestguess.agent.testing import ScriptedLLM
from bestguess.tools.search.prior import Interval

PACK = """---
family: ovens
words: [oven, Backofen]
parameters:
  heat: {also: [temperature], float: [180, "min(20 * rows, 230)"], int: [180, 230]}
  mode: {choice: {fan: 3, grill: 1}}
  minutes: {int: [20, 40]}
---
Not too hot.
"""
OVEN = bg.Space(
    heat=bg.Float(50, 300, default=100), mode=bg.Choice(["grill", "fan"]), minutes=bg.Int(1, 90, default=60)
)
FOREST = bg.Space(
    n_estimators=bg.Int(10, 1000, default=100),
    max_features=bg.Float(0.01, 1.0),
    min_samples_leaf=bg.Int(1, 50),
)


def families(space: bg.Space, words: str) -> list[str]:
    return [pack.family for pack in find_packs(space, bg.Task(words), load_packs())]


def test_a_pack_is_called_by_a_word_and_speaks_of_parameters_it_knows() -> None:
    known = know(OVEN, bg.Task("bake in the oven", facts={"rows": 10}), [Pack.parse(PACK, "p")])

    assert known is not None
    assert known.families == ("ovens",)
    assert known.beliefs["heat"] == Interval(180, 200)
    assert known.beliefs["mode"] == {"fan": 3.0, "grill": 1.0}


@pytest.mark.parametrize("words", ["bake it", "a woven rug", "ovenly"])
def test_a_word_within_another_does_not_call(words: str) -> None:
    few = bg.Space(heat=bg.Float(50, 300), other=bg.Float(0, 1), third=bg.Float(0, 1))

    assert know(few, bg.Task(words), [Pack.parse(PACK, "p")]) is None


def test_without_a_word_it_must_know_most_of_the_parameters() -> None:
    pack = Pack.parse(PACK, "p")
    more = bg.Space({name: bg.Float(0, 1) for name in ("heat", "mode", "minutes", "a", "b", "c")})

    assert know(OVEN, bg.Task(), [pack]) is not None
    assert know(more, bg.Task(), [pack]) is None


@pytest.mark.parametrize("name", ["temperature", "oven__heat", "oven.heat", "Heat", "heat_2"])
def test_other_names_and_pipeline_steps_are_understood(name: str) -> None:
    space = bg.Space({name: bg.Float(50, 300)})

    known = know(space, bg.Task("oven"), [Pack.parse(PACK, "p")])

    assert known is not None
    assert set(known.beliefs) == {name}


def test_names_that_mean_nothing_match_nothing() -> None:
    space = bg.Space({f"p{number}": bg.Float(0, 1) for number in range(1, 9)})

    assert families(space, "") == []
    assert families(space, "Tune a random forest") == []


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("Tune scikit-learn's RandomForestClassifier on wine", "random forests"),
        ("an SVM with the RBF kernel", None),
        ("XGBoost on sales", "XGBoost"),
        ("Tune it", None),  # forests and boosting know as much of these
    ],
)
def test_shipped_packs_answer_to_their_names(words: str, first: str | None) -> None:
    assert next(iter(families(FOREST, words)), None) == first


def test_a_refining_pack_speaks_first_and_only_with_the_family_it_refines() -> None:
    space = bg.Space(learning_rate_init=bg.Float(1e-5, 1, log=True), momentum=bg.Float(0, 1))
    both = families(space, "a multi-layer perceptron, trained by stochastic gradient descent")

    assert both[0].startswith("perceptrons trained by plain")
    assert both[1] == "multi-layer perceptrons on tables"
    assert families(space, "a linear model, trained by stochastic gradient descent") == []


def test_every_shipped_pack_has_advice_sources_and_numbers_for_any_data() -> None:
    for pack in load_packs():
        assert "## Sources" in pack.advice, pack.origin
        assert len(pack.advice) > 200
        for facts in ({"rows": 30, "features": 2}, {"rows": 10**8, "features": 10**5}):
            space = bg.Space({name: bg.Float(0, 1e9) for name in pack.entries})
            for belief in pack.beliefs(space, facts).values():
                assert not isinstance(belief, Interval) or belief.low <= belief.high


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no front matter", "begin it with ---"),
        ("---\nfamily: x\n---\nadvice", "has no words; give a list of words"),
        (PACK.replace("[20, 40]", "[40, 20]"), r"\[40, 20\] for int minutes: 40 is above 20"),
        (PACK.replace("[20, 40]", '["__import__(1)", 2]'), "int minutes"),
        (PACK.replace("[20, 40]", '["rows / 0", 2]'), "int minutes"),
        (PACK.replace("{int: [20", "{itn: [20"), "'itn' for minutes; did you mean 'int'"),
        (PACK.replace("[oven, Backofen]", "oven"), "words 'oven'; give a list"),
        (PACK.replace("[oven, Backofen]", "[oven"), r"mine\.md:\d: .*not valid YAML"),
        (PACK.replace("{choice: {fan: 3, grill: 1}}", "[fan]"), "has parameters .*; give each a mapping"),
        (PACK.replace("fan: 3", "fan: -3"), "choice mode: give weights of options, none below 0"),
        (
            PACK.replace("words:", "refines: stoves\nwords:"),
            "refines 'stoves', which is no family; there are",
        ),
        (PACK.replace("minutes: {", "minutes: {also: [mode], "), "two entries for mode; name it in one"),
        (PACK.replace("words:", "portfolio: {heat: 200}\nwords:"), "portfolio .*; give a list of at most 8"),
        (
            PACK.replace("words:", "portfolio: [fan]\nwords:"),
            "configuration 1 of the portfolio .*'fan' is no",
        ),
        (
            PACK.replace("words:", "portfolio: [{heat: 200}, {haet: 200}]\nwords:"),
            r"configuration 2 of .*mine\.md: it has no parameter 'haet'; did you mean 'heat'",
        ),
        (PACK.replace("words:", "portfolio: [{heat: 1, temperature: 2}]\nwords:"), "temperature twice"),
        (
            PACK.replace("words:", "portfolio: [{minutes: [1, 2]}]\nwords:"),
            r"\[1, 2\] for minutes: give a num",
        ),
        (
            PACK.replace("words:", "portfolio: [{minutes: hot}]\nwords:"),
            "'hot' for minutes: nothing is known",
        ),
        (PACK.replace("words:", "portfolio: [{mode: .nan}]\nwords:"), "nan for mode: give a number, a word"),
        (PACK.replace("words:", "portfolio: [{heat: {itn: 3}}]\nwords:"), "there is no kind 'itn'; it knows"),
        (PACK.replace("words:", "learned_on: -3\nwords:"), "learned_on -3; give how many data sets"),
        (PACK.replace("words:", "learned_on: true\nwords:"), "learned_on True; give how many data sets"),
    ],
)
def test_a_file_that_is_no_pack_is_named_with_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "mine.md").write_text(text)

    with pytest.raises(bg.InputError, match=words) as caught:
        load_packs(tmp_path)
    assert "mine.md" in str(caught.value)


@pytest.mark.parametrize("words", ["", "XGBoost on our churn data", "quite something else"])
def test_a_pack_that_is_named_as_a_file_speaks_first_whatever_the_task_is_called(
    words: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.md"
    file.write_text("---\nfamily: mine\nwords: [zebra]\nparameters:\n  lr: {float: [0.2, 0.3]}\n---\n")
    space = bg.Space(lr=bg.Float(0.01, 1.0), max_depth=bg.Int(1, 12))
    known = gather(space, bg.Task(words), file)
    assert known is not None
    assert known.families[0] == "mine"
    assert known.beliefs["lr"] == Interval(0.2, 0.3)
    with pytest.raises(bg.InputError, match=r"mine\.md knows nothing of heat, only of lr"):
        gather(bg.Space(heat=bg.Float(0, 1)), bg.Task(words), file)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(bg.InputError, match="nowhere"):
        bg.Tuner(OVEN, knowledge=tmp_path / "nowhere")
    with pytest.raises(bg.InputError, match=r"has no \*.md file"):
        bg.Tuner(OVEN, knowledge=tmp_path)


def test_knowledge_survives_being_written_down() -> None:
    known = Knowledge(("a",), {"x": Interval(0.5, 2.0), "y": {True: 1.0, None: 2.0, "s": 3.0}})
    configurations: tuple[dict[str, Any], ...] = ({"x": 1.5, "y": None}, {"y": "s", "z": 3}, {})

    for one in (known, replace(known, portfolio=configurations, learned_on=9)):
        assert Knowledge.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    assert known.to_dict().keys() == {"families", "beliefs", "advice"}  # as older records are


@pytest.mark.parametrize("value", [float("nan"), [1], {"float": 1.0}])
def test_configurations_that_nobody_wrote_so_are_refused(value: Any) -> None:
    with pytest.raises(bg.InputError, match="it was not written so"):
        Knowledge.from_dict({"families": ["a"], "beliefs": {}, "portfolio": [{"x": value}]})


def test_knowledge_of_nobody_is_refused() -> None:
    with pytest.raises(bg.InputError, match="it was not written so"):
        Knowledge.from_dict({"families": [], "beliefs": {"x": {"low": 0.0, "high": 1.0}}})


def first_trials(**arguments: Any) -> list[bg.Trial]:
    with bg.Tuner(OVEN, bg.Task("the oven"), seed=0, **arguments) as tuner:
        for _ in range(5):
            tuner.tell(tuner.ask(), 1.0)
        return list(tuner.history.trials)


def test_the_first_trials_after_the_default_are_what_is_known_to_work(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text(PACK)

    with_pack, without = first_trials(knowledge=tmp_path), first_trials(knowledge=False)

    assert with_pack[0].source == without[0].source == "default"
    assert with_pack[1].source == "knowledge"
    assert with_pack[1].params["mode"] == "fan"
    assert 180 <= with_pack[1].params["heat"] <= 230
    assert "what is known of ovens" in with_pack[1].reason
    assert [trial.source for trial in with_pack[1:4]] == ["knowledge", "knowledge", "gp"]
    assert {trial.source for trial in without[1:]} <= {"random", "gp"}


def test_what_packs_say_of_values_off_the_range_is_recorded_as_left_out(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text(PACK)
    space = bg.Space({**OVEN.parameters, "heat": bg.Float(10, 100)})
    url = f"sqlite:///{tmp_path / 's.db'}"

    result = bg.tune(
        lambda params: float(params["heat"]), space, task=bg.Task("the oven"), n_trials=1, knowledge=tmp_path,
        storage=url, study_name="s",
    )  # fmt: skip

    words = "known to work for heat is 180 to 230, which its range does not hold; it is left out"
    assert words in result.report()
    assert "- Packs of knowledge: ovens" in result.report()
    kept = read_knowledge(load(url, "s").knowledge, "s")
    assert kept is not None
    assert kept.unused == (words,)
    assert kept.beliefs.keys() == {"mode", "minutes"}


@pytest.mark.slow
def test_a_study_goes_on_with_what_was_known_when_it_began(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text(PACK)
    where: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s"}
    first_trials(knowledge=tmp_path, **where)

    again = bg.Tuner(OVEN, bg.Task("the oven"), knowledge=False, **where)

    assert again.study.knowledge is not None
    assert again.study.knowledge["families"] == ["ovens"]
    assert load(where["storage"], "s").knowledge == again.study.knowledge


def test_a_pack_whose_middle_is_the_default_all_but_exactly_gives_a_draw_instead(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text(PACK)
    space = bg.Space(heat=bg.Float(50, 300, default=205), mode=bg.Choice(["fan", "grill"]))

    with bg.Tuner(space, bg.Task("oven"), knowledge=tmp_path, seed=0) as tuner:
        default, second = (tuner.tell(tuner.ask(), 1.0) for _ in range(2))

    assert second.source == "knowledge"
    assert abs(second.params["heat"] - default.params["heat"]) > 1


def test_a_pack_of_ones_own_stands_for_the_shipped_one_of_its_family(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text(
        "---\nfamily: random forests\nwords: [random forest]\n"
        "parameters: {max_features: {float: [0.9, 0.95]}}\n---\nOurs are odd.\n"
    )

    known = know(FOREST, bg.Task("a random forest"), load_packs(tmp_path))

    assert known is not None
    assert known.beliefs == {"max_features": Interval(0.9, 0.95)}


def test_before_its_first_guesses_a_model_reads_what_packs_say_but_no_sources(tmp_path: Path) -> None:
    (tmp_path / "reactor.md").write_text(
        "---\nfamily: reactors\nwords: [reactor]\nparameters:\n  flux: {float: [0.2, 0.4]}\n---\n"
        "- More flux melts the core.\n\n## Sources\nNobody, 1999.\n"
    )
    space = bg.Space(flux=bg.Float(0, 1), rods=bg.Int(1, 9), coolant=bg.Choice(["water", "salt"]))
    task = bg.Task("A reactor.")
    llm = ScriptedLLM(['{"flux": 0.3, "rods": 4, "coolant": "salt"}'])

    with bg.Tuner(space, task, llm=llm, knowledge=tmp_path, seed=0) as tuner:
        for _ in range(3):
            tuner.tell(tuner.ask(), 1.0)
        kept = read_knowledge(tuner.study.knowledge, tuner.study.name)
    assert kept is not None
    assert kept.advice == "Usually good: flux 0.2 to 0.4.\n- More flux melts the core."
    bg.warm_start(space, task, n=3, llm=llm, knowledge=tmp_path)
    prompts = [request.messages[-1].content for request in llm.requests]
    assert len(prompts) == 2
    assert all(kept.advice in prompt for prompt in prompts)
