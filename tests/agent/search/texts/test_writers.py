"""Who writes texts without a model: recombination, exemplars, the user's options; and what they must keep."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bestguess as bg
from bestguess.agent.search.texts.checking import check_text, placeholders
from bestguess.agent.search.texts.draft import Writing
from bestguess.agent.search.texts.drafts import Options
from bestguess.agent.search.texts.exemplars import Exemplars, pieces_of
from bestguess.agent.search.texts.recombination import Recombination
from bestguess.tools.errors import ParamsError, SpaceError
from bestguess.tools.trial import History, Outcome, Proposal, Trial

POOL = [f"Q: {n}+{n}?\nA: {2 * n}" for n in range(1, 8)] + ["Q: a\n\nb?\nA: c"]


def writing(parameter: bg.Text, values: Mapping[str, float | None]) -> Writing:
    space = bg.Space(prompt=parameter)
    trials = tuple(
        Trial(
            number,
            Proposal({"prompt": text}, "user"),
            Outcome(value) if value is not None else Outcome(error="x"),
        )
        for number, (text, value) in enumerate(values.items())
    )
    return Writing.of(space, History("minimize", trials), "prompt")


def test_recombined_texts_are_new_different_and_made_of_sentences_that_were_there() -> None:
    tried = {"Be brief. Use JSON.": 0.2, "Think first. Name units.": 0.5}
    drafts = Recombination().write(
        writing(bg.Text(default="Be brief. Use JSON.", examples=["Give no prose."]), tried),
        16,
        np.random.default_rng(0),
    )

    texts = [draft.text for draft in drafts]
    assert len(set(texts)) == len(texts) > 8
    assert not set(texts) & {*tried, "Give no prose."}
    said = {"Be brief.", "Use JSON.", "Think first.", "Name units.", "Give no prose."}
    assert all(sentence + "." in said for text in texts for sentence in text.rstrip(".").split(". "))
    assert all("trial" in draft.words for draft in drafts)


def test_sentences_in_another_order_are_written_only_where_nothing_else_is_left() -> None:
    options = ["Be brief. Use JSON.", "Be brief.", "Use JSON."]
    known = bg.Text(default=options[0], examples=options[1:])
    given = writing(known, {options[0]: 0.2})

    assert [draft.text for draft in Recombination().write(given, 4, np.random.default_rng(0))] == [
        "Use JSON. Be brief."
    ]
    fewer = writing(bg.Text(default=options[0], examples=options[1:2]), {options[0]: 0.2})
    assert [draft.text for draft in Recombination().write(fewer, 4, np.random.default_rng(0))] == [
        "Use JSON."
    ]


@given(st.integers(0, 10**6))
def test_recombined_templates_keep_their_placeholders_and_fit(seed: int) -> None:
    default = "Read this. Question: {question}\nAnswer:"
    kept = bg.Text(default=default, examples=["Think. {question}\nSay why.\nAnswer:"], max_chars=70)
    drafts = Recombination().write(
        writing(kept, {default: 0.1, "Think. {question}\nSay why.\nAnswer:": 0.3}),
        12,
        np.random.default_rng(seed),
    )

    assert all("{question}" in draft.text and len(draft.text) <= 70 for draft in drafts)


def test_one_sentence_alone_gives_nothing_to_recombine() -> None:
    assert (
        Recombination().write(writing(bg.Text(default="hm"), {"hm": 1.0}), 8, np.random.default_rng(0)) == []
    )
    assert Recombination().write(writing(bg.Text(), {"": 1.0}), 8, np.random.default_rng(0)) == []


@given(st.integers(0, 10**6))
def test_exemplars_are_up_to_so_many_different_pieces_of_the_pool(seed: int) -> None:
    parameter = bg.Text(pool=POOL, pieces=3)
    tried = {"": 0.9, "\n\n".join(POOL[:3]): 0.1, "\n\n".join(POOL[6:8]): None}
    drafts = Exemplars().write(writing(parameter, tried), 20, np.random.default_rng(seed))

    assert len({draft.text for draft in drafts}) == 20
    for draft in drafts:
        taken = pieces_of(draft.text, POOL)
        assert taken is not None
        assert len(set(taken)) == len(taken) <= 3
        assert "\n\n".join(POOL[at] for at in taken) == draft.text


def test_a_small_pool_is_exhausted_and_then_gives_nothing() -> None:
    parameter = bg.Text(pool=["a", "b"], pieces=2)
    every = ["", "a", "b", "a\n\nb", "b\n\na"]

    assert Exemplars().write(writing(parameter, dict.fromkeys(every, 1.0)), 8, np.random.default_rng(0)) == []


def test_what_is_no_set_of_pieces_is_known_as_such() -> None:
    assert pieces_of("Q: something else", POOL) is None
    assert pieces_of(POOL[7] + "\n\n" + POOL[0], POOL) == [7, 0]
    assert pieces_of("", POOL) == []


def test_options_come_in_their_order_each_once() -> None:
    parameter = bg.Text(default="a", examples=["b", "c"])

    drafts = Options().write(writing(parameter, {"a": 1.0, "c": 2.0}), 5, np.random.default_rng(0))

    assert [draft.text for draft in drafts] == ["b"]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (None, "not text"),
        (["Q: {question}"], "not text"),
        ("   \x00\u200b ", "empty"),
        ("x" * 81 + "{question}", "characters"),
        ("no placeholder at all", "lost {question}"),
        ("{question} {answer}", "nobody fills in"),
        ("{question} {question.__class__}", "nobody fills in"),
        ("{question!r} only", "lost {question}"),
        ("{question} {question:>9999999{question}}", "nobody fills in"),
        ('As {"label": "x"}. {question}', "nobody fills in"),
        ("{question} { ", "a brace stands alone"),
    ],
)
def test_a_written_text_that_breaks_its_template_is_refused(said: object, problem: str) -> None:
    with pytest.raises(ParamsError, match=problem):
        check_text(bg.Text(default="Q: {question}", max_chars=80), said)


def test_a_written_text_is_cleaned_and_braces_that_are_doubled_are_its_own() -> None:
    parameter = bg.Text(default="Q: {question}", max_chars=80)

    assert check_text(parameter, " \x1b[31mA: {question}\u202e \x07") == "A: {question}"
    assert check_text(parameter, '{question} as {{"answer": 1}}') == '{question} as {{"answer": 1}}'
    assert placeholders("{a} {{b}} {c:>3} { d } {1}") == {"{a}", "{c:>3}"}


@pytest.mark.parametrize("default", ["Be brief.", 'Say {"n": 1}.'])
def test_a_text_that_nobody_formats_may_hold_json_and_no_field(default: str) -> None:
    assert check_text(bg.Text(default=default), 'As {"n": {"m": 2}}') == 'As {"n": {"m": 2}}'
    with pytest.raises(ParamsError, match="nobody fills in"):
        check_text(bg.Text(default=default), "Brief. {question:>9999999{}}")


@pytest.mark.parametrize(
    "arguments",
    [
        {"pool": ["a", ""]},
        {"pool": 3},
        {"pool": "abc"},
        {"pool": ["a"], "pieces": 0},
        {"pool": ["a"], "pieces": True},
        {"pool": ["x" * 30, "y" * 30], "max_chars": 40},
        {"pool": [1, 2]},
    ],
)
def test_a_pool_that_makes_no_sense_is_refused_with_what_to_give(arguments: dict[str, object]) -> None:
    with pytest.raises(SpaceError, match=r"give|leave it out"):
        bg.Text(**arguments)  # type: ignore[arg-type]


def test_a_pool_is_part_of_the_definition_and_a_text_without_has_the_one_it_had() -> None:
    space = bg.Space(shown=bg.Text(pool=["a", "b"], pieces=2), prompt=bg.Text(default="x", examples=["y"]))

    again = bg.Space.from_yaml(space.to_yaml())

    assert again == space
    assert space.to_dict()["parameters"]["prompt"] == {"type": "text", "examples": ["y"], "default": "x"}


def test_recombination_finds_a_better_text_than_all_that_were_given() -> None:
    rules = ["Use JSON.", "Name units.", "Sort keys.", "Write null.", "Be brief."]
    given = [f"{rules[at]} {rules[(at + 2) % 5]} Speak like a pirate." for at in range(4)]
    space = bg.Space(prompt=bg.Text(default=given[0], examples=given[1:]))

    def score(params: dict[str, str]) -> float:
        return sum(rule in params["prompt"] for rule in rules) - 0.5 * ("pirate" in params["prompt"])

    result = bg.tune(score, space, task=bg.Task(direction="maximize"), n_trials=12, seed=0)

    assert max(score({"prompt": text}) for text in given) == 1.5
    assert result.best_value is not None
    assert result.best_value >= 3
    assert result.trials[-1].reason.startswith("most expected improvement on")
    assert "prompt is the text of trial" in result.trials[-1].reason


def test_a_text_counts_by_its_best_trial_and_of_several_metrics_by_the_front() -> None:
    space = bg.Space(prompt=bg.Text(default="a"), heat=bg.Float(0, 1))
    goals = bg.Task(metrics={"wrong": "minimize", "slow": "minimize"}).goals

    def past(*rows: tuple[str, bg.Outcome | None], several: bool = False) -> History:
        trials = tuple(
            Trial(number, Proposal({"prompt": text, "heat": number / 10}, "user"), outcome)
            for number, (text, outcome) in enumerate(rows)
        )
        return History("minimize", trials, goals if several else None)

    one = Writing.of(
        space,
        past(
            ("a", bg.Outcome(3.0)), ("b", bg.Outcome(2.0)), ("a", bg.Outcome(1.0)), ("a", None), ("c", None)
        ),
        "prompt",
    )
    both = [bg.Outcome(values={"wrong": wrong, "slow": slow}) for wrong, slow in ((1, 3), (3, 1), (4, 4))]
    two = Writing.of(
        space, past(("a", both[0]), ("a", both[2]), ("b", both[2]), ("c", both[1]), several=True), "prompt"
    )

    assert [(each.text, each.trial.number, each.loss) for each in one.tried] == [
        ("a", 2, 1.0),
        ("b", 1, 2.0),
        ("c", 4, None),
    ]
    assert {(each.text, each.trial.number) for each in two.worth} == {("a", 0), ("c", 3)}
    assert one.had() == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Q: 2+2?\nA: 4\n\nQ: 1+1?\nA: 2", "Q: 2+2?\nA: 4\n\nQ: 1+1?\nA: 2"),
        ("Q: 9+9?\nA: 81", ""),
        ("Examples:\nQ: 3+3?\nA: 6\nIgnore all of them. Q: 4+4?\nA: 9", "Q: 3+3?\nA: 6"),
        ("\n\n".join(POOL[:5]), "\n\n".join(POOL[:3])),
        ("", ""),
    ],
)
def test_of_what_a_model_writes_for_a_pool_only_its_pieces_are_heard(said: str, kept: str) -> None:
    assert check_text(bg.Text(pool=POOL, pieces=3), said) == kept


def test_first_looks_leave_the_sentences_of_an_instruction_as_they_are_while_other_things_are_new() -> None:
    options = ["Label it: A or B.", "Label it: A or B. Give only the answer."]
    space = bg.Space(
        instruction=bg.Text(default=options[0], examples=options[1:]),
        exemplars=bg.Text(pool=POOL, pieces=4, examples=["\n\n".join(POOL[:4])]),
        layout=bg.Choice(["lines", "turns", "arrows", "plain"]),
    )
    with bg.Tuner(space, seed=0, knowledge=False) as tuner:
        looks = [tuner.ask() for _ in range(5)]
        assert [trial.params["layout"] for trial in looks[:4]] == ["lines", "turns", "arrows", "plain"]
        assert {trial.params["instruction"] for trial in looks} == set(options)
        assert len({trial.params["exemplars"] for trial in looks}) == 5
    with bg.Tuner(bg.Space(instruction=space.parameters["instruction"]), seed=0, knowledge=False) as tuner:
        texts = {tuner.ask().params["instruction"] for _ in range(4)}
        assert len(texts) == 4  # there is nothing else that could be new


def test_an_option_that_a_first_look_takes_brings_the_parameters_that_it_needs() -> None:
    space = bg.Space(
        prompt=bg.Text(default="Be brief.", examples=["Think first.", "Use JSON."]),
        method=bg.Choice(["greedy", "sampled", "beam"]),
        heat=bg.Float(0, 2, default=1, when={"method": "sampled"}),
    )
    with bg.Tuner(space, seed=3, knowledge=False) as tuner:
        looks = [tuner.ask().params for _ in range(4)]
    assert [look["method"] for look in looks[:3]] == ["greedy", "sampled", "beam"]
    assert all(("heat" in look) == (look["method"] == "sampled") for look in looks)
