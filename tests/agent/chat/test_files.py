from __future__ import annotations

from pathlib import Path

import pytest
from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.draft import draft
from bestguess.agent.chat.files import Files, scripts, within
from bestguess.agent.chat.prediction import draft_prediction
from bestguess.tools.errors import InputError


@pytest.mark.parametrize(
    "name", ["../x.json", "/etc/x.json", ".env", ".git/x.json", "a/../../x.json", "a\0.json"]
)
def test_no_file_outside_of_the_folder_and_no_hidden_one_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"outside|hidden|be a file's name"):
        within(tmp_path, name)


def test_a_link_leads_nowhere_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "out.json").symlink_to(tmp_path / "other.json")
    with pytest.raises(InputError, match="outside"):
        Files(home).place("out.json", ".json", chosen=True)
    (home / "rows.csv").write_text("a,y\n1,2\n")
    (home / "predict_rows_y.py").symlink_to(tmp_path / "made.py")
    with pytest.raises(InputError, match="outside"):
        draft_prediction(home, "rows.csv", "y")
    assert not (tmp_path / "made.py").exists()


@pytest.mark.parametrize(
    ("name", "suffix", "words"),
    [
        ("x.txt", ".json", "does not end in .json"),
        ("numpy.py", ".py", "in place of the module numpy"),
        ("sub/Json.py", ".py", "in place of the module"),
        ("site.py", ".py", "in place of the module site"),
        ("sitecustomize.py", ".py", "by itself"),
        ("__init__.py", ".py", "by itself"),
        ("conftest.py", ".py", "by itself"),
        ("nowhere/x.json", ".json", "no folder nowhere"),
        ("taken.json", ".json", "is there already"),
        ("a\u202eb.json", ".json", "cannot be seen"),
    ],
)
def test_what_would_shadow_replace_or_mislead_is_refused(
    tmp_path: Path, name: str, suffix: str, words: str
) -> None:
    (tmp_path / "taken.json").write_text("{}")
    (tmp_path / "sub").mkdir()
    with pytest.raises(InputError, match=words):
        Files(tmp_path).place(name, suffix, chosen=True)


def test_only_what_this_session_wrote_and_nobody_changed_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "best.json").write_text("the user's")
    files = Files(tmp_path)
    second = files.place("best.json", ".json", chosen=False)
    assert second.name == "best-2.json"
    second.write_text("ours")
    files.wrote(second)
    assert files.place("best.json", ".json", chosen=False) == second
    second.write_text("ours, changed by the user")
    assert files.place("best.json", ".json", chosen=False).name == "best-3.json"
    assert Files(tmp_path).place("best-2.json", ".json", chosen=False).name == "best-2-2.json"


def test_an_export_leaves_a_file_that_was_there_and_says_its_own_name(talk: Talk, folder: Path) -> None:
    (folder / "best_train.py").write_text("# the user's")
    (folder / "transcript.md").write_text("the user's")
    talk.say("tune train.py", "yes")
    for _ in range(2):
        assert "Wrote `best_train-2.py`" in talk.say("export the best as a script").text
        assert "Wrote `transcript-2.md`" in talk.say("/log").text
    assert (folder / "best_train.py").read_text() == "# the user's"
    assert (folder / "transcript.md").read_text() == "the user's"


def test_an_earlier_export_that_python_would_find_is_numbered_and_not_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "best_x.py").write_text("the user's")
    monkeypatch.syspath_prepend(tmp_path)
    assert Files(tmp_path).place("best_x.py", ".py", chosen=False).name == "best_x-2.py"


@pytest.mark.parametrize("line", ["/scan .env", "/new .env", "/scan secrets.toml", "/new run.sh space=.env"])
def test_only_a_program_and_a_space_are_read_and_no_other_file_is_shown(
    talk: Talk, folder: Path, line: str
) -> None:
    for name in (".env", "secrets.toml"):
        (folder / name).write_text("SECRET = swordfish\n")
    (folder / "run.sh").write_text("echo loss=1\n")
    said = talk.say(line)
    assert said.kind == "error"
    assert "swordfish" not in str(talk.events)


@pytest.mark.parametrize("name", ["a\x1b[31mb.py", "g\u202enp.py", "a\nrun 50.py", "bad\udcff.py"])
def test_a_script_whose_name_cannot_be_shown_is_not_offered(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    (tmp_path / "plain one.py").touch()
    assert [path.name for path in scripts(tmp_path)] == ["plain one.py"]
    with pytest.raises(InputError) as raised:
        draft(tmp_path, "nowhere.py")
    assert "has plain one.py" in str(raised.value)
    str(raised.value).encode()


@pytest.mark.parametrize("name", ["-cprint(1).py", "{lr}.py", "link.py", "{{7}}/train.py"])
def test_a_script_whose_name_would_be_something_else_in_a_command_is_not_tuned(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / ("-m.py" if name == "link.py" else name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("LR = 0.1\nprint('loss:', LR)\n")
    if name == "link.py":
        (tmp_path / name).symlink_to(path)
    with pytest.raises(InputError, match="rename it"):
        draft(tmp_path, name)
