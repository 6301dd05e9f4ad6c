"""The words that override a setting on the command line: Hydra's grammar, OmegaConf's list."""

from __future__ import annotations

import re
from collections.abc import Callable

from bestguess.tools.scan.finding import Value

Path = tuple[Value, ...]
"""The keys that lead to a setting."""

Write = Callable[[Path, str], str | None]
"""Returns the word that gives a setting this value; None where there is no such word."""

_KEY = re.compile(r"[a-zA-Z_$][\w$-]*", re.ASCII)
_PART = re.compile(rf"{_KEY.pattern}|0|[1-9][0-9]*", re.ASCII)
_DICT_KEY = re.compile(r"[\w/\\.+$%*@?|()\[\]{}:=, -]+", re.ASCII)
_ESCAPED = re.compile(r"([\\()\[\]{}:=, ])")
_PLAIN = re.compile(r"[a-zA-Z_][\w-]*", re.ASCII)
_NO_TEXT = re.compile(
    r"true|false|null|yes|no|on|off|~|[-+]?\.?(inf|nan)|[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[-+]?\d[\d_]*)?",
    re.I | re.ASCII,
)
"""What Hydra or YAML take for a truth value, nothing or a number."""


def write_for_hydra(path: Path, value: str) -> str | None:
    """Return a.b=value, or a={b c:value} for a key that only a dictionary can hold; at the top there is none.

    Source: hydra/grammar/OverrideParser.g4 (Hydra 1.3).
    """
    fits = [isinstance(key, str) and _PART.fullmatch(key) is not None for key in path]
    fits[0] = isinstance(path[0], str) and (_KEY if len(path) == 1 else _PART).fullmatch(path[0]) is not None
    plain = (*fits, False).index(False)
    if plain == 0:
        return None
    for key in reversed(path[plain:]):
        if isinstance(key, str):
            if not _DICT_KEY.fullmatch(key) or key != key.strip() or _NO_TEXT.fullmatch(key):
                return None
            escaped = _ESCAPED.sub(r"\\\1", key)
            word = escaped.replace("{", "{{").replace("}", "}}")
        else:
            word = str(key).lower()
        value = f"{{{{{word}:{value}}}}}"
    return f"{'.'.join(map(str, path[:plain]))}={value}"


def write_for_dotlist(path: Path, value: str) -> str | None:
    """Return a.b=value, or a[b.c]=value for a key with a dot in it.

    Source: `split_key` of omegaconf/_utils.py (OmegaConf 2.3). All keys of such a list are texts.
    """
    words = ""
    for key in path:
        if not isinstance(key, str) or not key or re.search(r"[\]={}]|^-", key):
            return None
        words += f"[{key}]" if re.search(r"[.\[]", key) else f".{key}"
    return f"{words.removeprefix('.')}={value}"


def placeholder(name: str, values: tuple[Value, ...]) -> str | None:
    """Return the place of a value, in quotes where a text needs them; None if they cannot hold it."""
    texts = [value for value in values if isinstance(value, str)]
    if all(_PLAIN.fullmatch(text) and not _NO_TEXT.fullmatch(text) for text in texts):
        return f"{{{name}}}"
    if len(texts) < len(values) or any(re.search(r'["\\\n]|\$\{', text) for text in texts):
        return None
    return f'"{{{name}}}"'
