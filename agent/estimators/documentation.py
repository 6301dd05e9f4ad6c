"""What an estimator's own documentation says of its parameters.

Docstrings in numpydoc's form have a section of parameters: `name : type` on a line, the text indented under
it.
"""

from __future__ import annotations

import inspect
import re
from functools import lru_cache
from typing import Any

from bestguess.tools.words.given import shorten

DOC_CHARS = 240

_HEADING = re.compile(r"^(?P<title>[A-Z][\w ]+)\n-{3,}[ ]*$", re.MULTILINE)
_DIRECTIVE = re.compile(r"^\s*\.\. \w+::.*\n?(?:\s{4,}.*\n?)*", re.MULTILINE)
_ROLE = re.compile(r":[\w:]+:`~?(?P<shown>[^`<]+)[^`]*`")
_MARKS = re.compile(r"`{1,2}|\*{2}")
_SENTENCE = re.compile(r".+?[.!?](?=\s|$)")


def parameter_docs(estimator: Any) -> dict[str, str]:
    """Return the first sentences on each parameter in the estimator's documentation, by name."""
    said = {name: _first_sentences(text) for name, (_, text) in _parameters(estimator).items()}
    return {name: text for name, text in said.items() if text}


def parameter_doc(estimator: Any, path: str) -> str:
    """Return what is said of a parameter, that of a nested estimator by `step__name`; nothing if unknown."""
    return parameter_docs(_owner(estimator, path)).get(path.rpartition("__")[2], "")


def parameter_type(estimator: Any, path: str) -> str:
    """Return the type that is documented of a parameter, such as `int or float`; nothing if unknown."""
    return _parameters(_owner(estimator, path)).get(path.rpartition("__")[2], ("", ""))[0]


def _owner(estimator: Any, path: str) -> Any:
    owner = path.rpartition("__")[0]
    return estimator.get_params(deep=True).get(owner) if owner else estimator


def _parameters(estimator: Any) -> dict[str, tuple[str, str]]:
    """Return the type and the text of each parameter in a class's docstring, or in that of its `__init__`."""
    kind: Any = type(estimator)
    sections = (_find_section(inspect.getdoc(documented) or "") for documented in (kind, kind.__init__))
    return next(filter(None, sections), {})


@lru_cache(maxsize=64)
def _find_section(docstring: str) -> dict[str, tuple[str, str]]:
    headings = list(_HEADING.finditer(docstring))
    ends = [*(heading.start() for heading in headings[1:]), len(docstring)]
    for heading, end in zip(headings, ends, strict=False):
        if heading["title"] == "Parameters":
            return _read_section(docstring[heading.end() : end])
    return {}


def _read_section(section: str) -> dict[str, tuple[str, str]]:
    docs: dict[str, tuple[str, str]] = {}
    for entry in re.split(r"^(?=\S)", section, flags=re.MULTILINE):
        heading, _, text = entry.partition("\n")
        names, _, declared = heading.partition(":")
        docs |= dict.fromkeys((name.strip() for name in names.split(",")), (declared.strip(), text))
    return docs


def _first_sentences(text: str) -> str:
    """Return as many whole sentences as DOC_CHARS hold, in plain words."""
    plain = _MARKS.sub("", _ROLE.sub(lambda found: found["shown"].strip(), _DIRECTIVE.sub("", text)))
    said = ""
    for sentence in _SENTENCE.findall(" ".join(plain.split())):
        if said and len(said) + len(sentence) > DOC_CHARS:
            break
        said += sentence
    return shorten(said.strip() or " ".join(plain.split()), DOC_CHARS)
