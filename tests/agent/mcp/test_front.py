"""Several metrics and limits, as an agent has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from mcp.client import Client
from tests.agent.mcp.client import call, refusal, run_inside

SPACE = {"parameters": {"x": {"type": "float", "low": 0, "high": 1}}}
METRICS = {"loss": "minimize", "speed": "maximize"}


@pytest.mark.slow
def test_an_agent_tells_values_and_gets_the_front_and_a_best_by_preference(tmp_path: Path) -> None:
    async def script(client: Client) -> None:
        made = await call(
            client,
            "create_study",
            study_name="s",
            space=SPACE,
            metrics=METRICS,
            limits={"memory": "<= 4"},
            seed=0,
        )
        assert (made["metrics"], made["limits"]) == (METRICS, {"memory": "<= 4"})
        for number, (loss, speed, memory) in enumerate([(1, 1, 1), (2, 2, 1), (0, 3, 9)]):
            await call(client, "ask")
            told = await call(
                client, "tell", number=number, values={"loss": loss, "speed": speed, "memory": memory}
            )
            assert told["trial"]["values"] == {"loss": loss, "speed": speed, "memory": memory}
        best = await call(client, "best")
        assert best["trial"] is None
        assert [trial["number"] for trial in best["front"]] == [0, 1]
        assert "nothing says what is best" in best["note"]
        preferred = await call(client, "best", prefer={"speed": 1})
        assert preferred["trial"]["number"] == 1
        opinion = await call(client, "verify", params={"x": 0.123})
        assert "likely to keep memory <= 4" in opinion["sentence"]
        await call(client, "ask")
        assert "no value of memory" in await refusal(client, "tell", number=3, values={"loss": 1, "speed": 1})
        assert "no value of speed" in await refusal(client, "tell", number=3, value=1)
        assert "prefer names 'los'" in await refusal(client, "best", prefer={"los": 1})
        bad = await refusal(client, "create_study", study_name="t", space=SPACE, limits={"memory": "many"})
        assert "give '<= NUMBER'" in bad
        assert "choose another study name" in await refusal(
            client, "create_study", study_name="s", space=SPACE
        )

    run_inside(tmp_path, script)
