"""The commands for several studies of one folder: /studies /study."""

from __future__ import annotations

from bestguess.agent.chat.answers import facts
from bestguess.agent.chat.answers.formatting import cell, verbatim
from bestguess.agent.chat.answers.studies import kept_studies
from bestguess.agent.chat.command import command
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.state import SessionState
from bestguess.agent.record.opening import study_names
from bestguess.tools.errors import InputError
from bestguess.tools.words.given import did_you_mean


@command(
    "reads",
)
def studies(session: Conversation) -> str:
    """List the studies of this folder, each with its trials and its best value."""
    if not (there := kept_studies(session)):
        return "There is no study yet; say what to tune, for example: tune train.py"
    now = session.bench.plan.study if session.bench.plan else ""
    rows = ["| study | program | trials | metric | best |", "|---|---|---:|---|---:|"]
    for kept in there:
        if kept.why_not:
            rows.append(f"| {cell(kept.name)} | {cell(kept.why_not, 90)} | | | |")
            continue
        bold = f"**{cell(kept.name)}**" if kept.name == now else cell(kept.name)
        program = cell(kept.program or "not begun in a session")
        rows.append(f"| {bold} | {program} | {kept.trials} | {cell(kept.metric)} | {kept.best} |")
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
)
def study(session: Conversation, name: str) -> str:
    """Go to another study of this folder, as it was left: /study svm; /studies lists them."""
    state = _find(session, name)
    assert state.plan
    if session.bench.plan and session.bench.plan.study == state.plan.study:
        return f"The study is {state.plan.study} already."
    session.bench.go_to(state)
    session.consents.discard("code")  # what was agreed to run was another program
    standing = facts.standing(session.bench.history, state.plan.task)
    return f"Back in the study *{state.plan.study}* of {state.plan.script}: {standing}"
