"""What a command cannot take: one line that names it, exit code 2, nothing written, and at once.

A row has the command's words as a shell would split them, and what the line has to say. FILES are in the
folder that all rows share; they are as they were after the last row.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bestguess.agent.cli import main

MOST_S = 10.0
MOST_CHARS = 2000

SPACE = """
task: {description: A bowl, metric: loss}
parameters:
  x: {type: float, low: -2, high: 2, default: 1.5}
  n: {type: int, low: 1, high: 6}
"""
OBJECTIVES = """
number = 3

def bowl(params):
    raise AssertionError("a bad input started a trial")

class NeedsWords:
    def __init__(self, words): ...
"""

LONG = "a" * 10_000
BOWL = "--space space.yaml --storage none --n-trials 1 objectives:bowl"
RUN = "tune --space space.yaml --storage none --n-trials 1"

STORAGES = {
    "": "is no database URL",
    "study.db": "sqlite:///",
    "mongodb://x/y": "driver that is not installed",
    "oracle://h/db": "driver that is not installed",
    "postgresql+nodriver://h/db": "driver that is not installed",
    "postgresql://h:notaport/db": "no database URL",
    "postgresql://user:hunter2@127.0.0.1:1/db": "cannot be opened",
    "postgresql://user:hunter2@127.0.0.1:99999/db": "cannot be opened",
    "postgresql://127.0.0.1:1/db?nonsense=1": "cannot be opened",
    "sqlite:///folder": "is a folder",
    "sqlite:///pipe": "a pipe",
    "sqlite:////dev/null": "a device",
    "sqlite:///loop": "symbolic links",
    "sqlite:///a.png": "no SQLite database",
    "sqlite:///space.yaml": "no SQLite database",
    "sqlite:///nowhere/s.db": "does not exist",
    "sqlite:///~/s.db": "does not exist",
    "sqlite:////proc/s.db": "/proc/s.db",
    "sqlite:///file:x?mode=memory&uri=true": "options",
    "sqlite:///bestguess.db?mode=ro": "options",
    "sqlite:///x.db?timeout=abc": "options",
    "sqlite://host/x.db": "a host",
    "sqlite+aiosqlite:///x.db": "the driver sqlite+aiosqlite",
    "sqlite+pysqlcipher://:k@/x.db": "the driver sqlite+pysqlcipher",
    "sqlite://": "ends with the command",
    "sqlite:///:memory:": "ends with the command",
    "http://x/y": "http",
    "journal.log": "no database URL",
    f"sqlite:///{LONG}": "no database URL",
    "sqlite:///a\0b.db": "null character",
    "sqlite:///\udcff.db": "no UTF-8 text",
}
MODELS = {
    "": "names no language model",
    "nope": "'nope' names no language model",
    "embedded:": "no Hugging Face model folder",
    "embedded:nope": "nope",
    "smollm2-135m": "models pull",
    "./no": "./no does not exist",
    "~nobody-at-all/x": "does not exist",
    "folder": "no config.json",
    "a.png": "names no language model",
    "http://": "'http://' is not the URL",
    "http://[::1": "not the URL of a model server",
    "http://127.0.0.1:99999/v1": "not the URL of a model server",
    "http://h:abc/v1": "not the URL of a model server",
    "http://a b/v1": "not the URL of a model server",
    f"http://{'h' * 3000}/v1": "names no language model",
    "http://user:hunter2@h/v1": "BESTGUESS_API_KEY",
    "ftp://h/v1": "ftp://h/v1 does not exist",
    "nomodule:x": "No module named 'nomodule'",
    "json:nope": "no attribute 'nope'",
    "os:getcwd": "gave a str",
    "sys:exit": "SystemExit",
    "objectives:NeedsWords": "TypeError",
    "a\0b": "null character",
}
SPACES = {
    "": "folder",
    "nope.yaml": "nope.yaml",
    "folder": "folder",
    "a.png": "a.png",
    "latin.yaml": "UTF-8",
    "list.yaml": "list.yaml",
    "bestguess.db": "bestguess.db",
    "train.py": "train.py",
    "/dev/null": "null",
    "/dev/zero": "device",
    "pipe": "pipe",
    "loop": "loop",
    "..": "folder",
    "objectives:bowl": "function",
    "objectives:number": "int",
    "objectives:nope": "nope",
    "nomodule:x": "nomodule",
    ":x": "module:name",
    "x:": "module:name",
    ".:x": ".",
    "sys:exit": "builtin_function",
    "http://x/space.yaml": "http",
    LONG: "aaa",
    f"{LONG}:x": "aaa",
    "a\0b": "null character",
}
NUMBERS = {
    "tune --n-trials {} --space space.yaml --storage none objectives:bowl": [
        "0",
        "-1",
        "1" + "0" * 30,
        "1.5",
        "",
    ],
    "demo --llm none --n-trials {}": ["0", "nan"],
    "ask --n {}": ["0", "-1", "1" + "0" * 30, "x"],
    "warmstart --space space.yaml --n {}": ["0", "-1", "1" + "0" * 30, "x"],
    f"tune --seed {{}} {BOWL}": ["-1", "1" + "0" * 30, "nan", "9" * 5000],
    "ask --seed {}": ["-1"],
    "warmstart --space space.yaml --seed {}": ["-1", str(2**63)],
    "chat --seed {}": ["-1", "1" + "0" * 30],
    "web --seed {}": ["-1", "x"],
    f"tune --timeout {{}} {BOWL}": ["-1", "nan", "1e400", "x"],
    f"tune --llm-wait {{}} {BOWL}": ["-1", "nan", "1e400"],
    "mcp --llm-wait {}": ["-1", "nan", "1e400", "x"],
    f"{RUN} --metric 'l=(.)' --trial-timeout {{}} -- true {{x}} {{n}}": ["0", "-1", "nan", "1e400"],
    f"tune --llm-tokens {{}} {BOWL}": ["-1", "x"],
    f"tune --llm-requests {{}} {BOWL}": ["-1", "1.5"],
    "ask --pid {}": ["-1", "1" + "0" * 30, "x"],
    "chat --parallel {}": ["0", "65", "x"],
    "mcp --http --port {}": ["0", "70000", "-1", "x"],
    "web --port {}": ["70000", "-1"],
    "serve m --port {}": ["0", "70000"],
    "serve ./no --gpus {}": ["-1", "99"],
    "serve ./no --nodes {}": ["0", "2"],
    "serve ./no --context {}": ["5"],
    "serve ./no --timeout {}": ["nan", "-1"],
}
NAMES = {
    "": "study_name is ''",
    "   ": "study_name",
    "a\nb": "study_name",
    "\x1b[31m": "study_name",
    LONG: "study_name",
}
NAMED = ("show", "tell 0 1", "ask --space space.yaml", f"tune {BOWL}")
TOLD = {
    "": "tell was given 'nothing'",
    "0": "NUMBER and VALUE",
    "0 1 x": "the value is '1 x'",
    "x 1": "the trial is 'x'",
    "0.5 1": "the trial is '0.5'",
    "'' 1": "the trial is ''",
    "99 1": "no trial 99",
    "-1 1": "no trial -1",
    f"1{'0' * 30} 1": "no trial",
    f"{'9' * 5000} 1": "the trial is",
    "0 x": "the value is 'x'",
    "0 ''": "the value is ''",
    "--nope": "--nope",
    "0 1 --failed x": "NUMBER",
    "--failed x": "NUMBER",
    "0 --failed": "--failed",
    "0 1 --feedback-file nope": "nope",
    "0 1 --feedback-file folder": "folder",
    f"0 1 --feedback-file {LONG}": "aaa",
}
PARAMS = {
    "": "no JSON",
    "{": "no JSON",
    "[]": "[]",
    "null": "None",
    '"x"': "'x'",
    '{"x": 1}': "n",
    '{"x": NaN, "n": 1}': "nan",
    '{"x": 1, "x": 2, "n": 1}': "'x' is there twice",
    '{"x": 1, "n": 1, "z": 3}': "z",
    '{"x": "a", "n": 1}': "'a'",
    '{"x": [1], "n": 1}': "[1]",
    '{"x": 9, "n": 1}': "9",
    '{"x": 1, "n": 1e400}': "inf",
    '{"x": 1, "n": 1.5}': "1.5",
    f'{{"x": {"9" * 5000}, "n": 1}}': "no JSON",
    "[" * 100_000: "nested too deep",
    LONG: "no JSON",
}
PROGRAMS = {
    "''": "a command needs --metric",
    "objectives": "--metric",
    "objectives:": "module:name",
    "objectives:nope": "nope",
    "objectives:number": "int",
    "nomodule:f": "nomodule",
    "./train.py:f": "file",
    "--metric '' -- true {x} {n}": "0 groups",
    "--metric '(' -- true {x} {n}": "no regular expression",
    "--metric '(a)(b)' -- true {x} {n}": "2 groups",
    "--metric '(?P<x>' -- true {x} {n}": "no regular expression",
    f"--metric '{'(' * 3000}' -- true {{x}} {{n}}": "metric",
    "--metric 'a{99999999999}(b)' -- true {x} {n}": "metric",
    "--metric 'l=(.)' -- no-such-program {x} {n}": "no program 'no-such-program'",
    "--metric 'l=(.)' -- ./a.png {x} {n}": "a.png",
    "--metric 'l=(.)' -- folder {x} {n}": "folder",
    "--metric 'l=(.)' -- true {nope} {x} {n}": "nope",
    "--metric 'l=(.)' objectives:bowl": "--metric",
    "--direction up objectives:bowl": "up",
    "--knowledge nope objectives:bowl": "nope is neither a file nor a folder",
    "--knowledge /etc/passwd objectives:bowl": "/etc/passwd",
}
OTHERS = {
    "": "",
    "nope": "No such command 'nope'",
    "--nope": "--nope",
    "tune": "OBJECTIVE",
    "tune --space": "--space",
    f"tune {BOWL.partition(' ')[2].partition(' ')[2]}": "--space",
    "ask --space space.yaml --direction up": "up",
    "ask --task x": "--space",
    "ask --task '' --direction minimize": "--space",
    "ask x": "x",
    "show x": "x",
    "show --study-name nope": "there are s",
    "tell 0 1 --study-name nope": "there are s",
    "replay --study-name nope": "there are s",
    "ask --study-name nope": "--space",
    "replay --journal nope": "nope",
    "replay --journal folder": "folder",
    "chat --folder nope": "nope",
    "chat --folder space.yaml": "space.yaml",
    "web --folder nope": "nope",
    f"web --folder {LONG}": "--folder",
    "web x": "x",
    "mcp x": "x",
    "mcp --llm http://[::1": "http://[::1",
    "doctor x": "x",
    "doctor --llm sys:exit": "sys:exit",
    "demo x": "x",
    "demo --model nope": "nope",
    "demo --llm none --storage study.db": "study.db",
    "demo --llm http://[::1": "http://[::1",
    "models": "",
    "models nope": "nope",
    "models path": "NAME",
    "models path nope": "nope",
    "models path ../..": "no config.json",
    f"models path {LONG}": "aaa",
    "models pull nope --yes": "nope",
    "models pull smollm2-135m --from x": "'x'",
    "serve ./no": "./no",
    "serve folder": "folder",
    "init": "SCRIPT",
    "init nope.py": "nope.py",
    "init ''": "folder",
    "init folder": "folder",
    "init a.png": "a.png",
    "init bestguess.db": "bestguess.db",
    "init space.yaml": "space.yaml",
    "init list.yaml --out o.yaml": "list.yaml has nothing to tune",
    "init /dev/zero": "device",
    "init pipe": "pipe",
    "init loop": "loop",
    f"init {LONG}": "aaa",
    "init train.py": "space.yaml is there already",
    "init train.py --out folder": "folder",
    "init train.py --out nowhere/o.yaml": "nowhere/o.yaml",
    "init train.py --out /proc/o.yaml": "/proc/o.yaml",
    f"init train.py --out {LONG}": "aaa",
    "warmstart": "--space",
    "warmstart --space space.yaml --for nope": "nope",
    "warmstart --space space.yaml --out folder": "folder",
    "warmstart --space space.yaml --out space.yaml": "space.yaml is there already",
    "warmstart --space space.yaml --out nowhere/o.json": "nowhere",
    f"warmstart --space space.yaml --out {LONG}": "aaa",
    "\udcff": "no UTF-8 text",
    "show --study-name \udcff": "no UTF-8 text",
    "init \udcff.py": "no UTF-8 text",
    "tell 0 1 --feedback-file a\0b": "null character",
}


def rows() -> Iterator[tuple[list[str], str]]:
    """Yield every bad word once, and each command that takes such words."""
    for url, words in STORAGES.items():
        yield ["show", "--storage", url], words
    for spec, words in MODELS.items():
        yield [*shlex.split(f"tune {BOWL}"), "--llm", spec], words
    for spec, words in SPACES.items():
        yield ["tune", "--storage", "none", "--space", spec, "objectives:bowl"], words
    for command, (number, *_) in NUMBERS.items():
        yield numbered(command, number)
    for (name, words), command in zip(NAMES.items(), cycle(NAMED)):
        yield [*command.split(), "--study-name", name], words
    for line, words in TOLD.items():
        yield ["tell", *shlex.split(line)], words
    for params, words in PARAMS.items():
        yield ["tell", "1", "--params", params], words
    for line, words in PROGRAMS.items():
        yield [*RUN.split(), *shlex.split(line)], words
    for line, words in OTHERS.items():
        yield shlex.split(line), words
    yield from islice(rows_of_other_commands(), 0, None, 11)


def rows_of_other_commands() -> Iterator[tuple[list[str], str]]:
    """Yield the same words given to the other commands that take them."""
    for url, words in STORAGES.items():
        yield ["tune", "--storage", url, "--space", "space.yaml", "--n-trials", "1", "objectives:bowl"], words
        yield ["tell", "0", "1", "--storage", url], words
        yield ["ask", "--storage", url], words
        if words not in ("ends with the command", "/proc/s.db"):  # where root may write, as it seems
            yield ["mcp", "--storage", url], words
    for spec, words in MODELS.items():
        yield ["warmstart", "--space", "space.yaml", "--llm", spec], words
        yield ["mcp", "--llm", spec], words
        yield ["chat", "--llm", spec], words
        yield ["doctor", "--llm", spec], words
    for spec, words in SPACES.items():
        yield ["ask", "--space", spec], words
        yield ["warmstart", "--space", spec], words
    for command, (_, *numbers) in NUMBERS.items():
        for number in numbers:
            yield numbered(command, number)
    for name, words in NAMES.items():
        for command in NAMED:
            yield [*command.split(), "--study-name", name], words


def numbered(command: str, number: str) -> tuple[list[str], str]:
    """Return a command with a number that it cannot take, and the number as the line has it."""
    given = [number if word == "{}" else word for word in shlex.split(command)]
    return given, "inf" if number == "1e400" else number[:20]


def _id(words: list[str]) -> str:
    return ascii(" ".join(words) if len(" ".join(words)) < 80 else " ".join(one[:25] for one in words))[1:-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with files of all kinds and a study, in which all commands are run."""
    folder = tmp_path_factory.mktemp("doors")
    (folder / "space.yaml").write_text(SPACE)
    (folder / "objectives.py").write_text(OBJECTIVES)
    (folder / "train.py").write_text("LR = 0.1\nprint(f'loss={LR}')\n")
    (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)))
    (folder / "latin.yaml").write_bytes("parameters: {x: {type: float, doc: caf\xe9}}".encode("latin-1"))
    (folder / "list.yaml").write_text("- a\n- b\n")
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("BESTGUESS_HOME", str(folder / "home"))
        patch.setattr(sys, "path", sys.path[:])
        patch.delitem(sys.modules, "objectives", raising=False)
        patch.setattr(sys, "dont_write_bytecode", True)
        for command in ("ask --space space.yaml --study-name s --seed 0", "show", "tune --help"):
            done = CliRunner().invoke(main, command.split())
            assert done.exit_code == 0, done.output
        yield folder


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        found[str(path)] = (status.st_size, 0 if path.is_dir() else status.st_mtime_ns)
    return found


