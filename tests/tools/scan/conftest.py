"""Scripts are drafted, and run with each end of each range: what is drafted arrives."""

from __future__ import annotations

import ast
import builtins
import io
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from bestguess.tools.objective import inherited
from bestguess.tools.objective.command import CommandTemplate
from bestguess.tools.objective.override import override, read_arguments
from bestguess.tools.scan.draft import Draft, scan
from bestguess.tools.space.parameters import Choice, Float, Int

Files = dict[str, str | bytes]


@pytest.fixture
def drafted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Files], Draft]:
    """Return the draft of train.py, which prints a dictionary by the last words of names, in lower case."""

    def run(words: list[str]) -> dict[str, object]:
        script, values, arguments = read_arguments(words)
        folder = tmp_path / "changes"
        folder.mkdir(exist_ok=True)
        changes = override(script, values, folder)
        main = ModuleType("__main__")
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            patch.setattr(builtins, "open", builtins.open)
            patch.setattr(io, "open", io.open)
            patch.setattr(sys, "meta_path", [*sys.meta_path])
            patch.setattr(sys, "path", [str(tmp_path), *sys.path])
            patch.setattr(sys, "argv", ["train.py", *arguments])
            patch.setattr(sys, "modules", {**sys.modules, "__main__": main})
            inherited.install(changes)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)  # of files that the scripts leave open
                inherited.run(changes, main.__dict__)
        printed = ast.literal_eval(capsys.readouterr().out)
        assert isinstance(printed, dict)
        return printed

    def draft(files: Files) -> Draft:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        found = scan(tmp_path / "train.py")
        if found.space is None:
            return found
        script = str(tmp_path / "train.py")
        words = found.command[found.command.index(script) :]
        template = CommandTemplate(["train", *words], found.space.names)
        plain, default = run([script]), found.space.default()
        lows, highs = ({name: _ends(found.space[name])[end] for name in default} for end in (0, -1))
        assert run(list(template.render(default))[1:]) == plain
        for params in (default, lows, highs):
            printed = run(list(template.render(params))[1:])
            assert {name: printed[name.rpartition(".")[2].lower()] for name in params} == params
        return found

    return draft


def _ends(parameter: object) -> tuple[object, ...]:
    assert isinstance(parameter, Float | Int | Choice)
    return tuple(parameter.options) if isinstance(parameter, Choice) else (parameter.low, parameter.high)
