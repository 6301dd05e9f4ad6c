"""The commands about the session itself: /web /doctor /help /quit."""

from __future__ import annotations

from bestguess.agent.chat.answers.formatting import cell, verbatim
from bestguess.agent.chat.command import command
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.events import Answer
from bestguess.agent.chat.web import load_server


@command(
    "reaches",
)
def web(session: Conversation) -> Answer:
    """Show this session on a page of this machine's browser, too: whatever is said in one shows in both."""
    from bestguess.agent.chat.session import Session

    assert isinstance(session, Session)
    if session.page is None:
        page = load_server()(session)
        page.start()
        session.page = page
    return Answer(f"Open {session.page.url}", secret=True)


@command(
    "reads",
)
def doctor(session: Conversation) -> str:  # noqa: ARG001  # every command takes the session
    """Report what this machine has."""
    from bestguess.agent.reports.machine import examine_machine

    return "\n".join(
        f"- {'ok' if finding.ok else '**NO**'} {finding.name}: {finding.detail}"
        for finding in examine_machine()
    )


@command(
    "reads",
)
def help_(session: Conversation, command: str = "") -> str:  # noqa: ARG001
    """List the commands, or explain one: /help narrow."""
    from bestguess.agent.chat.commands import REGISTRY

    if command:
        one = REGISTRY[command.removeprefix("/")]
        return f"`{one.usage}`\n\n{one.help}"
    rows = ["| command | what it does |", "|---|---|"]
    usages = {command.usage.replace("|", "\\|"): command.summary for command in REGISTRY.values()}
    rows += [f"| `{usage}` | {cell(summary, 120)} |" for usage, summary in usages.items()]
    return "\n".join(
        [*rows, "", "Plain words do, too: *run 10 more*, *set lr max to 0.01*, *why did 7 fail?*"]
    )


@command(
    "changes",
)
def quit_(session: Conversation) -> str:
    """Leave; running trials are given back, and `bestguess chat --resume` goes on."""
    session.closing = True
    return f"Leaving. {verbatim(session.resume_command)} goes on from here."