def check(words: list[str], expected: str, folder: Path, **how: object) -> None:
    """Assert that a command refuses its words as it has to."""
    before = snapshot(folder)
    started = time.process_time()

    done = CliRunner().invoke(main, words, **how)  # type: ignore[arg-type]

    spent_s = time.process_time() - started
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    *usage, line = done.stderr.strip().splitlines()
    assert line.startswith(("error: ", "Error: ")) or not words or words == ["models"], done.stderr
    assert usage == [] or usage[0].startswith("Usage: "), done.stderr
    assert "Traceback" not in done.stderr
    assert "inside BestGuess" not in line
    assert "hunter2" not in line
    assert expected in line, line
    assert len(line) <= MOST_CHARS
    assert snapshot(folder) == before
    assert spent_s < MOST_S


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        *(pytest.param(*row, id=_id(row[0])) for row in rows()),
        *(pytest.param(*row, id=_id(row[0]), marks=pytest.mark.slow) for row in rows_of_other_commands()),
    ],
)
def test_a_bad_input_is_one_line_with_exit_code_2_and_nothing_is_written(
    words: list[str], expected: str, folder: Path
) -> None:
    check(words, expected, folder)


@pytest.mark.parametrize(
    ("command", "variables", "expected"),
    [
        (
            "models pull smollm2-135m --yes",
            {"BESTGUESS_HOME": "space.yaml"},
            "BESTGUESS_HOME is 'space.yaml'",
        ),
        ("models path smollm2-135m", {"BESTGUESS_HOME": "a.png"}, "BESTGUESS_HOME is 'a.png'"),
        ("demo --llm none", {"BESTGUESS_HOME": "space.yaml"}, "BESTGUESS_HOME is 'space.yaml'"),
        ("serve ./no", {"BESTGUESS_HOME": "space.yaml"}, "./no does not exist"),
        (f"tune {BOWL} --llm http://h/v1", {"BESTGUESS_API_KEY": "hunter2\nX: y"}, "BESTGUESS_API_KEY"),
        (f"tune {BOWL} --llm http://h/v1", {"BESTGUESS_API_KEY": "hunter2é"}, "BESTGUESS_API_KEY"),
        ("mcp --http", {"BESTGUESS_MCP_TOKEN": ""}, "BESTGUESS_MCP_TOKEN"),
        ("mcp --http", {"BESTGUESS_MCP_TOKEN": "hunter2"}, "BESTGUESS_MCP_TOKEN"),
        ("mcp --http", {"BESTGUESS_MCP_TOKEN": "hunter2-hunter2\nhunter2"}, "BESTGUESS_MCP_TOKEN"),
        ("show --study-name nope", {"COLUMNS": "abc", "LINES": "-1"}, "nope"),
        ("show --study-name nope", {"COLUMNS": "1" + "0" * 30}, "nope"),
        ("show --study-name nope", {"TZ": "Mars/Phobos", "LC_ALL": "xx_XX.nope", "TERM": "\x1b[2J"}, "nope"),
        ("tell x 1", {"TMPDIR": "/nowhere", "HOME": "/nowhere"}, "the trial is 'x'"),
        ("models path nope", {"XDG_CACHE_HOME": "/dev/null/x", "BESTGUESS_HOME": "", "HOME": ""}, "nope"),
    ],
)
def test_an_environment_that_makes_no_sense_is_named_or_does_not_matter(
    command: str, variables: dict[str, str], expected: str, folder: Path
) -> None:
    check(shlex.split(command), expected, folder, env=variables)


