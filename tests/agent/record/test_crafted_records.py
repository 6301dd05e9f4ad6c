# ruff: noqa: E501 - one line a crafted record
"""Studies, journals, transcripts and recordings that somebody tampered with: read as far as they make sense, or refused in one line."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing, suppress
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from tests.bad_inputs import FINE, expect
from tests.params import few_of

import bestguess as bg
from bestguess.agent.advice.explainer import Explainer
from bestguess.agent.advice.journal import Journal, restore
from bestguess.agent.advice.knowledge import read_knowledge
from bestguess.agent.chat.transcript import last_state, read_last_session, to_markdown
from bestguess.agent.llm import Message, Request
from bestguess.agent.record.spool import Spool
from bestguess.agent.record.study import load
from bestguess.agent.record.trial_fields import read_proposal
from bestguess.agent.reports.report import study_record
from bestguess.agent.testing import ScriptedLLM
from bestguess.tools.errors import StudyError
from bestguess.tools.space.space import Space
from bestguess.tools.words.kept import read_fields, read_settings, whole

pytestmark = pytest.mark.slow

SPACE = bg.Space(
    lr=bg.Float(1e-5, 1.0, log=True),
    depth=bg.Int(1, 8),
    kind=bg.Choice(["a", "b"]),
    words=bg.Text(default="x", examples=["y"]),
)

TASK = bg.Task("Tune the oven", metric="loss")

# Values of JSON that may stand in any field; NaN and Infinity are what Python writes and reads too.
JSON = ["null", "true", "3", "-1", "1.5", "1e999", "NaN", '""', '"abc"', "[]", "[1]", "[[]]", "{}", '{"a": 1}', '"\\ud800"', "9" * 400, "[" * 50 + "]" * 50]  # fmt: skip
TORN = ["", "{", "nul", "[" * 100_000, "9" * 5000, "\x00"]


@pytest.fixture(scope="module")
def study_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a default, a user's trial, a failure and one that runs."""
    path = tmp_path_factory.mktemp("crafted") / "study.db"
    with bg.Tuner(SPACE, TASK, storage=f"sqlite:///{path}", study_name="oven", seed=0) as tuner:
        tuner.tell(tuner.ask(), 1.0)
        tuner.tell(
            {"lr": 0.1, "depth": 2, "kind": "b", "words": "new words"}, bg.Outcome(0.5, feedback="said")
        )
        tuner.tell(tuner.ask(), bg.Outcome.failure("out of memory"))
        tuner.study.set_aside(0)
        tuner.study.remark(1, "good")
        tuner.ask()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def used(path: Path) -> None:
    """Read a study as show, report and export do, and go on with it."""
    url = f"sqlite:///{path}"
    study = load(url, None)
    json.dumps(study_record(study.history, study.task, study.space, seconds=0.0))
    (
        study.aside,
        read_knowledge(study.knowledge, study.name),
        study.everything,
        list(study.histories_at_start()),
    )
    study.close()
    with bg.Tuner(study.space, study.task, storage=url, study_name=study.name, knowledge=False) as tuner:
        tuner.tell({"lr": 0.2, "depth": 3, "kind": "a", "words": "x"}, 0.7)
        bg.Result(tuner.study, None, 1.0).report()


