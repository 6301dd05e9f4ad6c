"""From what a user calls a language model to the object that speaks to it.

Whether the words make sense is settled here, before a study begins; whether the model answers is not: no
server is contacted and no weights are read. Torch is loaded only for a model that runs here.
"""

from __future__ import annotations

import os
import pkgutil
import re
from pathlib import Path

from bestguess.agent.llm import LLM
from bestguess.agent.llm.shared import SharedLLM, share
from bestguess.tools.errors import ModelSpecError
from bestguess.tools.words.documents import is_path
from bestguess.tools.words.given import plain, shown

_ATTRIBUTE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def connect(spec: LLM | Path | str | None) -> SharedLLM | None:
    """Return the language model that `spec` names behind its queue, or None for none.

    Accepted: None or `none`; an LLM object; `embedded`, `embedded:NAME`, a name from the catalog, or the
    path of a Hugging Face model folder; the URL of an OpenAI-compatible server, with `#MODEL` after it to
    choose one of several; `module:attribute`, an LLM or something to call for one.

    It imports what is named, and a server gets the environment's key: only the command line and Python may
    hand on what they were given, never words of a conversation, a page or a model. Raises ModelSpecError.
    """
    if spec is None:
        return None
    if isinstance(spec, str):
        words = str(plain(spec))
        if words == "none":
            return None
        if is_path(words):
            return share(_by_words(words.strip()))
    elif isinstance(spec, Path):
        return share(_embedded(spec))
    elif isinstance(spec, LLM) and not isinstance(spec, type):
        return share(spec)
    raise _unknown(spec)


def _by_words(spec: str) -> LLM:
    from bestguess.agent.llm.weights.catalog import CATALOG, DEFAULT_MODEL

    if spec.startswith(("http://", "https://")):
        from bestguess.agent.llm.server import ServerLLM

        url, _, model = spec.partition("#")
        return ServerLLM(url, model=model or None)
    if spec == "embedded":
        return _embedded(DEFAULT_MODEL)
    if spec.startswith("embedded:"):
        return _embedded(spec.removeprefix("embedded:"))
    if spec in CATALOG or os.sep in spec or (spec and os.path.isdir(spec)):
        return _embedded(spec)
    if _ATTRIBUTE.fullmatch(spec):
        return _imported(spec)
    raise _unknown(spec)


def _embedded(name_or_path: Path | str) -> LLM:
    from bestguess.agent.llm.embedded import EmbeddedLLM
    from bestguess.agent.llm.weights.catalog import CATALOG, find

    folder = find(name_or_path)
    _load_torch()
    entry = CATALOG.get(str(name_or_path))
    return EmbeddedLLM(folder, name=entry.name, grade=entry.grade) if entry else EmbeddedLLM(folder)


def _load_torch() -> None:
    """Load torch so that its threads sleep while they wait, and do not spin on a core that others need.

    With the objective busy on one of two cores, 8 guesses of the 1.5B model took 10 s so, and 19 to 23 s
    with OpenMP's default. The commands that are tuned do not inherit the setting.
    """
    given = os.environ.get("OMP_WAIT_POLICY")
    if given is None:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    import torch  # noqa: F401  # OpenMP reads its settings once, when it is loaded

    if given is None:
        del os.environ["OMP_WAIT_POLICY"]


def _imported(spec: str) -> LLM:
    try:
        found = pkgutil.resolve_name(spec)
        if callable(found) and (isinstance(found, type) or not isinstance(found, LLM)):
            found = found()
    except (Exception, SystemExit) as error:  # any code may be behind a name
        raise ModelSpecError(
            f"cannot import the language model {spec!r}: {type(error).__name__}: {error}; name an LLM, or a "
            "function without arguments that returns one"
        ) from error
    if not isinstance(found, LLM):
        raise ModelSpecError(
            f"{spec!r} gave a {type(found).__name__}, which is no language model: "
            "it needs a name, generate(request) and close()"
        )
    return found


def _unknown(spec: object) -> ModelSpecError:
    return ModelSpecError(
        f"{shown(spec)} names no language model; give 'none', 'embedded', 'embedded:NAME' or a name from "
        "`bestguess models list`, the path of a model folder, http://HOST:PORT/v1 (with #MODEL to choose one "
        "of several), 'module:attribute', or an object with generate(request)"
    )
