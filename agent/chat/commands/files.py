"""The commands that take a study or the conversation away as files: /export /apply /save /log."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Literal

from bestguess.agent.chat.answers.export import FILE_NAMES, best_of, write
from bestguess.agent.chat.answers.formatting import verbatim
from bestguess.agent.chat.command import Number, command
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.files import within
from bestguess.agent.chat.plan import value_words
from bestguess.agent.chat.transcript import to_markdown
from bestguess.tools.errors import InputError
from bestguess.tools.objective.editing import Edit, edit_values
from bestguess.tools.trial import Trial
from bestguess.tools.words.private import write_private

Form = Literal["script", "command", "json", "report", "study", "csv", "result"]

TRANSCRIPT = "transcript.md"


def _place_export(session: Conversation, form: Form, path: str) -> Path:
    default = FILE_NAMES[form].format(study=session.bench.the_plan().study)
    return session.files.place(path or default, Path(default).suffix, chosen=bool(path))


def _place_log(session: Conversation, path: str) -> Path:
    return session.files.place(path, ".md", chosen=path != TRANSCRIPT)


def _card_for_file(target: Path) -> Card:
    over = "over what this session wrote there" if target.exists() else "a new file"
    return Card(f"Write {target.name}, {over}?", (verbatim(str(target)),), "typed")


def _card_for_export(session: Conversation, form: Form = "script", path: str = "") -> Card:
    if form == "command":
        return Card("Show the best as a command?", ("no file is written",), "typed")
    return _card_for_file(_place_export(session, form, path))


@command(
    "writes",
    asks=_card_for_export,
    means={
        "form": {
            "json": "json",
            "csv": "csv",
            "spreadsheet": "csv",
            "excel": "csv",
            "comma_separated": "csv",
            "report": "report",
            "html": "report",
            "command": "command",
            "command_line": "command",
            "one-liner": "command",
            "study": "study",
            "database": "study",
            "code": "script",
            "script": "script",
            "python": "script",
            "": "script",
        }
    },
)
def export(session: Conversation, form: Form = "script", path: str = "") -> str:
    """Write a file into the folder: a script of the best configuration, its command, json, or a report.

    All trials: csv, a row each; study, a copy of the database; result, which bg.Result.load reads.
    """
    plan, folder = session.bench.the_plan(), session.bench.folder
    if form == "command":
        return f"    {plan.typed(best_of(session.bench.history).params, folder)}"
    target = _place_export(session, form, path)
    write(form, target, plan, session.bench.study, session.bench.database)
    if form != "study":  # a copy of a database is never written over
        session.files.wrote(target)
    name = str(target.relative_to(folder))
    hint = f" Run it: `python {shlex.quote(name)}`" if form == "script" else ""
    return f"Wrote `{name}`.{hint}"


def _edits(session: Conversation, trial: int | None) -> tuple[Trial, list[Edit], dict[str, str]]:
    """Return the trial that is written, how the files would change, and what cannot be written, with why."""
    plan, history = session.bench.the_plan(), session.bench.history
    chosen = best_of(history) if trial is None else session.bench.known.find(trial, counts=True)
    script = within(session.bench.folder, plan.script)
    if script.suffix != ".py":
        raise InputError(
            f"{plan.script} is no Python script, so it is not written into; /export does without"
        )
    edits, left = edit_values(script, {**plan.fixed, **chosen.params})
    for edit in edits:
        within(session.bench.folder, str(edit.path))
    return chosen, edits, left


def _card_for_apply(session: Conversation, trial: int | None = None) -> Card:
    chosen, edits, left = _edits(session, trial)
    if not edits:
        return Card("Write nothing?", tuple(f"{name}: {why}" for name, why in left.items()), "typed")
    # All is in the title, by which the session tells whether what was agreed to is still what would be done.
    changes = [
        f"{name} {value_words(old)} → {value_words(new)}"
        for edit in edits
        for name, (old, new) in edit.values.items()
    ]
    places = [
        f"{edit.path.name}:{number} {sign} {verbatim(words.strip())}"
        for edit in edits
        for number, old, new in edit.lines
        for sign, words in (("-", old), ("+", new))
    ]
    kept = [f"stays as it is: {name}, as {why}" for name, why in left.items()]
    files = " and ".join(edit.path.name for edit in edits)
    title = f"Write trial {chosen.number} into {files}: {', '.join(changes)}?"
    return Card(title, (*places, *kept, "the rest of the file stays, to the character"), "once")


@command(
    "writes",
    asks=_card_for_apply,
)
def apply(session: Conversation, trial: Number | None = None) -> str:
    """Write the best into the script or YAML file it came from, or another trial: /apply, /apply 7.

    The card shows the lines that change. Only values that stand there plainly are written.
    """
    chosen, edits, left = _edits(session, trial)
    for edit in edits:
        edit.write()
    lines = [f"- `{name}` was not written: {why}" for name, why in left.items()]
    if not edits:
        return "\n".join(
            [f"Nothing was written: the files have the values of trial {chosen.number}.", *lines]
        )
    files = " and ".join(f"`{edit.path.name}`" for edit in edits)
    return "\n".join([f"Wrote the values of trial {chosen.number} into {files}.", *lines])


@command(
    "writes",
    asks=lambda session, path=TRANSCRIPT: _card_for_file(_place_log(session, path)),
)
def log(session: Conversation, path: str = TRANSCRIPT) -> str:
    """Write this conversation as Markdown into the folder."""
    target = _place_log(session, path)
    write_private(target, to_markdown(session.events), target.name)
    session.files.wrote(target)
    return f"Wrote `{target.relative_to(session.bench.folder)}`."


@command(
    "reads",
)
def save(session: Conversation) -> str:
    """Say where everything is kept, and how to go on later; nothing needs saving."""
    database = session.bench.database
    return (
        f"Everything is kept as it happens: the trials in `{database.name}`, this conversation in "
        f"`{database.with_suffix('.chat.jsonl').name}`. Go on later with "
        f"{verbatim(session.resume_command)}."
    )
