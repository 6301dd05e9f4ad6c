"""The commands that ask what is known and take it away: /why /best … /export /save /log /help /quit."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from bestguess.agent.chat.answers import export as exports
from bestguess.agent.chat.answers import facts, words
from bestguess.agent.chat.answers.facts import Known
from bestguess.agent.chat.commands.registry import Registry
from bestguess.agent.chat.events import Answer, Card
from bestguess.agent.chat.transcript import to_markdown
from bestguess.agent.reports.insight import gain_insight, write_insight
from bestguess.agent.reports.report import credit_sources
from bestguess.agent.reports.worth import weigh_model
from bestguess.tools.errors import InputError
from bestguess.tools.words.private import open_private

if TYPE_CHECKING:
    from bestguess.agent.chat.session import Session

Number = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Form = Literal["script", "command", "json", "report", "study"]

TRANSCRIPT = "transcript.md"
PAGE_NEEDS = "the page needs {}; install it: pip install 'bestguess[web]'"


def register(registry: Registry) -> None:
    """Add these commands to the registry."""
    for of_study in (why, compare, outlook):
        registry.command("reads", of_study=True)(of_study)
    for reading in (ask, best, table, plot, importance, save, doctor, help_):
        registry.command("reads")(reading)
    registry.command("writes", asks=_card_for_export)(export)
    registry.command("writes", asks=_card_for_log)(log)
    registry.command("reaches")(web)
    registry.command("changes")(quit_)


def ask(session: Session, text: str) -> Answer:
    """Ask anything about the study: where it stands, what matters, what failed, what more would bring.

    The facts are computed; a language model, where there is one, words them.
    """
    from bestguess.agent.chat.answers.wording import word_answer

    plan, history = session.bench.the_plan(), session.bench.history
    gathered = [f"The {words.standing(history, plan.task)}"]
    gathered += [
        f"{credit.source}: {credit.trials} trials, {credit.failed} failed, {credit.new_bests} new bests, "
        f"improved by {credit.gain:.4g}."
        for credit in credit_sources(history)
    ]
    if worth := weigh_model(history):
        gathered.append(f"Of the language model: {'; '.join(worth.sentences)}.")
    insights = gain_insight(plan.space, history, noisy=plan.task.noisy)
    if insights:
        shares = ", ".join(f"{one.importance.name} {one.share}" for one in insights)
        gathered.append(f"Share of the variance by parameter: {shares}.")
    gathered += [
        f"Trial {trial.number} failed: {trial.outcome.error}."
        for trial in history.failed[-3:]
        if trial.outcome
    ]
    found = facts.outlook(session.bench.known, 10)
    if found:
        gathered.append(
            f"10 more trials are expected to bring {found.gain:.3g}, any number {found.potential:.3g}."
        )
    listed = "\n".join(f"- {line}" for line in gathered)
    if session.bench.llm is None:
        return Answer(f"Without a language model I can only give the facts:\n\n{listed}")
    with session.thinking():
        return word_answer(
            text,
            listed,
            insights,
            history.direction,
            session.bench.llm,
            stop=session.stopped,
            show=session.show_writing,
        )


def why(study: Known, trial: Number | None = None) -> str:
    """Explain a trial: who proposed it and why, what was expected, what came of it, why it failed."""
    history = study.history
    if trial is None:
        if not len(history):
            raise InputError("there is no trial to explain yet")
        trial = history.trials[-1].number
    one = facts.explain(history, facts.find_trial(history, trial))
    return words.why(one, history, study.task)


def best(session: Session) -> str:
    """Show the best configuration so far."""
    plan, history = session.bench.the_plan(), session.bench.history
    incumbent = history.incumbent
    line = exports.command_line(plan, incumbent.params, session.bench.folder) if incumbent else ""
    ends = facts.at_ends(plan.space, incumbent.params) if incumbent else {}
    return words.best(history, plan.task, line, ends)


def table(session: Session, show: Literal["all", "best", "failed", "latest"] = "all", n: Count = 30) -> str:
    """Show the trials: all of them, the best, the failed or the latest."""
    plan, history = session.bench.the_plan(), session.bench.history
    if not len(history):
        return "There is no trial yet."
    if show == "best":
        chosen = sorted(history.complete, key=history.loss)[:n]
    elif show == "failed":
        chosen = list(history.failed[-n:])
    else:
        chosen = list(session.bench.study.everything.trials[-n:])
    if not chosen:
        return "No trial has failed." if show == "failed" else "No trial has a value yet."
    return words.trials(history, chosen, plan.task, session.bench.study.aside)


def plot(session: Session, parameter: str = "") -> Answer:
    """Draw the best value so far, or the value by one parameter: /plot lr."""
    plan, history = session.bench.the_plan(), session.bench.history
    if parameter:
        return Answer("", facts.effect_plot(plan, history, parameter))
    return Answer("", facts.progress_plot(history, plan.task.metric))


def compare(study: Known, a: Number, b: Number) -> str:
    """Compare two trials: what differs, and what each difference alone is believed to do."""
    one, other = facts.find_trial(study.history, a), facts.find_trial(study.history, b)
    return words.comparison(facts.compare(study, one, other), study.task)


def importance(session: Session) -> str:
    """Show which parameters move the value, and which way."""
    plan = session.bench.the_plan()
    return write_insight(
        gain_insight(plan.space, session.bench.history, noisy=plan.task.noisy), plan.task.metric
    )


def outlook(study: Known, n: Annotated[int, Field(ge=1, le=1000)] = 10) -> str:
    """Say what n more trials may bring, and whether the search has converged."""
    seconds = facts.seconds_per_trial(study.history)
    return words.outlook(facts.outlook(study, n), study.history, study.task, seconds)


def export(session: Session, form: Form = "script", path: str = "") -> str:
    """Write the best configuration as a script, command, JSON, report or study file into the folder."""
    plan, history = session.bench.the_plan(), session.bench.history
    if form == "command":
        best_one = exports.best_of(history)
        return f"    {exports.command_line(plan, best_one.params, session.bench.folder)}"
    target = _place_export(session, form, path)
    exports.write(form, target, plan, session.bench.study, session.bench.folder)
    if form != "study":  # a copy of a database is never written over
        session.files.wrote(target)
    name = str(target.relative_to(session.bench.folder))
    hint = f" Run it: `python {shlex.quote(name)}`" if form == "script" else ""
    return f"Wrote `{name}`.{hint}"


def save(session: Session) -> str:
    """Say where everything is kept, and how to go on later; nothing needs saving."""
    database = session.bench.database
    return (
        f"Everything is kept as it happens: the trials in `{database.name}`, this conversation in "
        f"`{database.with_suffix('.chat.jsonl').name}`. Go on later with `bestguess chat --resume`."
    )


def log(session: Session, path: str = TRANSCRIPT) -> str:
    """Write this conversation as Markdown into the folder."""
    target = _place_log(session, path)
    try:
        with open_private(target, encoding="utf-8") as file:
            file.write(to_markdown(session.events))
    except OSError as error:
        raise InputError(f"{target.name} cannot be written: {error.strerror}") from error
    session.files.wrote(target)
    return f"Wrote `{target.relative_to(session.bench.folder)}`."


def web(session: Session) -> Answer:
    """Show this session on a page of this machine's browser, too: whatever is said in one shows in both."""
    if session.page is None:
        try:
            from bestguess.agent.chat.web.server import PageServer
        except ImportError as error:
            raise InputError(PAGE_NEEDS.format(error.name)) from error
        page = PageServer(session)
        page.start()
        session.page = page
    return Answer(f"Open {session.page.url}", secret=True)


