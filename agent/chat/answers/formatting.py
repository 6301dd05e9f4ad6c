"""Values and text of others as they may stand in an answer, which is Markdown."""

from __future__ import annotations

import re
import time

from bestguess.tools.words.cleaning import clean, spell_out, tail
from bestguess.tools.words.given import shorten

OUTPUT_CHARS = 600
CELL_CHARS = 48


def quoted(text: str) -> str:
    """Return the end of what a program printed, as code that nothing in it can end."""
    return "\n".join(f"    {line}" for line in tail(clean(text).strip(), OUTPUT_CHARS).splitlines())


def verbatim(text: str) -> str:
    """Return text as code on one line, all of it, with what could not be seen spelled out."""
    shown = spell_out(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    pad = " " if shown[:1] == "`" or shown[-1:] == "`" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def inline(text: str) -> str:
    """Return text on one line as it may stand in an answer: as code where it has Markdown's marks."""
    return verbatim(text) if re.search(r"[*`<>|~\[\]!&\\\n\r]|\b_|_\b", text) else spell_out(text)


def cell(text: str, chars: int = CELL_CHARS) -> str:
    """Return text as it may stand in a table."""
    return shorten(" ".join(str(text).split()).replace("|", "/"), chars)


def clock(at: float) -> str:
    """Return a time to come as people say it, with its day where that is another one."""
    now, then = time.localtime(), time.localtime(at)
    return time.strftime("%H:%M" if now[:3] == then[:3] else "%H:%M on %d %b", then)


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 1:
        return f"{seconds:.2g} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 100 else f"{minutes / 60:.1f} h"
