from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bestguess.agent.llm.weights import hub
from bestguess.tools.errors import WeightsError

REPO = "somebody/model"
REVISION = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights " * 1000,
    "tokenizer.json": b'{"version": "1.0"}',
    "modeling_model.py": b"raise RuntimeError('remote code')",
    "pytorch_model.bin": b"a pickle",
    "onnx/config.json": b"{}",
}


class Hub(ThreadingHTTPServer):
    """The parts of the hub's protocol that a download uses; it counts the files it gave."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.given: list[str] = []
        self.stated_sha256 = hashlib.sha256(FILES["model.safetensors"]).hexdigest()

    def describe(self, name: str) -> dict[str, object]:
        content = FILES[name]
        facts: dict[str, object] = {"size": len(content)}
        if name == "model.safetensors":
            facts["lfs"] = {"sha256": self.stated_sha256, "oid": self.stated_sha256}
            facts["lfs"] |= {"size": len(content), "pointerSize": 130}  # type: ignore[operator]
        return facts


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in (f"/api/models/{REPO}", f"/api/models/{REPO}/revision/{REVISION}"):
            siblings = [{"rfilename": name, "blobId": "0", **self.server.describe(name)} for name in FILES]
            self._send(json.dumps({"id": REPO, "sha": REVISION, "siblings": siblings}).encode())
        elif path == f"/api/models/{REPO}/tree/{REVISION}":
            tree = [
                {"type": "file", "path": name, "oid": "0", **self.server.describe(name)} for name in FILES
            ]
            self._send(json.dumps(tree).encode())
        elif path.startswith(f"/{REPO}/resolve/{REVISION}/"):
            name = path.removeprefix(f"/{REPO}/resolve/{REVISION}/")
            if self.command == "GET":
                self.server.given.append(name)
            self._send(FILES[name])
        else:
            self.send_error(404)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", REVISION)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_weights_configuration_and_tokenizer_are_downloaded_and_no_code(server: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "folder"

    revision = hub.fetch(REPO, folder, lambda stage: None)

    assert revision == REVISION
    names = ["config.json", "model.safetensors", "tokenizer.json"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        name: FILES[name] for name in names
    }
    assert sorted(server.given) == names


@pytest.mark.slow
def test_a_revision_that_was_pinned_is_fetched_and_the_newest_can_be_named(
    server: Hub, tmp_path: Path
) -> None:
    assert hub.newest(REPO) == REVISION
    assert server.given == []
    assert hub.fetch(REPO, tmp_path / "folder", lambda stage: None, revision=REVISION) == REVISION
    with pytest.raises(WeightsError, match="404"):
        hub.fetch(REPO, tmp_path / "other", lambda stage: None, revision="f" * 40)


@pytest.mark.slow
def test_what_an_interrupted_download_left_is_not_downloaded_again(server: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(FILES["model.safetensors"])

    hub.fetch(REPO, folder, lambda stage: None)

    assert "model.safetensors" not in server.given


@pytest.mark.slow
def test_a_file_that_is_not_what_the_hub_says_is_refused(server: Hub, tmp_path: Path) -> None:
    server.stated_sha256 = "0" * 64

    with pytest.raises(WeightsError, match=f"model.safetensors is not what the hub says, sha256 {'0' * 64}"):
        hub.fetch(REPO, tmp_path / "folder", lambda stage: None)

    assert not (tmp_path / "folder" / "model.safetensors").exists()


def test_a_repository_that_does_not_exist_gives_one_line(server: Hub, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"the hub did not give nobody/nothing: .*404") as raised:
        hub.fetch("nobody/nothing", tmp_path / "folder", lambda stage: None)

    assert "\n" not in str(raised.value)


@pytest.mark.slow
def test_a_hub_that_never_answers_is_given_up_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        started = time.monotonic()

        with pytest.raises(WeightsError, match="ReadTimeout"):
            hub.fetch(REPO, tmp_path / "folder", lambda stage: None, timeout_s=0.5)

        assert time.monotonic() - started < 15
