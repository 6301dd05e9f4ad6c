"""The commands that correct the record: /undo /note."""

from __future__ import annotations

from bestguess.agent.chat.command import Number, command
from bestguess.agent.chat.commands.studies import study
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.state import Undo
from bestguess.tools.errors import InputError


def _card_for_undo(session: Conversation, trial: int | None = None) -> Card:
    if trial is not None:
        return Card(f"Set trial {trial} aside?", ("it counts no more, and stays in the record",), "typed")
    if not session.bench.undos:
        return Card("Take back nothing, as there is no change?", (), "typed")
    last = session.bench.undos[-1]
    thing = "limits are" if last.limits is not None else "plan is" if last.plan is not None else "trial is"
    then = f"the study is {last.study} again" if last.study else f"the {thing} as before it"
    return Card(f"Take back {last.what}?", (then,), "typed")


@command(
    "changes",
    asks=_card_for_undo,
)
def undo(session: Conversation, trial: Number | None = None) -> str:
    """Take back the last change of space or plan, or set a trial aside: it counts no more, and stays."""
    if trial is not None:
        return _set_aside(session, trial)
    if not session.bench.undos:
        return "There is no change to take back; */undo 7* sets trial 7 aside."
    if before := session.bench.undos[-1].study:
        return str(study.function(session, name=before))
    last = session.bench.take_back()
    return f"Taken back: {last.what if last.trial is None else f'trial {last.trial} counts again'}."


def _set_aside(session: Conversation, number: int) -> str:
    tuner = session.bench.tuner
    if number in {trial.number for trial in tuner.interrupted}:
        tuner.drop(number)
        if (trials := session.bench.trials) and trials.wanted:
            trials.wanted -= 1
        return f"Trial {number} is dropped: it is not run again, and does not count."
    if number in {trial.number for trial in session.bench.history.running}:
        raise InputError(f"trial {number} is running; set it aside when it is done")
    session.bench.study.set_aside(number)
    session.bench.undos.append(Undo(f"trial {number} set aside", trial=number))
    return f"Trial {number} is set aside: it stays in the record and counts no more. /undo takes that back."


@command(
    "changes",
)
def note(session: Conversation, text: str, trial: Number | None = None) -> str:
    """Remark on a trial, the last one if no number is given; whoever proposes next reads it."""
    if trial is None:
        told = session.bench.history.told
        if not told:
            raise InputError("there is no trial to remark on yet")
        trial = told[-1].number
    session.bench.study.remark(trial, text)
    return f"Noted at trial {trial}; whoever proposes next reads it."
