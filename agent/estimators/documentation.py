"""What an estimator's own documentation says of its parameters.

Docstrings in numpydoc's form have a section of parameters: `name : type` on a line, the text indented under
it.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from bestguess.tools.words.given import shorten

DOC_CHARS = 240

_HEADING = re.compile(r"^(?P<title>[A-Z][\w ]+)\n-{3,}[ ]*$", re.MULTILINE)
_DIRECTIVE = re.compile(r"^\s*\.\. \w+::.*\n?(?:\s{4,}.*\n?)*", re.MULTILINE)
_ROLE = re.compile(r":[\w:]+:`~?(?P<shown>[^`<]+)[^`]*`")
_MARKS = re.compile(r"`{1,2}|\*{2}")
_SENTENCE = re.compile(r".+?[.!?](?=\s|$)")


def parameter_docs(estimator: Any) -> dict[str, str]:
    """Return the first sentences on each parameter in the docstring of the estimator's class, by name."""
    docstring = inspect.getdoc(type(estimator)) or ""
    headings = list(_HEADING.finditer(docstring))
    ends = [*(heading.start() for heading in headings[1:]), len(docstring)]
    for heading, end in zip(headings, ends, strict=False):
        if heading["title"] == "Parameters":
            return _read_section(docstring[heading.end() : end])
    return {}


def parameter_doc(estimator: Any, path: str) -> str:
    """Return what is said of a parameter, that of a nested estimator by `step__name`; nothing if unknown."""
    owner, _, name = path.rpartition("__")
    owning = estimator.get_params(deep=True).get(owner) if owner else estimator
    return parameter_docs(owning).get(name, "")


def _read_section(section: str) -> dict[str, str]:
    docs: dict[str, str] = {}
    for entry in re.split(r"^(?=\S)", section, flags=re.MULTILINE):
        heading, _, text = entry.partition("\n")
        names = [name.strip() for name in heading.partition(":")[0].split(",")]
        docs |= dict.fromkeys(names, _first_sentences(text))
    return {name: text for name, text in docs.items() if text}


def _first_sentences(text: str) -> str:
    """Return as many whole sentences as DOC_CHARS hold, in plain words."""
    plain = _MARKS.sub("", _ROLE.sub(lambda found: found["shown"].strip(), _DIRECTIVE.sub("", text)))
    said = ""
    for sentence in _SENTENCE.findall(" ".join(plain.split())):
        if said and len(said) + len(sentence) > DOC_CHARS:
            break
        said += sentence
    return shorten(said.strip() or " ".join(plain.split()), DOC_CHARS)