def crafted(study_file: Path, folder: Path, *statements: tuple[str, tuple[Any, ...]]) -> Path:
    path = folder / "study.db"
    shutil.copy(study_file, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement, values in statements:
            assert connection.execute(statement, values).rowcount, statement
    return path


OF_STUDY = "UPDATE study_user_attributes SET value_json = ? WHERE key = 'bestguess'"
OF_TRIAL = "UPDATE trial_user_attributes SET value_json = ? WHERE key = 'bestguess' AND trial_id = {trial}"


def put(kept: dict[str, Any], dotted: str, value: str) -> str:
    """Return JSON text with `value`, which is JSON text that Python's writer may not give, in a field."""
    *path, last = dotted.split(".")
    within = kept
    for name in path:
        within = within.setdefault(name, {})
    within[last] = "@@"
    return json.dumps(kept).replace('"@@"', value)


def kept_json(study_file: Path, table: str, where: str) -> Any:
    with closing(sqlite3.connect(study_file)) as connection:
        (text,) = connection.execute(f"SELECT value_json FROM {table} WHERE {where}").fetchone()
    return json.loads(text)


STUDY_FIELDS = ["space", "space.parameters", "space.parameters.lr", "space.parameters.lr.low", "space.constraints", "task", "task.direction", "task.facts", "seed", "fingerprint", "options", "options.kind", "knowledge", "knowledge.beliefs", "knowledge.beliefs.lr", "knowledge.families", "token"]  # fmt: skip
TRIAL_FIELDS = ["source", "reason", "verdict", "fallback", "prediction", "rival", "tokens", "seconds", "texts", "texts.words", "outcome", "outcome.value", "outcome.error", "outcome.feedback", "outcome.seconds", "owner", "owner.pid", "owner.started", "attempts", "key"]  # fmt: skip
FEW = ["null", "3", '"abc"', "[1]", '{"a": 1}', "NaN"]


@pytest.mark.parametrize("field", STUDY_FIELDS)
def test_settings_that_make_no_sense_are_refused_by_their_name(field: str, study_file: Path) -> None:
    kept = kept_json(study_file, "study_user_attributes", "key = 'bestguess'")
    kept["knowledge"] = {"families": ["a"], "beliefs": {"lr": {"low": 0.1, "high": 0.2}}, "advice": ""}

    def read(value: str) -> None:
        with whole("oven"):
            settings = read_settings({"bestguess": json.loads(put(kept, field, value))}, "oven")
            Space.from_dict(settings["space"])
            bg.Task.from_dict(settings["task"])
            read_knowledge(settings["knowledge"], "oven")

    for value in JSON:
        expect(partial(read, value), ("",))


@pytest.mark.parametrize("field", TRIAL_FIELDS)
def test_fields_of_a_trial_that_make_no_sense_are_left_out(field: str, study_file: Path) -> None:
    kept = kept_json(study_file, "trial_user_attributes", "key = 'bestguess' AND trial_id = 2")

    def read(value: str) -> None:
        fields, odd = read_fields(json.loads(put(kept, field, value)))
        assert not odd or field.partition(".")[0] in odd
        json.dumps(fields)
        read_proposal(fields, {})
        if fields.get("outcome"):
            bg.Outcome(**{"value": 1.0, **fields["outcome"]})

    for value in JSON:
        expect(partial(read, value), FINE)


@pytest.mark.parametrize(
    "field", ["space", "space.parameters.lr.low", "task", "seed", "options", "options.kind", "knowledge"]
)
def test_a_study_whose_settings_make_no_sense_is_refused(
    field: str, study_file: Path, tmp_path: Path
) -> None:
    kept = kept_json(study_file, "study_user_attributes", "key = 'bestguess'")
    path = crafted(study_file, tmp_path, (OF_STUDY, (put(kept, field, '"abc"'),)))
    expect(
        lambda: used(path),
        ("'oven'", "give" if field == "space.parameters.lr.low" else field.partition(".")[0]),
    )


@pytest.mark.parametrize("field", ["source", "prediction", "texts", "outcome", "owner", "attempts"])
def test_a_study_is_gone_on_with_where_what_is_noted_of_trials_makes_no_sense(
    field: str, study_file: Path, tmp_path: Path
) -> None:
    statements = []
    for trial, value in enumerate(['{"a": 1}', '"abc"', "NaN", "[1]"], start=1):
        kept = kept_json(study_file, "trial_user_attributes", f"key = 'bestguess' AND trial_id = {trial}")
        statements.append((OF_TRIAL.format(trial=trial), (put(kept, field, value),)))
    path = crafted(study_file, tmp_path, *statements)
    expect(lambda: used(path), FINE)


ROWS = {
    **{f"settings {text[:20]!r}": ("UPDATE study_user_attributes SET value_json = ? WHERE key = 'bestguess'", text, "study.db" if text in TORN else "oven") for text in [*TORN, "null", "3", "[]", '"abc"']},
    **{f"aside {text[:20]!r}": ("UPDATE study_user_attributes SET value_json = ? WHERE key LIKE 'bestguess:aside%'", text, "fine") for text in FEW},
    **{f"remarks {text[:20]!r}": ("UPDATE study_user_attributes SET value_json = ? WHERE key LIKE 'bestguess:remark%'", text, "fine") for text in FEW},
    **{f"aside torn {text[:20]!r}": ("UPDATE study_user_attributes SET value_json = ? WHERE key LIKE 'bestguess:aside%'", text, "study.db") for text in ("{", "[" * 100_000)},
    **{f"old aside {text[:20]!r}": ("INSERT INTO study_user_attributes (study_id, key, value_json) VALUES (1, 'bestguess:aside', ?)", text, "fine") for text in FEW},
    **{f"old remarks {text[:20]!r}": ("INSERT INTO study_user_attributes (study_id, key, value_json) VALUES (1, 'bestguess:remarks', ?)", text, "fine") for text in [*FEW, '{"1": 3}', '{"1": [1]}', '{"x": ["a"]}', '{"1": {"a": 1}}']},
    **{f"trial {text[:20]!r}": ("UPDATE trial_user_attributes SET value_json = ? WHERE key = 'bestguess' AND trial_id = 1", text, "fine") for text in FEW},
    **{f"trial torn {text[:20]!r}": ("UPDATE trial_user_attributes SET value_json = ? WHERE key = 'bestguess' AND trial_id = 1", text, "study.db") for text in ("{", "[" * 100_000)},
    **{f"distribution {text[:30]!r}": ("UPDATE trial_params SET distribution_json = ? WHERE param_name = 'kind'", text, "") for text in [*TORN, "null", "{}", "[]", '{"name": "os.system"}', '{"name": "CategoricalDistribution", "attributes": {"choices": []}}', '{"name": "CategoricalDistribution", "attributes": {}}', '{"name": "FloatDistribution", "attributes": {"low": 2, "high": 1, "log": true, "step": null}}', '{"name": "IntDistribution", "attributes": {"low": 1, "high": 1e400, "log": false, "step": 1}}', '{"type": "float", "low": 1}']},
    **{f"value of {name} {value!r}": (f"UPDATE trial_params SET param_value = ? WHERE param_name = '{name}'", value, "") for name in ("lr", "depth", "kind") for value in (-1.0, 99.0, "abc")},
    **{f"value {value!r}": ("UPDATE trial_values SET value = ?", value, "") for value in (float("inf"), "abc", b"x", 1e308)},
    **{f"reported {value!r}": ("INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) VALUES (2, 1, ?, 'FINITE')", value, "fine") for value in ("abc", b"x")},
    **{f"value type {value!r}": ("UPDATE trial_values SET value_type = ?", value, "") for value in ("INF_POS", "NAN", "abc", 3)},
    **{f"objective {value!r}": ("UPDATE trial_values SET objective = objective + ?", value, "") for value in (1, 7)},
    **{f"state {value!r}": ("UPDATE trials SET state = ?", value, "") for value in ("WAITING", "PRUNED", "RUNNING", "COMPLETE", "FAIL", "abc", "", 3)},
    **{f"number {value!r}": ("UPDATE trials SET number = ? WHERE trial_id = 2", value, "") for value in (0, -5, 99, "abc", None)},
    **{f"start {value!r}": ("UPDATE trials SET datetime_start = ?", value, "") for value in (None, "abc", "9999-99-99", 3, "2999-01-01 00:00:00.000000")},
    **{f"end {value!r}": ("UPDATE trials SET datetime_complete = ?", value, "") for value in (None, "abc", "0001-01-01 00:00:00.000000")},
    **{f"direction {value!r}": ("UPDATE study_directions SET direction = ?", value, "") for value in ("MAXIMIZE", "NOT_SET", "abc", 3)},
    **{f"objectives {value!r}": ("UPDATE study_directions SET objective = ?", value, "") for value in (1, -1)},
    **{f"name {value!r}": ("UPDATE studies SET study_name = ?", value, "") for value in ("", "\x1b[31m", "two\nlines", "n" * 2000)},
    "schema": ("UPDATE version_info SET schema_version = ?", 999, ""),
    "alembic": ("UPDATE alembic_version SET version_num = ?", "nonsense", "study.db"),
    **{f"no {name}": (f"DELETE FROM {name} WHERE ? = 1", 1, "") for name in ("study_directions", "trial_values", "trial_params", "study_user_attributes", "trial_user_attributes", "studies", "version_info", "alembic_version")},
    **{f"no table {name}": (f"DROP TABLE {name}", None, "") for name in ("study_directions", "trial_values", "trial_params", "study_user_attributes", "trial_user_attributes", "studies", "version_info")},
}  # fmt: skip


def kind(name: str) -> tuple[str, str]:
    """Return what rows of one kind share: the statement, and what is said."""
    statement, _, words = ROWS[name]
    return statement, words


# What Optuna reads in its own way, whose words are empty, is refused or skipped, and never a traceback.
BY_KIND = [list(names) for _, names in groupby(ROWS, key=kind)]


@pytest.mark.parametrize(
    "name", [name for names in BY_KIND for name in few_of(names, fast=1 if ROWS[names[0]][2] else 0)]
)
def test_a_crafted_row_is_skipped_or_the_study_is_refused(
    name: str, study_file: Path, tmp_path: Path
) -> None:
    statement, value, words = ROWS[name]
    path = tmp_path / "study.db"
    shutil.copy(study_file, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement, () if value is None and "?" not in statement else (value,))
    expect(lambda: used(path), (words,))


@pytest.fixture(scope="module")
def journal_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crafted")
    llm = ScriptedLLM(['{"lr": 0.01, "depth": 3, "kind": "b", "words": "x"}'])
    with bg.Tuner(
        SPACE, TASK, llm=llm, storage=f"sqlite:///{folder / 's.db'}", study_name="oven", seed=0
    ) as tuner:
        for value in (3.0, 2.0, 1.0):
            tuner.tell(tuner.ask(), value)
    path = folder / "s.journal.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for table in ("calls", "advice"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            connection.execute(f"DROP TRIGGER {table}_UPDATE")
            connection.execute(f"DROP TRIGGER {table}_DELETE")
    return path


def heard(path: Path) -> None:
    """Read a journal as a tuner, replay and export do."""
    journal = Journal(path)
    json.dumps(journal.calls())
    by_trial = journal.advice("oven")
    Explainer(ADVISOR, SPACE, TASK, 0, earlier=journal.explanations("oven"))
    journal.first_guesses("oven", SPACE)
    journal.answer(REQUEST)
    assert 0 <= journal.spent("oven").tokens < 2**60
    for several in by_trial.values():
        for one in several:
            with suppress(bg.BestGuessError):
                restore(one, SPACE)


REQUEST = Request((Message("user", "hello"),))
ADVISOR: Any = None


JOURNAL_ROWS = {
    **{f"{table}.{column} {str(value)[:20]!r}": (f"UPDATE {table} SET {column} = ?", value) for table, columns in {"calls": ("texts", "prompt_tokens", "completion_tokens", "seconds", "error", "request", "at", "model", "key"), "advice": ("trial", "role", "configurations", "refusal", "rejected", "tokens", "seconds", "key", "at")}.items() for column in columns for value in ("abc", b"\xff\x00", -1, float("inf"), 2**62, "[", "null", "[1]", '[{"lr": "abc"}]', '[{"depth": [1]}]', "[" * 100_000, "9" * 5000)},
}  # fmt: skip


@pytest.mark.parametrize("column", sorted({name.partition(" ")[0] for name in JOURNAL_ROWS}))
def test_a_crafted_row_of_a_journal_is_skipped(column: str, journal_file: Path, tmp_path: Path) -> None:
    for index, (name, (statement, value)) in enumerate(JOURNAL_ROWS.items()):
        if name.partition(" ")[0] == column:
            path = tmp_path / f"{index}.db"
            shutil.copy(journal_file, path)
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute(statement, (value,))
            expect(partial(heard, path), FINE)


@pytest.mark.parametrize("statement", ["DROP TABLE calls", "DROP TABLE advice", "ALTER TABLE calls DROP COLUMN texts", "ALTER TABLE advice RENAME COLUMN trial TO t", "CREATE TABLE other (a)", "ALTER TABLE calls ADD COLUMN more"])  # fmt: skip
def test_a_journal_of_another_form_is_refused_or_read(
    statement: str, journal_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "j.db"
    shutil.copy(journal_file, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)
    expect(lambda: heard(path), ("",))


LINES = ["", "{", "null", "3", "[]", '"abc"', "{}", "[" * 100_000, "9" * 5000, "\x00", '{"kind": "state"}', '{"kind": 3, "text": 4, "at": 5}', '{"kind": "state", "text": "", "at": "x", "plan": 3}', '{"kind": "trial_started", "text": "", "at": 1}', '{"kind": "card", "text": "", "at": 1}', '{"kind": "card", "text": "", "at": 1, "lines": 3}', '{"kind": "answer", "text": "a", "at": 1, "plot": 3}', '{"kind": "answer", "text": "a", "at": 1, "plot": {"series": 3}}', '{"kind": "session", "text": "", "at": 1e999}', '{"kind": "session", "text": [], "at": 1}', '{"kind": ["session"], "text": "", "at": 1}', '{"kind": "said", "text": "\\ud800", "at": NaN}', '{"kind": "nonsense", "text": "", "at": 1}', '{"kind": "answer", "text": "a", "at": 1, "at": {}}']  # fmt: skip


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_a_crafted_line_of_a_transcript_is_skipped(line: str, tmp_path: Path) -> None:
    path = tmp_path / "s.chat.jsonl"
    good = '{"at": 1, "kind": "session", "text": ""}\n{"at": 2, "kind": "state", "text": "", "left": 3}\n'
    path.write_bytes(
        f"{good}{line}\n".encode(errors="surrogatepass")
        + b'\xff\xfe\n{"at": 3, "kind": "said", "text": "hello"}\n'
    )

    def read() -> None:
        events = read_last_session(path)
        assert events[-1].text == "hello"
        last_state(events)
        to_markdown(events)
        json.dumps([event.to_dict() for event in events])
        assert all(event.plot is None for event in events)

    expect(read, FINE)


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0"
CODE = {
    "view": f"ALTER TABLE trial_values RENAME TO kept; CREATE VIEW trial_values AS SELECT * FROM kept WHERE trial_id IN ({ENDLESS})",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON trial_user_attributes BEGIN UPDATE trial_user_attributes SET value_json = '{}'; END",
    "column": "ALTER TABLE trials ADD COLUMN more TEXT AS (printf('%.*c', 150000000, 'a'))",
    "default": "ALTER TABLE studies RENAME TO kept; CREATE TABLE studies (study_id INTEGER, study_name TEXT, more TEXT DEFAULT (randomblob(9)))",
    "index": "CREATE INDEX i ON trials (printf('%.*c', 150000000, 'a'))",
    "check": "DROP TABLE version_info; CREATE TABLE version_info (a TEXT CHECK (length(printf('%.*c', 1, 'a')) > 0))",
    "comment": "DROP TABLE version_info; CREATE TABLE Version_Info (a TEXT CHECK /* ( */ (length(a) > 0))",
    "index of some rows": "CREATE INDEX i ON trials (state) WHERE number >= 0 AND length(hex(zeroblob(400000000))) > 1",
    "index by a pattern": "CREATE INDEX i ON trials (number LIKE '%a%a%b')",
    "bracket in a text": "CREATE INDEX i ON trials (')' || hex(zeroblob(4000000)))",
    "check of a text": "DROP TABLE version_info; CREATE TABLE version_info (a TEXT CHECK (')' <> printf('%.*c', 1, 'a')))",
    "check behind a quote": """DROP TABLE version_info; CREATE TABLE version_info (a, CONSTRAINT"c"CHECK(length(hex(a))>0))""",
    "check behind a text": "DROP TABLE version_info; CREATE TABLE version_info (a TEXT DEFAULT'x'CHECK(length(hex(a))>0))",
    "open brackets": f"DROP TABLE version_info; CREATE TABLE version_info (a /* {'[' * 300_000} */)",
    "check by a pattern": "DROP TABLE version_info; CREATE TABLE version_info (a TEXT CHECK ('aaaaa' NOT LIKE '%a%a%b'))",
    "virtual": "DROP TABLE version_info; CREATE VIRTUAL TABLE version_info USING fts5(a)",
}


@pytest.mark.parametrize("code", list(CODE))
def test_a_file_with_code_in_it_is_refused_unread(code: str, study_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    shutil.copyfile(study_file, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(CODE[code])
    url = f"sqlite:///{path}"
    for reads in (lambda: load(url, "oven"), lambda: bg.Tuner(SPACE, TASK, storage=url, study_name="oven")):
        with pytest.raises(StudyError, match="has code in it, which is not run"):
            reads()


def test_a_journal_with_a_trigger_that_is_not_ours_is_refused(journal_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    shutil.copyfile(journal_file, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TRIGGER calls_INSERT AFTER INSERT ON calls BEGIN DELETE FROM advice; END")
    for reading in (True, False):
        with pytest.raises(StudyError, match="has code in it, which is not run"):
            list(Journal(path, reading=reading).calls())


@pytest.mark.parametrize("token", ["/../../x", "..", "a/b", "0123456789abcdef0123456789abcdef"])
def test_a_token_chooses_no_folder(token: str, tmp_path: Path) -> None:
    paths = Spool(f"sqlite:///{tmp_path}/study.db", "oven", token).paths
    assert paths[0].parent == tmp_path
    assert all(".." not in path.parts for path in paths)


OTHERS = {
    "an Enum of before": "ALTER TABLE study_directions RENAME TO kept; CREATE TABLE study_directions (study_direction_id INTEGER PRIMARY KEY, direction TEXT NOT NULL, study_id INTEGER, objective INTEGER, CHECK (direction IN ('NOT_SET', 'MINIMIZE', 'MAXIMIZE'))); INSERT INTO study_directions SELECT study_direction_id, direction, study_id, objective FROM kept; DROP TABLE kept",
    "a view of one's own": "CREATE VIEW best AS SELECT min(value) FROM trial_values",
    "a table of one's own": "CREATE TABLE notes (at TEXT DEFAULT (datetime('now')), words TEXT) -- mine",
}


@pytest.mark.parametrize("more", list(OTHERS))
def test_what_stands_beside_the_tables_that_are_read_is_let_alone(
    more: str, study_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "study.db"
    shutil.copyfile(study_file, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(OTHERS[more])
    assert load(f"sqlite:///{path}", "oven").history.complete
