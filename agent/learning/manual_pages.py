"""The source of a manual page, by whomever, as people read it.

roff is a language for programs: a page may include any file (.so, .nx, .trf, mdoc's .Bd -file) or variable of
the environment (\\V), define what hides that, and print without end. So `man` is given only what is known to
be text, in an environment that holds nothing, and no more of what it prints is read than a document may have.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress

TIMEOUT_S = 30.0

_ROFF = re.compile(r"^\.(?:TH|Dd|SH|\\\")\b", re.MULTILINE)
HEAD_CHARS = 20_000
"""Looked through for what only a manual page has."""

_MAN = """
    TH SH SS PP P LP TP TQ IP HP RS RE B I BR RB IR BI RI IB SM SB UR UE MT ME EX EE SY YS OP TS TE T&
    nf fi br
"""
# .Bd is not among them, as it can show a file.
_MDOC = """
    Dd Dt Os Sh Ss Nm Nd Op Oo Oc Fl Ar Pp It Bl El Dl D1 Cm Ic Va Vt Ev Pa Li Sy Em No Ns Ql Qq Dq Sq Pq Po
    Pc Brq Bq Aq Xr Sx An Lb In Fd Ft Fn Fo Fc Fa Er Ms Tn Ux Xo Xc Bk Ek Lk Mt Ap Pf Ao Ac Bo Bc Do Dc So Sc
    Qo Qc
"""
_MACROS = frozenset(f"{_MAN} {_MDOC}".split())
"""What may stand behind the dot of a line that is kept."""

_BLOCKS = frozenset({"de", "de1", "dei", "am", "am1", "ami", "ig"})
"""What goes on to a line of two dots, and is no text."""

_ESCAPE = re.compile(
    r"(?P<comment>\\[\"#].*)"
    # Fonts, named characters, and signs that stand for themselves or for a blank.
    r"|(?P<kept>\\(?:f(?:\[\w{0,8}\]|\(\w\w|\w)|\([^\s\\]{2}|\[[\w<>=+*!~-]{1,24}\]|[-&|^%~0 e'`]))"
    r"|\\\*(?:\(Aq|\[Aq\])"
    r"|(?P<other>\\(?:[A-Za-z*$](?:[-+]?\d+|\[[^\]\\]*\]|\([^\\]{1,2}|'[^'\\]*')?|.?))"
)
_CONTROL = re.compile(r"[.'][ \t]*(?P<name>[^ \t]*)")


def is_manual_page(text: str) -> bool:
    """Whether a text is the source of a manual page."""
    return _ROFF.search(text[:HEAD_CHARS]) is not None


def render(text: str, *, most_bytes: int) -> str:
    """Return the page as text, by `man` where that is, else without its marks; cut to `most_bytes`."""
    page = strip(text)
    if (man := shutil.which("man")) and (shown := _show(man, page, most_bytes).strip("\n")):
        return shown
    page = re.sub(r"^[.']\s*(?:[A-Za-z]{1,2}\b[ ]?)", "", page, flags=re.MULTILINE)
    page = re.sub(r"\\f(?:\[\w*\]|\(..|.)|\\[&|^%]", "", page)
    return page.replace("\\-", "-").replace("\\(aq", "'")


def strip(text: str) -> str:
    """Return the source of a page with nothing but text and marks that are known to be harmless."""
    text = _ESCAPE.sub(
        lambda found: found["kept"] or ("" if found["comment"] or found["other"] else "'"), text
    )
    lines: list[str] = []
    within = False
    for line in text.split("\n"):
        control = _CONTROL.match(line)
        name = control["name"] if control else ""
        if within:
            within = name != "."
        elif name in _BLOCKS:
            within = True
        elif control is None or name in _MACROS:
            lines.append(line)
    return "\n".join(lines)


def _show(man: str, page: str, most_bytes: int) -> str:
    """Return what `man` makes of a page; nothing where it fails."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with tempfile.TemporaryFile() as given:
        given.write(page.encode(errors="replace"))
        given.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603  # groff's safe mode, for which man asks, and no request
                [man, "-l", "-"],
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=known | {"MANWIDTH": "100", "LC_ALL": "C.UTF-8"},
                start_new_session=True,
            )
        except OSError:
            return ""
        assert process.stdout is not None
        timer = threading.Timer(TIMEOUT_S, _end, (process,))
        timer.start()
        try:
            shown = process.stdout.read(most_bytes + 1)
            if len(shown) > most_bytes:
                _end(process)
                return shown[:most_bytes].decode("utf-8", errors="replace")
            return shown.decode("utf-8", errors="replace") if process.wait() == 0 else ""
        finally:
            timer.cancel()
            _end(process)
            process.stdout.close()
            process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with the ones that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
