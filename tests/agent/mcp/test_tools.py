"""The MCP server, as the official client sees it, over both transports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx2
import mcp_types
import optuna
import psutil
import pytest
from mcp import MCPError
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from tests.agent.mcp.client import Script, call, refusal, run_inside

import bestguess as bg
from bestguess.agent.mcp.http import TOKEN_VARIABLE
from bestguess.agent.record.study import load

N_TRIALS = 20
SPACE = {
    "parameters": {
        "x": {"type": "float", "low": -2, "high": 2, "default": 1.5},
        "n": {"type": "int", "low": 1, "high": 6},
        "kind": {"type": "choice", "options": ["a", "b"]},
    }
}
COMMAND = [sys.executable, "-m", "bestguess.agent.cli", "mcp"]

TOKEN = "a-token-that-is-long-enough"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def bowl(params: dict[str, Any]) -> float:
    return float(params["x"] ** 2 + 0.1 * (params["n"] - 4) ** 2 + 0.5 * (params["kind"] == "b"))


async def read(client: Client, uri: str) -> str:
    """Read a resource that is text."""
    content = (await client.read_resource(uri)).contents[0]
    assert isinstance(content, mcp_types.TextResourceContents)
    return content.text


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], None]:
    """Runs a script against a server within this process."""
    monkeypatch.chdir(tmp_path)
    return partial(run_inside, tmp_path)


def test_every_tool_has_a_description_and_a_schema_of_what_it_takes_and_gives(
    inside: Callable[[Script], None],
) -> None:
    async def script(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {
            "list_studies", "create_study", "ask", "tell", "warm_start", "best", "history", "importance",
            "report", "export", "verify", "widen", "report_step", "scan_script", "why", "compare", "outlook",
            "cost", "experiment_record", "experiment_keep", "experiment_tried", "experiment_next",
            "experiment_stop", "experiment_report",
        }  # fmt: skip
        assert all(tool.description for tool in tools.values())
        assert all(tool.input_schema["additionalProperties"] is False for tool in tools.values())
        assert all(tool.output_schema for tool in tools.values())
        templates = await client.list_resource_templates()
        assert {one.uri_template.rpartition("/")[2] for one in templates.resource_templates} == {
            "space", "history", "report",
        }  # fmt: skip

    inside(script)


def test_studies_are_listed_with_what_cannot_be_read(
    inside: Callable[[Script], None], tmp_path: Path
) -> None:
    async def script(client: Client) -> None:
        assert await call(client, "list_studies") == {"studies": []}
        await call(client, "create_study", study_name="s", space=SPACE, metric="loss", description="A bowl")
        asked = await call(client, "ask")
        await call(client, "tell", number=asked["trials"][0]["number"], value=2.0)
        optuna.create_study(study_name="other", storage=f"sqlite:///{tmp_path / 's.db'}")
        listed = {one["study_name"]: one for one in (await call(client, "list_studies"))["studies"]}
        assert (listed["s"]["trials"], listed["s"]["best_value"], listed["s"]["metric"]) == (1, 2.0, "loss")
        assert "was not made by BestGuess" in listed["other"]["problem"]

    inside(script)


def test_a_study_begins_with_the_earlier_ones_that_are_named(inside: Callable[[Script], None]) -> None:
    async def script(client: Client) -> None:
        await call(client, "create_study", study_name="old", space=SPACE)
        for x in (-1.0, 0.0, 1.5):
            params = {"x": x, "n": 4, "kind": "a"}
            await call(client, "tell", study_name="old", params=params, value=bowl(params))
        reasons = []
        for name, earlier in (("new", ["old"]), ("alone", False)):
            await call(client, "create_study", study_name=name, space=SPACE, earlier=earlier, seed=0)
            first = (await call(client, "ask", study_name=name))["trials"][0]
            await call(client, "tell", study_name=name, number=0, value=bowl(first["params"]))
            reasons.append((await call(client, "ask", study_name=name))["trials"][0]["reason"])
        assert reasons == ["best of study old: it gave 0 there", "a first look at the space"]
        for earlier, source in ((True, "knowledge"), (["old"], "knowledge"), (False, "random")):
            found = await call(client, "warm_start", space=SPACE, n=2, earlier=earlier)
            assert found["points"][1]["source"] == source
        elsewhere = {"study_name": "more", "space": SPACE, "earlier": ["sqlite:///other.db"]}
        assert "another storage" in await refusal(client, "create_study", **elsewhere)

    inside(script)


def test_several_runs_of_a_trial_are_told_and_all_trials_are_taken_away(
    inside: Callable[[Script], None], tmp_path: Path
) -> None:
    async def script(client: Client) -> None:
        await call(client, "create_study", study_name="s", space=SPACE)
        await call(client, "ask")
        told = await call(client, "tell", number=0, runs=[1.0, 2.0, 6.0])
        assert told["trial"]["value"] == 3.0
        assert "give a value" in await refusal(client, "tell", number=0, value=1.0, runs=[1.0])
        rows = await client.call_tool("export", {})
        assert "0,complete,3.0,2.6457" in str(rows.content)
        whole = await client.call_tool("export", {"form": "result"})
        (tmp_path / "s.json").write_text(whole.content[0].text)  # type: ignore[union-attr]
        assert bg.Result.load(tmp_path / "s.json").trials[0].outcome == bg.Outcome.of_runs([1.0, 2.0, 6.0])
        assert "'csv', 'json' or 'result'" in await refusal(client, "export", form="pdf")

    inside(script)


@pytest.mark.slow
def test_a_space_is_widened_and_what_was_learned_stays(inside: Callable[[Script], None]) -> None:
    async def script(client: Client) -> None:
        made = await call(client, "create_study", study_name="s", space=SPACE, seed=0)
        await call(client, "ask")
        high = made["parameters"]["n"]["high"] + 6
        wider = await call(client, "widen", parameter="n", high=high)
        assert (wider["parameters"]["n"]["high"], wider["trials"]) == (high, 1)
        wider = await call(client, "widen", parameter="kind", options=["zebra"])
        assert "zebra" in wider["parameters"]["kind"]["options"]
        params = {"x": 0.1, "n": high, "kind": "zebra"}
        assert (await call(client, "tell", params=params, value=0.0))["recorded"]
        assert "all of that already" in await refusal(client, "widen", parameter="n", high=high)
        assert "there is no parameter 'm'" in await refusal(client, "widen", parameter="m", high=3)
        assert "give bounds: /widen n" in await refusal(client, "widen", parameter="n", options=["a"])
        assert "zebra already" in await refusal(client, "widen", parameter="kind", options=["zebra"])
        assert "Best value" in (await call(client, "report"))["result"]

    inside(script)


def test_a_study_from_its_space_to_its_report(inside: Callable[[Script], None]) -> None:
    async def script(client: Client) -> None:
        made = await call(client, "create_study", study_name="s", space=SPACE, metric="loss", seed=0)
        assert (made["created"], made["default"]) == (True, {"x": 1.5, "n": 3, "kind": "a"})
        assert (await call(client, "create_study", study_name="s", space=SPACE))["created"] is False
        assert (await call(client, "verify", params=made["default"]))["accepted"] is None
        asked = await call(client, "ask", n=4)
        assert asked["running"] == [0, 1, 2, 3]
        assert asked["trials"][0]["source"] == "default"
        for trial in asked["trials"][:3]:
            await call(client, "tell", number=trial["number"], value=bowl(trial["params"]))
        failed = await call(client, "tell", number=3, failure="CUDA out of memory", feedback="at step 3")
        assert failed["trial"]["state"] == "failed"
        assert "at step 3" in failed["trial"]["feedback"]
        mine = await call(client, "tell", params={"x": 0.1, "n": 4, "kind": "a"}, value=0.01)
        assert mine["best"]["trial"]["number"] == 4
        opinion = await call(client, "verify", params={"x": 0.0, "n": 4, "kind": "a"})
        assert opinion["expected"] is not None
        assert "expected" in opinion["sentence"]
        again = await call(client, "verify", params={"x": 0.1, "n": 4, "kind": "a"})
        assert again["accepted"] is False
        assert "tried before" in again["gate"]
        assert {one["name"] for one in (await call(client, "importance"))["parameters"]} == {"x", "n", "kind"}
        assert [one["number"] for one in (await call(client, "history", state="failed"))["trials"]] == [3]
        assert [one["number"] for one in (await call(client, "history", last=2))["trials"]] == [3, 4]
        why = await call(client, "why", trial=3)
        assert "**failed**: CUDA out of memory" in why["result"]
        assert "Trial 0 (default) gave" in (await call(client, "compare", a=0, b=4))["result"]
        assert "5 more trials are expected" in (await call(client, "outlook", n=5, study_name="s"))["result"]
        assert (await call(client, "cost"))["result"].startswith("5 trials (1 failed)")
        best = await call(client, "best")
        assert (best["complete"], best["failed"], best["running"]) == (4, 1, 0)
        read = [
            (await client.read_resource(f"bestguess://studies/s/{what}")).contents[0]
            for what in ("space", "history", "report")
        ]
        texts = [one.text for one in read if isinstance(one, mcp_types.TextResourceContents)]
        assert json.loads(texts[0])["parameters"].keys() == SPACE["parameters"].keys()
        assert json.loads(texts[1])["total"] == 5
        assert "Best loss: **0.01**" in texts[2]

    inside(script)


def test_a_trial_that_was_set_aside_can_be_asked_about(inside: Callable[[Script], None]) -> None:
    async def script(client: Client) -> None:
        await call(client, "create_study", study_name="s", space=SPACE)
        await call(client, "tell", params={"x": 0.5, "n": 2, "kind": "a"}, value=0.7)
        load("sqlite:///s.db", "s").set_aside(0)
        assert "0.7" in (await call(client, "why", trial=0))["result"]

    inside(script)


def test_telling_again_is_harmless_and_telling_otherwise_is_refused(inside: Callable[[Script], None]) -> None:
    async def script(client: Client) -> None:
        await call(client, "create_study", study_name="s", space=SPACE)
        await call(client, "ask")
        assert (await call(client, "tell", number=0, value=0.5))["recorded"] is True
        assert (await call(client, "tell", number=0, value=0.5))["recorded"] is False
        said = await refusal(client, "tell", number=0, value=0.6)
        assert "0.5" in said
        assert "0.6" in said
        mine: dict[str, Any] = {"params": {"x": 0.5, "n": 2, "kind": "a"}}
        told = [await call(client, "tell", **mine, value=value) for value in (0.7, 0.7, 0.8)]
        assert [(one["trial"]["number"], one["recorded"]) for one in told] == [
            (1, True), (1, False), (2, True),
        ]  # fmt: skip

    inside(script)


def test_a_hopeless_trial_is_to_stop_by_what_is_reported_of_it(inside: Callable[[Script], None]) -> None:
    async def script(client: Client) -> None:
        await call(client, "create_study", study_name="s", space=SPACE, seed=1, pruner="forecast")
        await call(client, "ask", n=4)
        ends = (0.1, 0.2, 0.3, 0.9)
        stops = []
        for number, end in enumerate(ends):
            for step in range(1, 9):
                value = end + 2.0**-step
                reported = await call(client, "report_step", number=number, step=step, value=value)
                stops += [(number, step)] if reported["stop"] else []
                if reported["stop"]:
                    break
            told = await call(client, "tell", number=number, value=value)
        assert [number for number, _ in stops] == [3]
        assert told["trial"]["state"] == "pruned"
        assert told["trial"]["stopped"] == {"step": stops[0][1], "value": value, "control": False}
        assert (told["best"]["pruned"], told["best"]["failed"]) == (1, 0)
        assert len((await call(client, "history", state="pruned"))["trials"]) == 1
        assert "is over" in await refusal(client, "report_step", number=3, step=9, value=1.0)

    inside(script)


def test_what_is_wrong_is_said_in_our_words(inside: Callable[[Script], None]) -> None:
    async def script(client: Client) -> None:
        for arguments in ({}, {"study_name": "s"}):
            said = await refusal(client, "ask", **arguments)
            assert "there is no study yet; call create_study first" in said
            assert "--" not in said
        await call(client, "create_study", study_name="s", space=SPACE)
        bad = {"parameters": {"x": {"type": "float", "low": 2, "high": 1}}}
        assert "low must be less than high" in await refusal(
            client, "create_study", study_name="t", space=bad
        )
        other = {"parameters": SPACE["parameters"] | {"n": {"type": "int", "low": 1, "high": 7}}}
        assert "differs in n" in await refusal(client, "create_study", study_name="s", space=other)
        assert "no trial 7" in await refusal(client, "tell", number=7, value=1.0)
        assert "give a value, or the failure" in await refusal(client, "tell", number=0)
        assert "out of bounds" in await refusal(client, "verify", params={"x": 9, "n": 1, "kind": "a"})
        assert "1 to 64" in await refusal(client, "ask", n=1000)
        assert "no trial 7" in await refusal(client, "why", trial=7)
        assert "greater than or equal to 0" in await refusal(client, "compare", a=-1, b=0)
        assert "less than or equal to 1000" in await refusal(client, "outlook", n=2000)
        assert "there are s" in await refusal(client, "ask", study_name="u")
        assert "outside" in await refusal(client, "scan_script", path="../../etc/passwd.py")
        assert "no path" in await refusal(client, "create_study", study_name="t", space="/etc/passwd")

    inside(script)


def test_a_study_is_not_gone_on_with_in_another_direction_or_space(
    inside: Callable[[Script], None],
) -> None:
    async def script(client: Client) -> None:
        other = {"parameters": SPACE["parameters"] | {"n": {"type": "int", "low": 1, "high": 7}}}

        async def check() -> None:
            said = await refusal(client, "create_study", study_name="s", space=SPACE, direction="maximize")
            assert "has direction minimize, not maximize" in said
            said = await refusal(client, "create_study", study_name="s", space=other)
            assert "differs in n" in said
            again = await call(client, "create_study", study_name="s", space=SPACE)
            assert (again["created"], again["direction"], again["notices"]) == (False, "minimize", [])
            again = await call(
                client, "create_study", study_name="s", space=SPACE, metric="mAP", noisy=True, seed=1
            )
            assert [one.partition(" was made with ")[2].split()[0] for one in again["notices"]] == [
                "seed",
                "metric",
                "noisy",
            ]

        await call(client, "create_study", study_name="s", space=SPACE, seed=0)
        await check()
        await call(client, "ask")
        await call(client, "tell", number=0, value=0.5)
        await check()

    inside(script)


def test_what_an_unexpected_exception_says_reaches_the_client(
    inside: Callable[[Script], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("a wheel came off")

    async def script(client: Client) -> None:
        monkeypatch.setattr("bestguess.agent.mcp.studies.Studies.get", break_down)
        assert "ask failed: ZeroDivisionError: a wheel came off" in await refusal(client, "ask")
        with pytest.raises(MCPError, match="ZeroDivisionError: a wheel came off"):
            await read(client, "bestguess://studies/s/space")

    inside(script)


@pytest.mark.slow
def test_several_studies_are_tuned_at_once(inside: Callable[[Script], None]) -> None:
    async def script(client: Client) -> None:
        async def tune(name: str) -> None:
            await call(client, "create_study", study_name=name, space=SPACE, direction="maximize")
            for number in range(5):
                asked = await call(client, "ask", study_name=name)
                assert asked["trials"][0]["number"] == number
                await call(
                    client, "tell", study_name=name, number=number, value=-bowl(asked["trials"][0]["params"])
                )

        async with anyio.create_task_group() as group:
            for name in "abc":
                group.start_soon(tune, name)
        listed = (await client.read_resource("bestguess://studies")).contents[0]
        assert isinstance(listed, mcp_types.TextResourceContents)
        assert json.loads(listed.text) == ["a", "b", "c"]
        assert "there are 3 studies; name one by study_name: a, b, c" in await refusal(client, "best")

    inside(script)


def test_a_script_is_drafted_and_its_space_taken(inside: Callable[[Script], None], tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("LR = 3e-4\nDEPTH = 4\nSEED = 1\nprint(f'val_loss={LR * DEPTH}')\n")

    async def script(client: Client) -> None:
        draft = await call(client, "scan_script", path="train.py")
        assert (draft["metric"], draft["direction"]) == ("val_loss", "minimize")
        assert draft["left_out"] == {"SEED": "it is a seed"}
        made = await call(client, "create_study", study_name="train", space=draft["space"])
        assert made["default"] == {"LR": 3e-4, "DEPTH": 4}
        points = (await call(client, "warm_start", space=draft["space"], n=3))["points"]
        assert points[0]["params"] == made["default"]
        assert len({json.dumps(point["params"]) for point in points}) == 3

    inside(script)


@pytest.mark.slow
def test_trials_of_a_call_that_was_cancelled_are_handed_out_again(inside: Callable[[Script], None]) -> None:
    async def script(client: Client) -> None:
        await call(client, "create_study", study_name="s", space=SPACE)
        with anyio.move_on_after(0.05) as scope:
            await call(client, "ask", n=40)
        assert scope.cancelled_caught
        await anyio.sleep(0.5)
        asked = await call(client, "ask", n=4)
        assert [trial["number"] for trial in asked["trials"]] == [0, 1, 2, 3]

    inside(script)


@asynccontextmanager
async def stdio(folder: Path) -> AsyncIterator[tuple[Client, int]]:
    """A client on the stdin and stdout of a server of its own."""
    before = {child.pid for child in psutil.Process().children()}
    parameters = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], cwd=folder, env=dict(os.environ))
    with (folder / "server.log").open("a") as log:
        async with Client(stdio_client(parameters, errlog=log)) as client:
            (pid,) = {child.pid for child in psutil.Process().children()} - before
            yield client, pid


@asynccontextmanager
async def http(folder: Path) -> AsyncIterator[tuple[Client, int]]:
    """A client of a server on a port of its own."""
    with serving(folder) as (url, process):
        async with (
            httpx2.AsyncClient(headers=BEARER) as by_token,
            Client(streamable_http_client(url, http_client=by_token)) as client,
        ):
            yield client, process.pid


class serving:  # noqa: N801  # a context manager
    """A server on a free port; its URL and its process."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder

    def __enter__(self) -> tuple[str, subprocess.Popen[bytes]]:
        self.log = (self.folder / "server.log").open("a")
        command = [*COMMAND, "--http", "--port", str(self.port)]
        env = {**os.environ, TOKEN_VARIABLE: TOKEN}
        self.process = subprocess.Popen(command, cwd=self.folder, stderr=self.log, stdout=self.log, env=env)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.1)
        return f"http://127.0.0.1:{self.port}/mcp", self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


