"""A session on a terminal: a prompt that stays usable while trials run; lines or JSON where there is none.

It reads what is typed and prints events. What a turn does is the engine's, in a thread of its own, so that
no keypress waits for a trial, a model or a fit.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
import textwrap
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory
from prompt_toolkit.patch_stdout import patch_stdout

from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.events import Event
from bestguess.agent.chat.rendering import MAX_WIDTH, render
from bestguess.agent.chat.session import Session
from bestguess.agent.console import CleanConsole
from bestguess.tools.private import make_private
from bestguess.tools.redaction import redact

WELCOME = (
    "Say what to tune, for example [bold]tune train.py[/bold]; [bold]/help[/bold] lists the commands. "
    "Ctrl-C stops a reply, twice pauses, three times leaves."
)
REFRESH_S = 0.5
WRITING_LINES = 8
"""How much of an answer stands above the prompt while it is written; all of it is printed at its end."""


class Words(Completer):
    """Completes commands after a slash, and parameters and options anywhere."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        """Yield what the word before the cursor may become."""
        text = document.text_before_cursor
        if text.startswith("/") and " " not in text:
            for command in REGISTRY:
                if command.name.startswith(text[1:]):
                    yield Completion(f"/{command.name}", -len(text), display_meta=command.summary)
            return
        word = document.get_word_before_cursor(WORD=True)
        plan = self._session.bench.plan
        if not word or plan is None:
            return
        for name, one in plan.space.parameters.items():
            for shown in (name, *map(str, getattr(one, "options", ()))):
                if shown.startswith(word) and shown != word:
                    yield Completion(shown, -len(word), display_meta=one.doc)


class _History(FileHistory):
    """What was typed, in a file that its owner only may read, without secrets."""

    def __init__(self, filename: str) -> None:
        with suppress(OSError):
            make_private(filename)
        super().__init__(filename)

    def store_string(self, string: str) -> None:
        super().store_string(redact(string))


class Terminal:
    """One session at a prompt; a page may show it, too. `opening` is said first."""

    def __init__(self, session: Session, opening: Iterable[str] = ()) -> None:
        self._session = session
        self._opening = opening
        self._console = CleanConsole()
        self._presses = 0
        self._writing = ""
        self._prompt: PromptSession[str] = PromptSession(
            history=_History(str(session.bench.database.with_suffix(".chat.history"))),
            completer=Words(session),
            complete_while_typing=False,
            bottom_toolbar=self._toolbar,
            refresh_interval=REFRESH_S,
        )
        self._leave: Callable[[], object] = lambda: None
        self._turns: asyncio.Queue[str] = asyncio.Queue()

    async def run(self) -> None:
        """Talk until the user leaves."""
        session = self._session
        loop = asyncio.get_running_loop()
        self._leave = lambda: loop.call_soon_threadsafe(self._end_prompt)
        with patch_stdout(raw=True):
            # Only now: the console writes above the prompt, whoever prints.
            self._console = CleanConsole(file=sys.stdout, force_terminal=True)
            for event in session.past:
                render(self._console, event, echo=True)
            self._console.print(WELCOME, markup=True)
            unlisten = session.listen(self._show)
            session.greet()
            worker = asyncio.create_task(self._work())
            loop.add_signal_handler(signal.SIGTERM, self._end_prompt)
            for text in self._opening:
                self._turns.put_nowait(text)
            try:
                while not session.closing:
                    if not await self._read():
                        break
            finally:
                worker.cancel()
                unlisten()
                await asyncio.to_thread(session.close)
        self._console = CleanConsole()
        self._console.print(
            "Everything is kept: [bold]bestguess chat --resume[/bold] goes on from here.", markup=True
        )

    async def _read(self) -> bool:
        """Read one line and hand it on; return whether to go on."""
        try:
            text = await self._prompt.prompt_async(self._message)
        except EOFError:
            return False
        except KeyboardInterrupt:
            return self._interrupt()
        self._presses = 0
        self._turns.put_nowait(text)
        return True

    def _end_prompt(self) -> None:
        """End as on Ctrl-D."""
        self._session.closing = True
        app = self._prompt.app
        if app.is_running and not app.is_done:
            app.exit(exception=EOFError)

    async def _work(self) -> None:
        while True:
            await asyncio.to_thread(self._session.say, await self._turns.get())

    def _interrupt(self) -> bool:
        """Stop the reply, then pause, then leave; return whether to go on."""
        self._presses += 1
        trials = self._session.bench.trials
        busy = trials is not None and trials.busy
        if self._presses == 1:
            self._session.discard_reply()
            self._console.print(
                "Stopped. Ctrl-C again " + ("pauses, once more leaves." if busy else "leaves.")
            )
            return True
        if self._presses == 2 and busy and trials is not None and not trials.paused:
            trials.pause()
            self._console.print("Paused after the running trials. Ctrl-C again leaves now.")
            return True
        return False

    def _show(self, event: Event) -> None:
        if event.kind == "writing":
            self._writing = event.text
        elif event.kind in ("answer", "error", "said"):
            self._writing = ""
        render(self._console, event, echo=bool(event.fields.get("door")))
        self._prompt.app.invalidate()
        if self._session.closing:
            self._leave()

    def _message(self) -> FormattedText:
        """Return the prompt, below what a model is writing."""
        width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
        lines = [row for line in self._writing.splitlines() for row in textwrap.wrap(line, width) or [""]]
        shown = "\n".join([*lines[-WRITING_LINES:], ""]) if lines else ""
        return FormattedText([("italic", shown), ("bold", ">"), ("", " ")])

    def _toolbar(self) -> FormattedText:
        session = self._session
        plan, trials = session.bench.plan, session.bench.trials
        if plan is None:
            return FormattedText([("", " nothing is being tuned yet ")])
        parts = [f" {plan.study}"]
        if trials is not None:
            if trials.running:
                parts.append(f"running {', '.join(map(str, sorted(trials.running)))}")
            elif trials.busy:
                parts.append("choosing")
            state = "paused, " if trials.paused and trials.left else ""
            parts.append(f"{state}{trials.left} to go")
        if session.best_words:
            parts.append(session.best_words)
        if session.pending:
            parts.append("a question is open: yes, no or always")
        return FormattedText([("", " · ".join(parts) + " ")])


def run_lines(session: Session, lines: Iterable[str], out: TextIO, *, as_json: bool, wait: bool) -> None:
    """Take one turn a line, and print events as they come: as text, or one JSON object a line.

    With `wait` a line is read once all trials that the lines before it started are done. At the end of the
    lines those still wanted are waited for.
    """
    console = CleanConsole(file=out, force_terminal=False, width=100)

    def show(event: Event) -> None:
        if as_json:
            out.write(json.dumps(event.to_dict()) + "\n")
        else:
            if event.kind == "said":
                out.write(f"> {event.text}\n")
            render(console, event)
        out.flush()

    unlisten = session.listen(show)
    session.greet()
    try:
        for line in lines:
            session.say(line)
            if session.closing:
                break
            if wait and session.bench.trials:
                session.bench.trials.wait()
        if session.bench.trials and not session.closing:
            session.bench.trials.wait()
    finally:
        session.close()
        unlisten()
