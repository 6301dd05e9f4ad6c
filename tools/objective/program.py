"""Which program takes a text as data, and from which of its arguments on.

A text is a model's, so what takes it is listed, and all else refused: nobody can list every program that
runs what it is given (`env`, `git -c`, `psql -c`, `find -exec`, `ssh`, `make`, …), while who wants one can
always put it into a file. On the list are

1. a known interpreter, options of it that take no code, and then a file of program text that no installation
   brought (`timeit.py` and `prove` run what they are given): `python -u train.py {prompt}`,
   `bash -euo pipefail run.sh {prompt}`; what the file does is its author's;
2. `python -m module {prompt}`, unless Python or an installed package brings the module: `timeit`, `pdb` and
   `pip` run what they are given;
3. a file below the folder where the command runs, given by its path: `./train {prompt}`. A link counts as
   what it leads to, and what an environment installed there does not count.

The words before the text are the user's, so this guards against mistakes and not against the user.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path

_SH = "[aeflnuvxBCEPT]"
_PY = "[bBdEIOPqRsSuvx]"
_NOTHING = "(?!)"

_PYTHON = r"(?:python|pypy)[\d.]*t?"

_RUNNERS = (
    (_PYTHON, rf"-{_PY}+|-[WX].+", rf"-{_PY}*[WX]"),
    (
        r"(?:ba|da|a|z|k|mk)?sh",
        rf"[-+]{_SH}+|--(?:norc|noprofile|posix|login)?",
        rf"[-+]{_SH}*[oO]",
    ),
    (r"(?:perl|ruby)[\d.]*", r"-[wW]+|--", _NOTHING),
    (r"node(?:js)?", r"--max-old-space-size=\d+|--", _NOTHING),
    (r"Rscript", r"--vanilla", _NOTHING),
    (r"julia", r"--(?:project|threads)=\S+|-t\d+|--", r"-t"),
    (r"java", r"-X\S+|-ea", r"-jar"),
)
"""Interpreters by name, with the options that may stand before the file: alone, or with a word after them."""

_SYSTEM = (
    *("/bin", "/sbin", "/lib", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec", "/usr/share"),
    *("/usr/local/bin", "/usr/local/lib", "/opt/homebrew/bin"),
)

_OURS = "bestguess.tools.objective.override"

_INTERPRETER = re.compile(r"\w*sh|python[\d.]*|perl|ruby|node|Rscript")
_CODE_FLAG = re.compile(r"-\w*[ceE]|--eval")
_ALL_CODE = re.compile(r"[gmn]?awk|g?sed|ssh|xargs|eval|make|parallel")


def where_text_may_go(words: Sequence[str], folder: Path) -> int | None:
    """Return the index of the first word that the command's own file gets; None if no text may go in at all.

    `folder` is where the command runs.
    """
    for names, alone, valued in _RUNNERS:
        if any(re.fullmatch(names, name) for name in _names(words[0], folder)):
            return _after_file(words, folder, alone, valued, has_modules=names == _PYTHON)
    return 1 if _is_own(words[0], folder) else None


def may_hold_code(words: Sequence[str], index: int) -> bool:
    """Whether a shell or an interpreter might read the word at `index`, or a part of it, as code."""
    names = [Path(word).name for word in words[:index]]
    if any(_ALL_CODE.fullmatch(name) for name in names):
        return True
    started = next((at for at, name in enumerate(names) if _INTERPRETER.fullmatch(name)), index)
    return any(_CODE_FLAG.fullmatch(word) for word in words[started + 1 : index])


def _names(word: str, folder: Path) -> tuple[str, str]:
    """Return what a program is called here, and what it is called where links lead."""
    found = folder / word if "/" in word else shutil.which(word)
    return Path(word).name, Path(os.path.realpath(found or word)).name


def _after_file(
    words: Sequence[str], folder: Path, alone: str, valued: str, *, has_modules: bool
) -> int | None:
    index = 1
    while index < len(words) and words[index][:1] in ("-", "+"):
        word = words[index]
        if has_modules and word == "-m":
            name, *rest = words[index + 1 :] or ("",)
            if name == _OURS:  # which runs the script that is named next
                return index + 3 if rest and _is_file(rest[0], folder) else None
            return index + 2 if _is_own_module(name, folder) else None
        if re.fullmatch(alone, word):
            index += 1
        elif re.fullmatch(valued, word):
            # What follows -jar is the file itself, and no option's value.
            index += 1 if word == "-jar" else 2
        else:
            return None
    return index + 1 if index < len(words) and _is_file(words[index], folder) else None


def _is_file(word: str, folder: Path) -> bool:
    """Whether a word names a file of this folder, or one that is none of an interpreter's own words.

    `node inspect` and `bash env` are no files, `java @words` is more of the command line, and a device or a
    pipe is read as it comes.
    """
    if not word or "{" in word or word[0] == "@":
        return False
    paths = (os.path.abspath(folder / word), os.path.realpath(folder / word))
    named = "/" in word or "." in word or os.path.isfile(folder / word)
    from_outside = any(path.startswith(("/dev/", "/proc/")) for path in paths)
    return named and not from_outside and not _is_installed(Path(paths[1]))


def _is_own_module(name: str, folder: Path) -> bool:
    top = name.partition(".")[0]
    if not re.fullmatch(r"[\w.]+", name) or top in sys.stdlib_module_names:
        return False
    if (folder / top).is_dir() or (folder / f"{top}.py").is_file():
        return True
    installed = [sysconfig.get_path(kind) for kind in ("purelib", "platlib")]
    return PathFinder.find_spec(top, installed) is None


def _is_own(word: str, folder: Path) -> bool:
    if "/" not in word:
        return False
    home, path = Path(os.path.realpath(folder)), Path(os.path.realpath(folder / word))
    return home != Path(home.anchor) and path.is_relative_to(home) and not _is_installed(path)


def _is_installed(path: Path) -> bool:
    """Whether a file came with a system, an interpreter or an environment: some run what they are given."""
    if {"site-packages", "dist-packages", "node_modules"}.intersection(path.parts):
        return True
    if re.search(r"/lib\d*/(?:python|perl|ruby|node)", str(path)):
        return True
    paths = (*_SYSTEM, *(sysconfig.get_path(kind) for kind in ("stdlib", "scripts")))
    return any(path.is_relative_to(one) for one in paths) or any(
        (parent / mark).exists() and path.relative_to(parent).parts[0] in ("bin", "lib", "Scripts", "Lib")
        for parent in path.parents
        for mark in ("pyvenv.cfg", "conda-meta")
    )
