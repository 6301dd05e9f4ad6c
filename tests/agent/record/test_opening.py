from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from tests.agent.record.studies import SPACE, TASK, open_study

import bestguess as bg
from bestguess.agent.record.study import Study, load
from bestguess.tools.errors import StudyError


def test_a_study_is_not_gone_on_with_unless_asked(tmp_path: Path) -> None:
    open_study(tmp_path)
    with pytest.raises(StudyError, match="--resume"):
        open_study(tmp_path, resume=False)


def test_another_space_or_direction_is_refused_by_what_differs(tmp_path: Path) -> None:
    open_study(tmp_path)
    url = f"sqlite:///{tmp_path / 'study.db'}"
    other = bg.Space({**SPACE.parameters, "depth": bg.Int(1, 9, default=3)})
    with pytest.raises(StudyError, match=r"differs in depth, whose high was \d+ and is now 9\)"):
        Study.open(other, TASK, storage=url, name="s")
    described = bg.Space(
        {name: replace(one, doc=f"the {name}") for name, one in SPACE.parameters.items()},
        constraints=SPACE.constraints,
    )
    assert Study.open(described, TASK, storage=url, name="s").name == "s"
    with pytest.raises(StudyError, match="minimize, not maximize"):
        Study.open(SPACE, bg.Task(direction="maximize"), storage=url, name="s")


def test_the_seed_is_kept_with_the_study(tmp_path: Path) -> None:
    first = open_study(tmp_path, seed=None).seed
    assert open_study(tmp_path, seed=None).seed == first


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////nowhere/at/all/study.db", "does not exist"),
        ("sqlite:////proc/study.db", "cannot be written"),
        ("not a url", "no database URL"),
        ("postgresql+nodriver://u:secret@h/db", "driver"),
    ],
)
def test_storage_that_cannot_be_opened_says_why_and_shows_no_password(url: str, words: str) -> None:
    with pytest.raises(StudyError, match=words) as caught:
        Study.open(SPACE, TASK, storage=url, name="s")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_text("these are notes, not a database " * 100)
    before = (tmp_path / "study.db").read_bytes()
    with pytest.raises(StudyError, match=r"no SQLite database, or a damaged one: .*\.recover") as caught:
        open_study(tmp_path)
    assert "cannot be written" not in str(caught.value)
    assert (tmp_path / "study.db").read_bytes() == before


def test_a_study_is_loaded_with_its_own_space_and_task(tmp_path: Path) -> None:
    study = open_study(tmp_path)
    loaded = load(f"sqlite:///{tmp_path / 'study.db'}", None)
    assert (loaded.name, loaded.space, loaded.task) == ("s", SPACE, TASK)
    assert loaded.seed == study.seed
    with pytest.raises(StudyError, match="there are s"):
        load(f"sqlite:///{tmp_path / 'study.db'}", "t")
    with pytest.raises(StudyError, match="no study file"):
        load(f"sqlite:///{tmp_path / 'other.db'}", None)


def test_several_that_make_a_study_at_once_make_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        studies = list(pool.map(lambda _: open_study(tmp_path, seed=None), range(4)))

    assert len({study.seed for study in studies}) == 1
    assert len({study._settings.study_id for study in studies}) == 1


def test_who_loses_the_race_for_a_new_study_knows_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    optuna.create_study(study_name="s", storage=url)
    storages = optuna.storages._cached_storage._CachedStorage
    find, looks = storages.get_study_id_from_name, iter([False, True, False, True])

    def too_early(storage: object, name: str) -> int:
        if not next(looks):
            raise KeyError(name)
        return int(find(storage, name))  # type: ignore[arg-type]

    monkeypatch.setattr(storages, "get_study_id_from_name", too_early)
    started = time.monotonic()
    with pytest.raises(StudyError, match="already in"):
        open_study(tmp_path, resume=False)
    assert open_study(tmp_path).seed == 1
    assert time.monotonic() - started < 10
