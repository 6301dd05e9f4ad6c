from __future__ import annotations

import json

import bestguess as bg
from bestguess.agent.reports.insight import gain_insight, write_insight

SPACE = bg.Space(x=bg.Float(0, 1, default=0.9), kind=bg.Choice(["a", "b"]))


def told(n: int) -> bg.History:
    """A bowl around x = 0.3 that does not care for the kind, maximized upside down."""
    trials = []
    for number in range(n):
        x = number / n
        params = {"x": x, "kind": "ab"[number % 2]}
        trials.append(bg.Trial(number, bg.Proposal(params, "random"), bg.Outcome(5.0 - (x - 0.3) ** 2)))
    return bg.History("maximize", tuple(trials))


def test_the_parameter_that_matters_comes_first_and_its_effect_peaks_where_the_value_does() -> None:
    first, last = gain_insight(SPACE, told(12))

    assert (first.importance.name, last.importance.name) == ("x", "kind")
    assert first.importance.mean > 0.8 > 0.1 > last.importance.mean
    assert abs(first.effect.values[first.effect.median.argmax()] - 0.3) <= 0.125
    assert 4.0 < first.effect.median.min() < first.effect.median.max() < 5.1


def test_a_parameter_with_one_value_so_far_is_said_to_be_unvaried() -> None:
    trials = [
        bg.Trial(n, bg.Proposal({"x": n / 5, "kind": "a"}, "random"), bg.Outcome(n / 5)) for n in range(5)
    ]

    insights = {
        one.importance.name: one for one in gain_insight(SPACE, bg.History("minimize", tuple(trials)))
    }

    assert insights["x"].varied
    assert not insights["kind"].varied
    assert "not varied yet" in insights["kind"].share
    assert "not varied yet" not in insights["x"].share
    assert list(insights) == ["x", "kind"]


def test_of_what_cannot_be_told_from_doing_nothing_that_is_said_at_every_share() -> None:
    x, kind = gain_insight(SPACE, told(12))

    assert "alone perhaps nothing" in kind.share
    assert "alone perhaps nothing" not in x.share
    assert [one.record["apart"] for one in (x, kind)] == [True, False]


def test_what_no_two_trials_differ_in_comes_last_however_much_it_may_matter() -> None:
    params = [{"x": 0.5, "kind": "ab"[n % 2]} for n in range(6)]
    trials = [
        bg.Trial(n, bg.Proposal(each, "random"), bg.Outcome(1 + n / 100)) for n, each in enumerate(params)
    ]

    first, last = gain_insight(SPACE, bg.History("minimize", tuple(trials)))

    assert (first.importance.name, last.importance.name) == ("kind", "x")
    assert last.importance.mean > first.importance.mean


def test_the_words_name_every_category_and_the_record_is_json() -> None:
    insights = gain_insight(SPACE, told(12))

    words = write_insight(insights, "accuracy")
    assert "| accuracy |" in words
    assert "a: 4." in words
    assert "b: 4." in words
    assert json.loads(json.dumps([one.record for one in insights]))[0]["effect"]["values"][0] == 0.0


def test_all_categories_are_named_and_a_text_does_not_break_the_table() -> None:
    space = bg.Space(k=bg.Choice([None, "a", "b", "c", "d"]), note=bg.Text(default="one\ntwo | three"))
    trials = []
    for number in range(20):
        params = {"k": [None, "a", "b", "c", "d"][number % 5], "note": "one\ntwo | three"}
        value = 1.0 + (params["k"] == "c")
        trials.append(bg.Trial(number, bg.Proposal(params, "random"), bg.Outcome(value)))

    words = write_insight(gain_insight(space, bg.History("minimize", tuple(trials))), "loss")

    row = next(line for line in words.splitlines() if line.startswith("| k |"))
    assert all(f"{name}: " in row for name in ("None", "a", "b", "c", "d"))
    assert "one two / three: " in words


def test_running_trials_and_noise_are_taken_into_account() -> None:
    history = told(6)
    running = tuple(bg.Trial(6 + i, bg.Proposal({"x": i / 20, "kind": "b"}, "gp")) for i in range(20))
    beside = bg.History("maximize", (*history.trials, *running))

    alone = gain_insight(SPACE, history)

    assert [one.importance for one in gain_insight(SPACE, beside)] == [one.importance for one in alone]
    assert gain_insight(SPACE, history, noisy=True)[0].importance != alone[0].importance


def test_before_two_values_nothing_is_known_and_the_words_say_so() -> None:
    assert gain_insight(SPACE, told(1)) == ()
    assert "before 2 trials" in write_insight((), "loss")
