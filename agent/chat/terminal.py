"""A session on a terminal: a prompt that stays usable while trials run; lines or JSON where there is none.

It reads what is typed and prints events. What a turn does is the engine's, in a thread of its own, so that
no keypress waits for a trial, a model or a fit.
"""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import signal
import textwrap
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.completion import CompleteEvent, Completer, get_common_complete_suffix
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.patch_stdout import patch_stdout
from rich.markup import escape

from bestguess.agent.chat.answers.rendering import MAX_WIDTH, render
from bestguess.agent.chat.completion import NameCompleter
from bestguess.agent.chat.events import Event, Listener
from bestguess.agent.chat.session import Session
from bestguess.agent.chat.status import REFRESH_S, status_line
from bestguess.agent.reports.console import CleanConsole
from bestguess.tools.words.private import make_private
from bestguess.tools.words.redaction import redact

BEGIN = "Say what to tune, for example [bold]tune train.py[/bold]; "
KEYS = (
    "[bold]/help[/bold] lists the commands, Tab completes names, Alt-Enter breaks the line. Ctrl-C stops a "
    "reply, twice pauses, three times leaves."
)
BETWEEN_PROMPTS_S = 0.005
LAST_WORDS_S = 2.0
"""How long the end waits for what is still to be printed."""

WRITING_LINES = 8
"""How much of an answer stands above the prompt while it is written; all of it is printed at its end."""


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
        self._presses = 0
        self._writing = ""
        self._on_screen = 0
        """The question that was written to the screen last: a card, or, below 0, what was meant."""

        self._facing = 0
        """The question that was on the screen when the present line was begun."""

        self._since: float | None = None
        """Since when the present turn is taken (time.monotonic), if one is."""

        completer = NameCompleter(session)
        self._prompt: PromptSession[str] = PromptSession(
            history=_History(str(session.bench.database.with_suffix(".chat.history"))),
            completer=completer,
            complete_while_typing=Condition(self._names_command),
            key_bindings=_keys(completer),
            prompt_continuation="  ",
            bottom_toolbar=self._toolbar,
            refresh_interval=REFRESH_S,
        )
        self._prompt.app.key_processor.before_key_press += self._begin_line
        self._turns: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        self._texts: asyncio.Queue[tuple[str, int]] = asyncio.Queue()

    async def run(self) -> None:
        """Talk until the user leaves."""
        session = self._session
        self._loop = asyncio.get_running_loop()
        with patch_stdout(raw=True):  # for whatever else prints
            writer = asyncio.create_task(self._write())
            for event in session.past:
                self._print(partial(render, event=event, echo=True))
            self._print(lambda console: console.print(KEYS if session.past else BEGIN + KEYS, markup=True))
            unlisten = session.listen(self._show)
            session.greet()
            worker = asyncio.create_task(self._work())
            self._loop.add_signal_handler(signal.SIGTERM, self._end_prompt)
            for text in self._opening:
                self._turns.put_nowait((text, 0))
            try:
                while not session.closing and await self._read():
                    pass
            finally:
                worker.cancel()
                unlisten()
                await asyncio.to_thread(session.close)
                await asyncio.sleep(0)  # what threads had printed by now is in the queue
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._texts.join(), LAST_WORDS_S)
                writer.cancel()
        CleanConsole().print(
            f"Everything is kept: [bold]{escape(session.resume_command)}[/bold] goes on from here.",
            markup=True,
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
        self._turns.put_nowait((text, self._facing))
        return True

    def _begin_line(self, _sender: object) -> None:
        """Note which card the person sees, as long as nothing of the line is there; before each key press."""
        if not self._prompt.default_buffer.text:
            self._facing = self._on_screen

    def _print(self, act: Callable[[CleanConsole], object], card: int = 0) -> None:
        """Have something printed above the prompt, in order, from any thread; `card` if it is one."""
        text = io.StringIO()
        act(CleanConsole(file=text, force_terminal=True))
        self._loop.call_soon_threadsafe(self._texts.put_nowait, (text.getvalue(), card))

    async def _write(self) -> None:
        """Write what is to be printed; a card is on the screen from then on, and no key comes in between."""
        app, output = self._prompt.app, self._prompt.app.output
        while True:
            text, card = await self._texts.get()
            while not app.is_running and not self._session.closing:
                await asyncio.sleep(BETWEEN_PROMPTS_S)  # then the terminal takes keys for itself
            waiting = [text]

            def write(waiting: list[str] = waiting, card: int = card) -> None:
                output.enable_autowrap()
                output.write_raw(waiting.pop())
                output.flush()
                self._on_screen = card or self._on_screen

            try:
                await run_in_terminal(write)
            finally:
                if waiting:  # the prompt is gone
                    write()
                self._texts.task_done()

    def _end_prompt(self) -> None:
        """End as on Ctrl-D."""
        self._session.closing = True
        app = self._prompt.app
        if app.is_running and not app.is_done:
            app.exit(exception=EOFError)

    async def _work(self) -> None:
        while True:
            text, facing = await self._turns.get()
            self._since = time.monotonic()
            try:
                await asyncio.to_thread(self._session.say, text, facing=facing)
            finally:
                self._since = None

    def _interrupt(self) -> bool:
        """Stop the reply, then pause, then leave; return whether to go on. A line is left first."""
        is_stopped = self._since is not None or bool(self._session.suspended)
        if self._prompt.default_buffer.text.strip() and not is_stopped:
            return True
        self._presses += 1
        trials = self._session.bench.trials
        if self._presses == 1:
            self._session.discard_reply()
            again = "pauses, once more leaves." if trials and trials.busy else "leaves."
            said = f"{'Stopped' if is_stopped else 'There is no reply to stop'}. Ctrl-C again {again}"
        elif self._presses == 2 and trials and trials.busy and not trials.paused:
            trials.pause()
            said = "Paused after the running trials. Ctrl-C again leaves now."
        else:
            return False
        self._print(lambda console: console.print(said))
        return True

    def _show(self, event: Event) -> None:
        if event.kind == "writing":
            self._writing = event.text
        elif event.kind in ("answer", "error", "said", "thinking"):
            self._writing = ""
        if event.kind not in ("writing", "thinking", "state"):
            echo = bool(event.fields.get("door"))
            asked = event.fields.get("card", 0) or -event.fields.get("question", 0)
            self._print(partial(render, event=event, echo=echo), asked)
        self._prompt.app.invalidate()
        if self._session.closing:
            self._loop.call_soon_threadsafe(self._end_prompt)

    def _message(self) -> FormattedText:
        """Return the prompt, below what a model is writing."""
        width = min(_columns(), MAX_WIDTH)
        lines = [row for line in self._writing.splitlines() for row in textwrap.wrap(line, width) or [""]]
        shown = "\n".join([*lines[-WRITING_LINES:], ""]) if lines else ""
        return FormattedText([("italic", shown), ("bold", ">"), ("", " ")])

    def _names_command(self) -> bool:
        """Whether a command's name is being typed, at which a menu opens by itself."""
        text = self._prompt.default_buffer.document.text_before_cursor
        return text.startswith("/") and " " not in text

    def _toolbar(self) -> FormattedText:
        line = status_line(self._session, _columns() - 2, working_since=self._since)
        return FormattedText([("", f" {line} ")])


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _keys(completer: Completer) -> KeyBindings:
    """Return the keys that are ours: Alt-Enter for a line break, as pasted text has them, and Tab."""
    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("tab")
    def _(event: KeyPressEvent) -> None:
        # prompt_toolkit's own loses a Tab that comes while the menu of what stood there before is made.
        buffer = event.current_buffer
        if buffer.complete_state:
            buffer.complete_next()
            return
        document = buffer.document
        found = list(completer.get_completions(document, CompleteEvent(completion_requested=True)))
        if len(found) == 1:
            buffer.apply_completion(found[0])
        elif common := get_common_complete_suffix(document, found):
            buffer.insert_text(common)
        elif found:
            buffer.start_completion()

    return keys


def event_printer(out: TextIO, *, as_json: bool = False) -> Listener:
    """Return what prints events where there is no terminal: as text, or one JSON object a line."""
    console = CleanConsole(file=out, force_terminal=False, width=100)

    def show(event: Event) -> None:
        if as_json:
            out.write(json.dumps(event.to_dict()) + "\n")
        else:
            if event.kind == "said":
                out.write(f"> {event.text}\n")
            render(console, event)
        out.flush()

    return show


def run_lines(session: Session, lines: Iterable[str], out: TextIO, *, as_json: bool, wait: bool) -> None:
    """Take one turn a line, and print events as they come: as text, or one JSON object a line.

    With `wait` a line is read once all trials that the lines before it started are done. At the end of the
    lines those still wanted are waited for.
    """
    unlisten = session.listen(event_printer(out, as_json=as_json))
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
