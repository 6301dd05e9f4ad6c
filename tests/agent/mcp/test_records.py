"""What an MCP client reads of a trial."""

from __future__ import annotations

from bestguess.agent.mcp.records import TrialRecord
from bestguess.tools.suggestion import Suggestion
from bestguess.tools.trial import Outcome, Proposal, Trial


def test_a_trial_has_what_a_model_advised_with_it() -> None:
    advised = Suggestion("fix", "12 only", "depth", value=12)
    trial = Trial(3, Proposal({"depth": 12}, "llm", "a guess", suggestion=advised), Outcome(0.5))
    assert TrialRecord.of(trial).advice == {
        "kind": "fix",
        "parameter": "depth",
        "value": 12,
        "why": "12 only",
    }
    assert TrialRecord.of(Trial(4, Proposal({"depth": 3}, "gp", ""), Outcome(0.4))).advice is None
