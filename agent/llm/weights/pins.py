"""Which revision of a hub repository is used on this machine: that of the first pull, until it is unpinned.

One file beside the models, `revisions.json`, from repository to revision; a line removed there unpins.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from bestguess.tools.errors import WeightsError

FILE = "revisions.json"


def pinned(root: Path, repo: str) -> str:
    """Return the pinned revision of `repo`, empty where none is.

    Raises WeightsError for a file that makes no sense: another revision would be used in silence.
    """
    return _read(root).get(repo, "")


def pin(root: Path, repo: str, revision: str) -> None:
    """Pin `repo` to `revision`, unless it is pinned; raise OSError where that cannot be written."""
    pins = _read(root)
    if revision and repo not in pins:
        root.mkdir(parents=True, exist_ok=True)
        partial = root / f"{FILE}.{os.getpid()}"
        partial.write_text(json.dumps({**pins, repo: revision}, indent=1) + "\n", encoding="utf-8")
        partial.replace(root / FILE)


def _read(root: Path) -> dict[str, str]:
    path = root / FILE
    try:
        pins = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} cannot be read: {error}; mend it, or remove it to unpin all") from error
    if not isinstance(pins, dict) or not all(isinstance(one, str) for one in pins.values()):
        raise WeightsError(f"{path} holds no revisions by repository; mend it, or remove it to unpin all")
    return pins