def doctor(session: Session) -> str:  # noqa: ARG001  # every command takes the session
    """Report what this machine has."""
    from bestguess.agent.reports.machine import examine_machine

    return "\n".join(
        f"- {'ok' if one.ok else '**NO**'} {one.name}: {one.detail}" for one in examine_machine()
    )


def help_(session: Session, command: str = "") -> str:  # noqa: ARG001
    """List the commands, or explain one: /help narrow."""
    from bestguess.agent.chat.commands.all import REGISTRY

    if command:
        one = REGISTRY[command.removeprefix("/")]
        return f"`{one.usage}`\n\n{one.help}"
    rows = ["| command | what it does |", "|---|---|"]
    rows += [f"| `{one.usage}` | {words.cell(one.summary, 120)} |" for one in REGISTRY]
    return "\n".join(
        [*rows, "", "Plain words do, too: *run 10 more*, *set lr max to 0.01*, *why did 7 fail?*"]
    )


def quit_(session: Session) -> str:
    """Leave; running trials are given back, and `bestguess chat --resume` goes on."""
    session.closing = True
    return "Leaving. `bestguess chat --resume` goes on from here."


# Where they write, for doing it and for what is asked first.


def _place_export(session: Session, form: Form, path: str) -> Path:
    default = exports.FILE_NAMES[form].format(study=session.bench.the_plan().study)
    return session.files.place(path or default, Path(default).suffix, chosen=bool(path))


def _place_log(session: Session, path: str) -> Path:
    return session.files.place(path, ".md", chosen=path != TRANSCRIPT)


def _card_for_export(session: Session, form: Form = "script", path: str = "") -> Card:
    if form == "command":
        return Card("Show the best as a command?", ("no file is written",), "typed")
    return _card_for_file(_place_export(session, form, path))


def _card_for_log(session: Session, path: str = TRANSCRIPT) -> Card:
    return _card_for_file(_place_log(session, path))


def _card_for_file(target: Path) -> Card:
    over = "over what this session wrote there" if target.exists() else "a new file"
    return Card(f"Write {target.name}, {over}?", (words.verbatim(str(target)),), "typed")
