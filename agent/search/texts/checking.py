"""What a text that a model or a recombination wrote must keep, before it may run.

It is a stranger's: cleaned of what hides or steers, within the parameter's length, and with the same
placeholders, such as {question}, as the default, for whoever fills them in. Where pieces of a pool are
chosen, it is only heard which pieces are in it: a model that makes up an example may make up its answer, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

from bestguess.agent.search.texts.exemplars import pieces_of
from bestguess.tools.errors import ParamsError
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.text import JOINT, Text
from bestguess.tools.words.cleaning import clean
from bestguess.tools.words.given import shorten, shown

_PLACEHOLDER = re.compile(r"\{[^\W\d]\w*(?:[.\[!:][^{}]*)?\}")
_FIELD = re.compile(r"\{[^\W\d][\w.\[\]]*[!:}]")
"""How a field of `str.format` begins; one of JSON in a text that nobody formats begins otherwise."""

_LATEX = re.compile(r"\\\w+\{")


def placeholders(text: str) -> set[str]:
    """Return the names in braces that a program fills in, as "{question}"; `{{` is a brace of the text."""
    return set(_PLACEHOLDER.findall(re.sub(r"\{\{|\}\}", "", text)))


def _fields(text: str) -> set[str] | None:
    """Return what `str.format` fills in, each as it stands; None where it can make nothing of a text."""
    try:
        parsed = list(Formatter().parse(text))
    except ValueError:
        return None
    return {
        f"{{{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}}}"
        for _, name, spec, conversion in parsed
        if name is not None
    }


def check_text(parameter: Text, said: Any) -> str:
    """Return a written text as it may run; of a pool the pieces that it has, the default if it has none.

    Raises:
        ParamsError: it is none, empty, too long, or has other placeholders than the default.
    """
    if not isinstance(said, str):
        raise ParamsError(f"{shown(said)} is not text; give {parameter.allowed}")
    if said in parameter.known:
        return said
    if parameter.pool:
        whole = pieces_of(said, parameter.pool)
        within = (at for at, piece in enumerate(parameter.pool) if piece in said)
        has = sorted(within, key=lambda at: said.index(parameter.pool[at])) if whole is None else whole
        chosen = list(dict.fromkeys(has))[: parameter.pieces]
        return JOINT.join(parameter.pool[at] for at in chosen) or parameter.default
    text = parameter.canonical(clean(said).strip())
    if not text:
        raise ParamsError(f"it is empty; give {parameter.allowed}")
    wanted, given = _fields(parameter.default), _fields(text)
    if wanted and all(map(_FIELD.match, wanted)) and not _LATEX.search(parameter.default):
        if given is None:
            raise ParamsError("a brace stands alone in the text; double it, or leave it out")
    else:  # whoever fills it in does so in another way, or not at all
        nested = {field for field in given or () if field[1:2].isidentifier()}
        wanted, given = placeholders(parameter.default), placeholders(text) | nested
    if lost := sorted(wanted - given):
        raise ParamsError(f"the text has lost {', '.join(lost)}, which is filled in; keep it as it is")
    if new := sorted(given - wanted):
        words = shorten(", ".join(new), 100)
        raise ParamsError(f"the text has {words}, which nobody fills in; leave it out, or double the braces")
    return text


def check_texts(parameters: Mapping[str, Parameter], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return params with every text checked as `check_text` does, which says what it raises."""
    checked = dict(params)
    for name, parameter in parameters.items():
        if isinstance(parameter, Text) and name in params:
            try:
                checked[name] = check_text(parameter, params[name])
            except ParamsError as error:
                raise ParamsError(f"{name}: {error}") from None
    return checked
