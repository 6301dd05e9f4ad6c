"""The commands for several studies of one folder: /studies /study."""

from __future__ import annotations

from contextlib import closing

from bestguess.agent.chat.answers import facts
from bestguess.agent.chat.answers.formatting import cell, verbatim
from bestguess.agent.chat.command import command
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.state import SessionState
from bestguess.agent.record.opening import study_names
from bestguess.agent.record.study import load
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.words.given import did_you_mean


@command(
    "reads",
    says=("studies | list of folder which there"),
)
def studies(session: Conversation) -> str:
    """List the studies of this folder, each with its trials and its best value."""
    storage = session.bench.storage
    if not (names := study_names(storage)):
        return "There is no study yet; say what to tune, for example: tune train.py"
    states, now = session.states, session.bench.plan.study if session.bench.plan else ""
    rows = ["| study | program | trials | metric | best |", "|---|---|---:|---|---:|"]
    for name in names:
        try:
            with closing(load(storage, name)) as study:
                history, metric = study.history, study.task.metric
        except StudyError as error:
            rows.append(f"| {cell(name)} | {cell(str(error), 90)} | | | |")
            continue
        state, best = states.get(name), history.incumbent
        program = state.plan.script if state and state.plan else "not begun in a session"
        value = f"{best.value:.6g}" if best else ""
        bold = f"**{cell(name)}**" if name == now else cell(name)
        rows.append(f"| {bold} | {cell(program)} | {len(history.told)} | {cell(metric)} | {value} |")
    return "\n".join([*rows, "", "*/study NAME* goes to one of them."])


def _find(session: Conversation, name: str) -> SessionState:
    """Return where a study was left; its name may be a part of it, or of its program's."""
    there = set(study_names(session.bench.storage))
    states = {study: state for study, state in session.states.items() if study in there}
    exact = [study for study in states if study.lower() == name.lower()]
    found = exact or [
        study
        for study, state in states.items()
        if state.plan and name.lower() in f"{study} {state.plan.script}".lower()
    ]
    if len(found) == 1:
        return states[found[0]]
    if found:
        raise InputError(f"/study {name}: there are {', '.join(found)}; name one of them")
    if name in there:
        raise InputError(
            f"the study {name} was not begun in a session, which would know its program; look at it with "
            f"bestguess show --study-name {name}"
        )
    hint = did_you_mean(name, states) or f"; there are {', '.join(states) or 'none'}"
    raise InputError(f"there is no study {name!r} to go to{hint}")


def _card_for_study(session: Conversation, name: str) -> Card:
    plan = _find(session, name).plan
    assert plan
    lines = [f"the program: {verbatim(plan.command_line)}", "nothing runs before you say so"]
    if session.bench.plan:
        lines.append(f"the study {session.bench.plan.study} stays as it is")
    return Card(f"Go to the study {plan.study}?", tuple(lines), "typed")


@command(
    "changes",
    asks=_card_for_study,
    says=("back_to+Y switch_to+Y go_to+Y | back go switch study"),
)
def study(session: Conversation, name: str) -> str:
    """Go to another study of this folder, as it was left: /study svm; /studies lists them."""
    state = _find(session, name)
    assert state.plan
    if session.bench.plan and session.bench.plan.study == state.plan.study:
        return f"The study is {state.plan.study} already."
    session.bench.go_to(state)
    session.consents.discard("code")  # what was agreed to run was another program
    session.note_best()
    standing = facts.standing(session.bench.history, state.plan.task)
    return f"Back in the study *{state.plan.study}* of {state.plan.script}: {standing}"
