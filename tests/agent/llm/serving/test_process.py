"""A server's life, with a small one in vLLM's place: planned, started, waited for, stopped."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import psutil
import pytest

from bestguess.agent.llm.serving.environment import serve_python, set_up
from bestguess.agent.llm.serving.loopback import listen
from bestguess.agent.llm.serving.process import ServePlan, Server
from bestguess.tools.errors import BestGuessError, InputError, ModelUnavailable

SERVER = """
import http.server, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("loading", child.pid, flush=True)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *words): pass
time.sleep(0.6)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start(tmp_path: Path, port: int, code: str) -> Server:
    command = [sys.executable, "-c", code, str(port)]
    return Server(command, os.environ, url=f"http://127.0.0.1:{port}/v1", log=tmp_path / "log")


def test_a_processor_gets_what_it_can_run_and_no_word_about_gpus() -> None:
    plan = ServePlan(Path("py"), "/models/small", "small", 8123)

    assert plan.command[:5] == ("py", "-m", "vllm.entrypoints.openai.api_server", "--model", "/models/small")
    assert {"--enforce-eager", "--enable-prefix-caching"} <= set(plan.command)
    assert not {"--gpu-memory-utilization", "--tensor-parallel-size"} & set(plan.command)
    assert plan.command[plan.command.index("--host") + 1] == "127.0.0.1"
    assert plan.url == "http://127.0.0.1:8123/v1"


@pytest.mark.parametrize(("gpus", "nodes", "ray"), [(1, 1, False), (4, 1, False), (8, 2, True)])
def test_gpus_are_shared_and_some_memory_is_left(gpus: int, nodes: int, ray: bool) -> None:
    words = ServePlan(Path("py"), "org/large", "large", 8000, gpus, nodes).command

    assert words[words.index("--tensor-parallel-size") + 1] == str(gpus)
    assert float(words[words.index("--gpu-memory-utilization") + 1]) < 0.9
    assert ("ray" in words) == ray
    assert "--enforce-eager" not in words


def test_the_key_is_long_new_each_time_and_in_no_command_line_or_repr() -> None:
    one, other = (ServePlan(Path("py"), "m", "m", 8000) for _ in range(2))

    assert len(one.api_key) > 24
    assert one.api_key != other.api_key
    assert one.api_key not in " ".join(one.command)
    assert one.api_key not in repr(one)
    assert one.environment({})["VLLM_API_KEY"] == one.api_key
    assert one.api_key in one.paste


def test_a_folder_is_served_offline_and_a_repository_is_not(tmp_path: Path) -> None:
    folder = ServePlan(Path("py"), str(tmp_path), "m", 8000).environment({"PYTHONPATH": "x", "HOME": "/h"})
    repository = ServePlan(Path("py"), "org/model", "m", 8000).environment({})

    assert folder["HF_HUB_OFFLINE"] == "1"
    assert "PYTHONPATH" not in folder
    assert folder["HOME"] == "/h"
    assert "HF_HUB_OFFLINE" not in repository


def test_it_is_waited_for_and_stopped_with_its_children(tmp_path: Path, port: int) -> None:
    seen: list[str] = []
    with start(tmp_path, port, SERVER) as server:
        server.wait_until_healthy(30.0, lambda _, line: seen.append(line))
        child = int((tmp_path / "log").read_text().split()[1])
        assert psutil.pid_exists(child)
        with pytest.raises(InputError, match=f"port {port} cannot be had: Address already in use; give anot"):
            Server.of(ServePlan(Path(sys.executable), "m", "m", port), tmp_path / "another")

    assert any(line.startswith("loading") for line in seen)
    deadline = time.monotonic() + 30
    while psutil.pid_exists(child) and psutil.Process(child).status() != "zombie":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    listen(port).close()


def test_one_that_dies_says_its_last_words(tmp_path: Path, port: int) -> None:
    code = "import sys; print('no room for the model'); sys.exit(3)"
    with start(tmp_path, port, code) as server, pytest.raises(ModelUnavailable, match="no room") as caught:
        server.wait_until_healthy(30.0, lambda *_: None)

    assert "ended with 3" in str(caught.value)


def test_one_that_never_comes_up_is_given_up(tmp_path: Path, port: int) -> None:
    with (
        start(tmp_path, port, "import time; time.sleep(60)") as server,
        pytest.raises(ModelUnavailable, match=r"not up after 0\.2 s"),
    ):
        server.wait_until_healthy(0.2, lambda *_: None)


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path, port: int) -> None:
    with pytest.raises(InputError, match="/no/such/python"):
        Server.of(ServePlan(Path("/no/such/python"), "m", "m", port), tmp_path / "log")


@pytest.mark.slow
def test_an_environment_is_made_once_and_a_failure_names_pips_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path))
    said: list[str] = []

    with pytest.raises(BestGuessError, match="pip uninstall -y --nonsense failed"):
        set_up(gpu=False, say=said.append, steps=[("uninstall", "-y", "--nonsense")])
    assert serve_python() is None
    python = set_up(gpu=False, say=said.append, steps=[("check",)])
    said.clear()

    assert set_up(gpu=False, say=said.append) == python == serve_python()
    assert not said
