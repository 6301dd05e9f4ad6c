"""The commands that read what is known before the search: /learn /adopt /earlier."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Literal

from bestguess.agent.advice.beliefs import belief_words
from bestguess.agent.advice.knowledge import gather
from bestguess.agent.chat.answers.formatting import verbatim
from bestguess.agent.chat.command import command
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.events import Answer, Card
from bestguess.agent.chat.files import within
from bestguess.agent.chat.workbench import PACKS
from bestguess.agent.learning.draft import Draft
from bestguess.agent.learning.draft import learn as learn_from
from bestguess.tools.errors import InputError
from bestguess.tools.words.sentences import counted

MOST_LINES = 12


@command(
    "reads",
)
def packs(session: Conversation) -> str:
    """Show what the packs of knowledge, ours and the folder's, say of these parameters."""
    plan, bench = session.bench.the_plan(), session.bench
    known = gather(plan.space, plan.task, bench.folder / PACKS if bench.uses_packs else True)
    if known is None:
        return "No pack knows these parameters; */learn FILE* drafts one from a document of yours."
    beliefs = [f"- {name}: {belief_words(belief)}" for name, belief in known.beliefs.items()]
    return "\n".join([*known.lines, *beliefs, *(f"    {line}" for line in known.advice.splitlines())])


def _card_for_learn(session: Conversation, file: str) -> Card:
    path = within(session.bench.folder, file)
    reader = f"{session.bench.llm.name} reads parts of it" if session.bench.llm else "no model reads it"
    return Card(f"Read {path.name} and draft a pack from it?", (verbatim(str(path)), reader), "typed")


@command(
    "spends",
    asks=_card_for_learn,
)
def learn(session: Conversation, file: str) -> Answer:
    """Read a document of the folder first, and draft a pack of what it advises: /learn wiki.md.

    Every number in the draft stands in the document, beside the parameter's name. It is used once you agree.
    """
    plan = session.bench.the_plan()

    def listen(_: str) -> None:
        if session.stopped.is_set():
            raise InputError("it was stopped, so nothing is drafted")

    with session.thinking() if session.bench.llm else nullcontext():
        session.draft = draft = learn_from(
            within(session.bench.folder, file), plan.space, plan.task, llm=session.bench.llm, progress=listen
        )
    notes = [f"- {note}" for note in draft.notes]
    notes += [
        f"- left out: {one.words} ({one.place}): {reason}" for one, reason in draft.dropped[:MOST_LINES]
    ]
    shown = "\n".join(f"    {line}" for line in _changes(session, draft).splitlines())
    return Answer("\n".join([f"Read by {draft.read_by}.", "", shown, "", *notes]).strip(), then="adopt")


def _the_draft(session: Conversation) -> Draft:
    if session.draft is None:
        raise InputError("nothing is drafted yet; name a document: /learn FILE")
    return session.draft


def _place(session: Conversation, draft: Draft) -> Path:
    folder = within(session.bench.folder, PACKS)
    if not folder.is_dir():
        return folder / draft.file_name
    return session.files.place(f"{PACKS}/{draft.file_name}", ".md", chosen=False)


def _changes(session: Conversation, draft: Draft) -> str:
    return draft.diff(_place(session, draft))


def _card_for_adopt(session: Conversation) -> Card:
    draft = _the_draft(session)
    path = _place(session, draft)
    begun = ("the study that is begun keeps what it began with",) if session.bench.opened else ()
    title = f"Write {path.name}, with {counted(len(draft.entries), 'parameter')}, and search by it"
    title += " from the next study on?" if session.bench.opened else "?"
    return Card(title, (verbatim(str(path)), *draft.says[:MOST_LINES], *begun), "once")


@command("writes", asks=_card_for_adopt)
def adopt(session: Conversation) -> str:
    """Write the pack that was drafted last into the folder packs, and search by it."""
    draft = _the_draft(session)
    path = draft.save(_place(session, draft))
    session.files.wrote(path)
    session.draft, session.bench.uses_packs = None, True
    when = (
        "The next study uses it: /new begins one." if session.bench.opened else "The search begins with it."
    )
    return f"Wrote `{path.relative_to(session.bench.folder)}`. {when} Elsewhere: `--knowledge {PACKS}`."


def _card_for_earlier(session: Conversation, use: Literal["on", "off"]) -> Card:
    begun = ("the study that is begun keeps what it began with",) if session.bench.opened else ()
    verb = "Begin" if use == "on" else "Do not begin"
    return Card(
        f"{verb} with what earlier studies of this folder came to, from the next study on?", begun, "once"
    )


@command("changes", asks=_card_for_earlier)
def earlier(session: Conversation, use: Literal["on", "off"]) -> str:
    """Let the next study begin with what earlier ones of its parameters came to, or not: /earlier off."""
    session.bench.uses_earlier = use == "on"
    return (
        "Earlier studies are used from the next study on." if use == "on" else "Earlier studies are left out."
    )
