"""A model folder from the hub: safetensors, configuration and tokenizer, and no code.

It runs in a child process, `python -m bestguess.agent.llm.weights.hub REPO FOLDER TIMEOUT_S REVISION`,
because the hub client's download threads outlive a Ctrl-C. Without a folder it names the newest revision.
Its first request finds out whether the hub can be reached at all, so a machine without it loses seconds.
Endpoint, token and proxy are those that the user has set for any hub client (HF_ENDPOINT, HF_TOKEN, …).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import threading
from contextlib import suppress
from pathlib import Path

from bestguess.agent.llm.weights.steps import Progress, Stage, leave_with_parent, run_step
from bestguess.tools.errors import WeightsError
from bestguess.tools.words.given import shorten

PROBE_TIMEOUT_S = 5.0
_POLL_S = 0.5
_WANTED = re.compile(r"[^/]+\.(safetensors|json|jinja)|merges\.txt|tokenizer\.model")
_SAID = re.compile(r"Progress (?P<done>\d+) of (?P<total>\d+)|Revision (?P<revision>\w+)")


def fetch(
    repo: str,
    folder: Path,
    progress: Progress,
    *,
    revision: str = "",
    timeout_s: float = PROBE_TIMEOUT_S,
) -> str:
    """Download a `revision` of `repo`, the newest by default, into `folder` and return it.

    What an interrupted call left in `folder` is used. Every large file is compared with the sha256 that
    the hub states for it. `timeout_s` bounds each wait for the hub's first answers.

    Raises WeightsError with the reason in one line.
    """
    progress(Stage(f"asking the hub for {repo}"))
    return _ask(repo, str(folder), progress, revision, timeout_s)


def newest(repo: str, *, timeout_s: float = PROBE_TIMEOUT_S) -> str:
    """Return the newest revision of `repo`, without fetching it; raise WeightsError as `fetch` does."""
    return _ask(repo, "", lambda _: None, "", timeout_s)


def _ask(repo: str, folder: str, progress: Progress, wanted: str, timeout_s: float) -> str:
    last_line = revision = ""

    def read(line: str) -> None:
        nonlocal last_line, revision
        match = _SAID.fullmatch(line)
        if match and match["revision"]:
            revision = match["revision"]
        elif match:
            progress(Stage("downloading from the hub", int(match["done"]), int(match["total"]), "bytes"))
        elif line:
            last_line = line

    module = "bestguess.agent.llm.weights.hub"
    command = [sys.executable, "-m", module, repo, folder, str(timeout_s), wanted]
    # With its telemetry on, the hub client asks the hub for something else first, and waits 3 s for that.
    env = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    if run_step(command, read, env) != 0:
        raise WeightsError(f"the hub did not give {repo}: {last_line}")
    return revision


def _fetch_here(repo: str, place: str, timeout_s: float, revision: str) -> None:
    from huggingface_hub import HfApi, snapshot_download

    info = HfApi().model_info(repo, revision=revision or None, timeout=timeout_s, files_metadata=True)
    if not place:
        print(f"Revision {info.sha}", flush=True)  # noqa: T201
        return
    folder = Path(place)
    files = [file for file in info.siblings or [] if _WANTED.fullmatch(file.rfilename)]
    total = sum(file.size or 0 for file in files)
    finished = threading.Event()

    def report() -> None:
        while not finished.wait(_POLL_S):
            # A file that is being renamed is counted at the next look.
            with suppress(FileNotFoundError):
                done = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                print(f"Progress {min(done, total)} of {total}", flush=True)  # noqa: T201  fetch reads it

    threading.Thread(target=report, daemon=True).start()
    snapshot_download(
        repo,
        revision=info.sha,
        local_dir=folder,
        allow_patterns=[file.rfilename for file in files],
        etag_timeout=timeout_s,
    )
    finished.set()
    for file in files:
        path = folder / file.rfilename
        # An answer that failed midway makes snapshot_download content with what it has.
        if file.size is not None and path.stat().st_size != file.size:
            raise WeightsError(f"{file.rfilename} has {path.stat().st_size} bytes instead of {file.size}")
        if file.lfs is not None and _sha256(path) != file.lfs.sha256:
            path.unlink()
            raise WeightsError(f"{file.rfilename} is not what the hub says, sha256 {file.lfs.sha256}")
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    print(f"Revision {info.sha}", flush=True)  # noqa: T201


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    leave_with_parent()
    try:
        _fetch_here(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4])
    except Exception as error:  # noqa: BLE001  the process ends here, and whatever it is goes to the parent
        sys.exit(shorten(f"{type(error).__name__}: {' '.join(str(error).split())}", 300))
