from __future__ import annotations

from bestguess.tools.trial import History, Outcome, Proposal, Source, Trial
from bestguess.tools.trust import MAX_SHARE, WINDOW, Trust, earned, has_turn


def history(*trials: tuple[Source, float | None]) -> History:
    return History(
        "minimize",
        tuple(
            Trial(number, Proposal({}, source), Outcome.failure("x") if value is None else Outcome(value))
            for number, (source, value) in enumerate(trials)
        ),
    )


def test_a_source_is_paid_for_new_bests_and_for_nothing_else() -> None:
    told = history(("default", 1.0), ("llm", 0.8), ("llm", 0.9), ("gp", 0.5), ("llm", 0.6), ("llm", None))
    assert earned(told, "llm") == Trust(tried=4, paid=1)


def test_only_the_latest_tries_count() -> None:
    told = history(("llm", 9.0), *(("llm", 9.5) for _ in range(WINDOW)))
    assert earned(told, "llm") == Trust(tried=WINDOW, paid=0)


def test_the_share_is_a_minority_and_never_zero() -> None:
    assert Trust(0, 0).share == MAX_SHARE
    assert Trust(8, 8).share == MAX_SHARE < 0.5
    assert 0 < Trust(8, 0).share < Trust(8, 2).share < MAX_SHARE


def test_turns_held_over_a_long_search_match_the_share() -> None:
    for trust in (Trust(8, 0), Trust(8, 2), Trust(8, 8)):
        held = 0
        for trials in range(300):
            held += has_turn(trust, held, trials)
        assert abs(held / 300 - trust.share) < 0.02