async def tune_through_kills(connect: Any, folder: Path) -> dict[int, float]:
    """Run a study to its end; the server is killed while an answer to `tell`, and one to `ask`, is due."""
    told: dict[int, float] = {}
    for kill_in in ("tell", "ask", None):
        killed = False
        try:
            async with connect(folder) as (client, pid):
                await call(client, "create_study", study_name="s", space=SPACE, seed=0)
                # What was running when the connection was lost is told, whether or not that had arrived.
                running = (await call(client, "history", state="running"))["trials"]
                for number, value in told.items():
                    assert (await call(client, "tell", number=number, value=value))["best"]["trial"]
                while len(told) < (N_TRIALS if kill_in is None else 7 if kill_in == "tell" else 14):
                    trial = running.pop() if running else (await call(client, "ask"))["trials"][0]
                    if trial["number"] in told:
                        continue
                    told[trial["number"]] = bowl(trial["params"])
                    await call(client, "tell", number=trial["number"], value=told[trial["number"]])
                if kill_in is None:
                    return told
                if kill_in == "tell":
                    trial = (await call(client, "ask"))["trials"][0]
                    told[trial["number"]] = bowl(trial["params"])
                    due: dict[str, Any] = {"number": trial["number"], "value": told[trial["number"]]}
                else:
                    due = {"n": 1}
                with anyio.fail_after(20):
                    async with anyio.create_task_group() as group:
                        group.start_soon(client.call_tool, kill_in, due)
                        await anyio.sleep(0.02)
                        os.kill(pid, signal.SIGKILL)
                        killed = True
        except Exception as error:  # a lost connection shows in as many ways as there are layers
            print(f"lost: {error!r}"[:200])
            if not killed:
                raise
    raise AssertionError("the last connection was lost too")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("connect", [stdio, http], ids=["stdio", "http"])
def test_a_study_runs_to_its_end_though_the_server_is_killed(connect: Any, tmp_path: Path) -> None:
    told = anyio.run(tune_through_kills, connect, tmp_path)

    assert sorted(told) == list(range(N_TRIALS))
    trials = optuna.load_study(study_name="s", storage=f"sqlite:///{tmp_path}/bestguess.db").trials
    assert {trial.number: trial.value for trial in trials} == told
    assert len({json.dumps(trial.params) for trial in trials}) == N_TRIALS
