"""Secrets are blanked in whatever is kept or shown: keys, tokens, passwords, from wherever they came.

Known by value are the environment's variables that are named like secrets, and what `keep_secret` was told;
known by form are common kinds of keys, passwords in URLs and keys among their parameters. What works with a
secret (an address to connect to, a trial's params) is not for it.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any
from urllib.parse import quote

BLANK = "***"
LEAST_CHARS = 8
"""Shorter values are no secrets worth the name, and would blank words that have nothing to do with them."""

LONGEST_CHARS = 8192
"""Of a secret that a cut may go through."""

_NAMED_SECRET = re.compile(
    r"(?:(?:^|[_.])(?:API)?KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|[_.](?:PASS|AUTH|PWD))$",
    re.I,
)
_NAMED_IN_THE_MIDDLE = re.compile(
    r"(?:^|_)(?:(?:[A-Z]*API)?KEY|TOKEN|SECRET|PASSWORD|PAT|PW|DSN|CONNECTION_STRING)"
    r"(?:_(?!PATH|FILE|DIR|NAME|TYPE)[A-Z0-9]+)*$"
)
"""Of a variable of the environment; the names of parameters, such as key_dim, are not read so."""

_WORDS = r"(?:api[_-]?key|token|secret|password|passwd|pwd)"
_NAMES = (
    r"(?:(?:api|access|account|secret|private)[_-]?key|(?:access|api|auth|bearer|bot|refresh)[_-]?token"
    r"|secret|passw(?:or)?d|passphrase)"
)
"""Whose value is a secret wherever it stands; a token may be one of a text, too."""

_SAID = rf"(?i:{_NAMES}[\"']?\s{{0,3}}[:=]\s{{0,3}}"
_A_NUMBER = r"[-+$]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?[^\W\d]{0,2}(?:\W|$)"
_FORMS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = (
    (
        ("sk-", "sk_", "hf-", "hf_", "gho", "ghp", "ghr", "ghs", "ghu", "github_pat", "glpat", "xox"),
        re.compile(r"\b()(?:sk|hf|gh[oprsu]|github_pat|glpat|xox[abps])[-_][A-Za-z0-9_-]{16,}"),
    ),
    (("AKIA", "ASIA", "AIza"), re.compile(r"\b()(?:A(?:KIA|SIA)[A-Z0-9]{16}\b|AIza[A-Za-z0-9_-]{35})")),
    (
        ("eyJ", "npm_", "pypi-"),
        re.compile(r"\b()(?:eyJ[\w-]{8,}\.[\w.-]{16,}|npm_[A-Za-z0-9]{36}|pypi-Ag[\w-]{30,})"),
    ),
    (("earer ", "EARER "), re.compile(r"((?i:bearer) )(?![A-Za-z]+(?:\s|$))[A-Za-z0-9._~+/=-]{8,}")),
    (("asic ", "ASIC "), re.compile(r"((?i:authorization: basic) )[A-Za-z0-9+/=]{8,}")),
    # The password in an address, which may hold what should have been escaped; a port is none.
    (("://",), re.compile(r"(://[^\s/?#@:]{0,200}:)(?!\d+[/?#])[^\s\"'<>]{1,200}(?=@)")),
    (("://",), re.compile(r"(://)[\w-]{16,200}(?=@)")),
    (
        ("=",),
        re.compile(
            rf"((?i:[?&;](?:[\w.-]{{0,40}}[_.-])?(?:{_WORDS}|key|sig|signature|auth))=)[^\s&;#\"'<>]+"
        ),
    ),
    # As programs print what they were given.
    (("=", ":"), re.compile(rf"({_SAID}[\"']))[^\"'\n]{{8,200}}(?=[\"'])")),
    (
        ("=", ":"),
        # What is called or looked up is code. No run holds a mark, so that none is read again and again.
        re.compile(
            rf"({_SAID}))(?!{_A_NUMBER})(?=[^\s\"',;]{{0,200}}\d)[\w.~+/$!@#%^*-]{{8,}}+={{0,2}}(?![(\[])"
        ),
    ),
    (("--",), re.compile(rf"((?i:(?<![\w-])--[\w-]{{0,40}}{_WORDS})[= ])(?!\d{{1,6}}(?:\s|$))[^\s\"'{{}}]+")),
)
"""By form: what a text must hold, and what is blanked but for its first group."""

_SET = re.compile(rf"(?:.*[._-])?{_NAMES}", re.I)
_PLAIN_WORD = re.compile(r"[a-z]+(?:_[a-z]+)*")
_IN_URL = re.compile(r"://[^\s/?#@:]{0,200}:([^\s/?#@]{1,200})@")

_lock = threading.Lock()
_kept: set[str] = set()


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether a variable or a parameter of an address is named like a secret."""
    return _NAMED_SECRET.search(name.replace("-", "_")) is not None


@lru_cache(maxsize=1024)
def _is_secret_variable(name: str) -> bool:
    return is_secret_name(name) or _NAMED_IN_THE_MIDDLE.search(name) is not None


def keep_secret(value: str) -> None:
    """Have a value blanked from now on: a key that was given as argument, which no variable holds."""
    if len(value.strip()) >= LEAST_CHARS:
        with _lock:
            _kept.add(value.strip())


def keep_options(words: Sequence[str]) -> None:
    """Have the values blanked that a command gives to options and variables named like secrets."""
    for word, after in pairwise([*words, ""]):
        name, given, value = word.partition("=")
        value = value if given else after
        is_option = name.startswith("--") and is_secret_name(name)
        is_set = given and (_SET.fullmatch(name) or (name.isupper() and is_secret_name(name)))
        # A word such as "accuracy" is the value of a sort key, and no key.
        if (is_option or is_set) and "{" not in value and not _PLAIN_WORD.fullmatch(value):
            keep_secret(value)


def redact_cut(text: str, chars: int) -> str:
    """Return the first `chars` of a text, with a secret blanked that begins in them; the rest is not read."""
    return redact(text[: chars + LONGEST_CHARS])[:chars]


def redact(text: str) -> str:
    """Return the text with every secret that is known, and whatever looks like one, blanked.

    Call it before a text is cut, or the half of a key is left that nobody recognizes: `redact_cut`.
    """
    if len(text) < LEAST_CHARS:
        return text
    for secret in _secrets():
        if secret in text:
            text = text.replace(secret, BLANK)
    for marks, form in _FORMS:
        if any(mark in text for mark in marks):
            text = form.sub(rf"\g<1>{BLANK}", text)
    return text


def redact_in(value: Any) -> Any:
    """Return a JSON-able value with the texts in it redacted; its keys, numbers and form stay."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: redact_in(item) for key, item in value.items()}
    return [redact_in(item) for item in value] if isinstance(value, list | tuple) else value


def _secrets() -> list[str]:
    """Return the known secrets as they may be written, the longest first."""
    named = [os.environ.get(name, "").strip() for name in os.environ if _is_secret_variable(name)]
    named += _IN_URL.findall(" ".join(value for value in os.environ.values() if "://" in value))
    with _lock:
        found = {*_kept, *(value for value in named if len(value) >= LEAST_CHARS)}
    return sorted({form for secret in found for form in _forms(secret)}, key=len, reverse=True)


@lru_cache(maxsize=256)
def _forms(secret: str) -> tuple[str, ...]:
    lines = (line for line in secret.splitlines() if len(line) >= LEAST_CHARS)
    return (secret, *lines, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret, safe=""))
