"""Words said where nobody answers cards."""

from __future__ import annotations

import pytest
from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.unattended import converse


def test_cards_are_answered_as_was_agreed_beforehand_and_what_runs_is_waited_for(talk: Talk) -> None:
    begun = converse(talk.session, "tune train.py", lambda pending: pending.intents[0].command == "run")
    assert len(talk.session.bench.history.told) == 1
    assert begun[-1].kind in ("remark", "state")
    more = converse(talk.session, "run 3", lambda pending: False)
    assert more[-1].text == "Left as it was." or any(e.text == "Left as it was." for e in more)
    assert len(talk.session.bench.history.told) == 1


@pytest.mark.slow
def test_a_question_about_trials_that_are_wished_for_with_it_waits_for_them(talk: Talk) -> None:
    talk.session.attended = False
    said = converse(talk.session, "tune train.py, 3 trials, tell me what matters", lambda pending: True)
    kinds = [event.kind for event in said]
    last_trial = max(at for at, kind in enumerate(kinds) if kind == "trial_finished")
    assert "answer" in kinds[last_trial:]
    assert "importance" in [e.text for e in said if e.kind == "answer"][-1]
    assert talk.session.afterwards == []
