"""Words said where nobody answers cards."""

from __future__ import annotations

from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.exchange import converse


def test_cards_are_answered_as_was_agreed_beforehand_and_what_runs_is_waited_for(talk: Talk) -> None:
    begun = converse(talk.session, "tune train.py", lambda pending: pending.intents[0].command == "run")
    assert begun.refused == ()
    assert len(talk.session.bench.history.told) == 1
    assert begun.events[-1].kind in ("remark", "state")
    more = converse(talk.session, "run 3", lambda pending: False)
    assert more.refused == ("Run 3 trials?",)
    assert more.answer == "Left as it was."
    assert len(talk.session.bench.history.told) == 1