def test_a_port_that_is_taken_is_said_before_anything_is_served(folder: Path) -> None:
    from bestguess.agent.llm.serving.loopback import listen

    with listen(0) as taken:
        port = str(taken.getsockname()[1])
        for command in ("mcp --http", "web", "serve folder"):
            check([*command.split(), "--port", port], f"port {port}", folder)


def test_a_working_folder_that_was_deleted_is_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for command in ("show", "ask --space space.yaml", "chat", f"tune {BOWL}", "models list"):
        check(command.split(), "the working folder cannot be used", folder)
    monkeypatch.chdir(folder)


def _raising(error: BaseException) -> click.Command:
    def command() -> None:
        raise error

    return click.Command("show", callback=command)


def test_what_is_nobodys_fault_but_ours_is_one_line_too_and_says_how_to_see_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(main), "get_command", lambda *_: _raising(ZeroDivisionError("a\nwheel\x1b[2J")))

    done = CliRunner().invoke(main, ["show"])
    assert done.exit_code == 70
    assert done.stderr == (
        "error: this went wrong inside BestGuess: ZeroDivisionError: a wheel; please report it, "
        "BESTGUESS_TRACEBACK=1 shows where\n"
    )
    shown = CliRunner().invoke(main, ["show"], env={"BESTGUESS_TRACEBACK": "1"})
    assert isinstance(shown.exception, ZeroDivisionError)


def test_an_interrupt_is_130_in_one_line_at_any_moment_and_at_a_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask() -> None:
        def interrupt(*_: object) -> str:
            raise KeyboardInterrupt

        monkeypatch.setattr("click.termui.visible_prompt_func", interrupt)
        click.confirm("Pull it?", abort=True, err=True)

    for command in (_raising(KeyboardInterrupt()), click.Command("show", callback=ask)):
        monkeypatch.setattr(type(main), "get_command", lambda *_, one=command: one)
        done = CliRunner().invoke(main, ["show"])
        assert done.exit_code == 130
        assert done.stderr.splitlines()[-1] == "interrupted"


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [b"show\0--storage\0sqlite:///\xff.db", b"init\0caf\xe9.py", b"tune\0--space\0pipe\0objectives:bowl"],
)
def test_the_process_itself_ends_so(words: bytes, folder: Path) -> None:
    before = snapshot(folder)
    command = [os.fsencode(sys.executable), b"-m", b"bestguess.agent.cli", *words.split(b"\0")]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=100, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"error: ")
    assert done.stderr.count(b"\n") == 1
    assert snapshot(folder) == before
