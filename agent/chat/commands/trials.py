"""The commands for trials: /run /pause /resume /pruner /repeats /try /retry /undo /note."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from bestguess.agent.advice.exam.examination import PROBLEMS, estimate_tokens
from bestguess.agent.chat.answers import facts
from bestguess.agent.chat.answers.formatting import duration, verbatim
from bestguess.agent.chat.command import Count, Minutes, Number, Values, command
from bestguess.agent.chat.commands.studies import study
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.draft import seed_words
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.plan import assignments, configuration
from bestguess.agent.chat.state import Agreed, Undo
from bestguess.agent.pruning.pruner import NONE, check_pruner
from bestguess.tools.errors import InputError, ParamsError
from bestguess.tools.objective.repeats import MOST_REPEATS

MOST_IN_TIME = 1000
"""Trials of one /run that is given a time only."""


def _card_for_run(session: Conversation, n: int | None = None, minutes: float | None = None) -> Card:
    plan = session.bench.the_plan()
    waiting = _waiting(session)
    given, n = n, 10 if n is None else n
    if minutes is None:
        lines = _cost_lines(session, n + waiting)
        trials = f"{n + waiting} trial{'s' if n + waiting > 1 else ''}"
    else:
        room, trials = _room(session, minutes), f"trials for {duration(60 * minutes)}"
        most = "as many as fit" if given is None else f"at most {given}"
        fits = f"how many: {most}; {f'there is room for about {room}' if room else 'it has not run yet'}"
        lines = (_cost_lines(session, room or 1)[0], fits)
    if waiting and n:
        lines = (*lines, f"{waiting} of them were still to run")
    if "code" in session.consents and (beyond := _beyond(session, n, minutes)):
        lines = (*lines, f"that is {beyond}; yes allows it")
        return Card(f"Run {trials} of {plan.script}, more than agreed?", lines, "budget")
    if session.bench.history.told or n + waiting > 1 or minutes:
        return Card(f"Run {trials}?", lines, "code")
    first = f"with its defaults: {configuration(plan.within_limits(plan.space.default()))}"
    lines = (*lines, first, "it is checked that the metric is found")
    return Card(f"Run {plan.script} once with its defaults?", lines, "code")


@command(
    "spends",
    asks=_card_for_run,
    says=(
        "C+run C+do C+go C+keep C+continue C+another C+launch C+start C+make C+have C+use C+finish C+add "
        "C+complete C+execute C+perform C+give C+queue C+try C+fire C+kick_off C run+M run! run_it! more! "
        "more_trials! run_more! run_some_more! start! begin! | more trials trial runs run further "
        "additional extra another experiments evaluations iterations times keep going go on do continue "
        "start execute perform make have use up next search planned as complete finish study just that "
        "background M off for other new please rest kick fire launch add give try queue whole shall spend "
        "up total"
    ),
)
def run(session: Conversation, n: Count | None = None, minutes: Minutes | None = None) -> str:
    """Run n more trials in the background, 10 if no number is given, or as many as fit: /run minutes=60.

    With both it is so many trials, as far as the time goes.
    """
    trials = session.bench.start_trials()
    n = 10 if n is None and minutes is None else n
    session.bench.set_agreed(_needed(session, n or 1, minutes))
    trials.add(MOST_IN_TIME if n is None else n, open_ended=n is None)
    if minutes is not None:
        until = time.strftime("%H:%M", time.localtime(session.bench.agreed.until))
        return f"Trials run until {until}; you can go on talking."
    going = trials.left + len(trials.running)
    return f"{going} trial{'s' if going != 1 else ''} to go; you can go on talking."


def _card_for_resume(session: Conversation) -> Card:
    if _waiting(session):
        return _card_for_run(session, 0)
    return Card("Go on?", ("no trials are left to run",), "typed")


@command(
    "spends",
    asks=_card_for_resume,
    says=(
        "resume continue! continue+search continue+where carry_on go_on! go_on+search proceed! unpause "
        "start_again pick_up keep_going! keep+going+search go_ahead! | where left off left it search "
        "trials up with again going on study please running tuning you"
    ),
)
def resume(session: Conversation) -> str:
    """Go on with the trials that are still to run."""
    trials = session.bench.start_trials()
    if not trials.left:
        return "No trials are left to run; say for example *run 10*."
    session.bench.set_agreed(_needed(session, 0))
    trials.resume()
    return f"Going on with {trials.left} trials."


@command(
    "changes",
    says=(
        "pause! pause stop! stop_it! stop_here stop_now stop_for stop_after stop+trials stop+search "
        "stop+everything stop+running stop+tuning halt wait! hold_on hold! enough! that's_enough "
        "thats_enough break call_it_a_day end+search finish+search done_for_today that's_it_for_today "
        "take_a_break good_enough | for second moment minute running the search everything trials all "
        "take a break day call enough end until say stop here now today after one it what got have moment "
        "good pause later tonight tuning"
    ),
)
def pause(session: Conversation) -> str:
    """Start no further trial; what runs goes on to its end."""
    trials = session.bench.trials
    if trials is None:
        raise InputError("nothing runs; there is no study yet")
    trials.pause()
    running = f" {len(trials.running)} still running will be told when done." if trials.running else ""
    return f"Paused, with {trials.left} trials still to run.{running}"


@command("changes")
def stop(session: Conversation, trial: Number) -> str:
    """End one running trial now, by its number; the others go on.

    It counts as stopped early at its last value; one that has printed none is set aside.
    """
    trials = session.bench.trials
    try:
        if trials is None:
            raise KeyError
        trials.end(trial)
    except KeyError:
        running = ", ".join(map(str, sorted(trials.running))) if trials and trials.running else "none"
        raise InputError(f"trial {trial} does not run; running: {running}") from None
    return f"Trial {trial} is being ended; the others go on."


def _card_for_pruner(session: Conversation, rule: str) -> Card:
    name, before = str(check_pruner(rule)), session.bench.the_plan().pruner
    if name == NONE:
        return Card("Let all trials run to their end?", (f"now: {before}",), "typed")
    lines = (
        f"now: {before}; from the next trial on: {name}",
        "the metric is read each time that it is printed, and a run that cannot become the best is ended",
        "the default is never stopped, and one in ten runs on as a control",
    )
    return Card(f"Stop hopeless trials early, by {name}?", lines, "typed")


def _card_for_repeats(session: Conversation, n: int) -> Card:
    bench = session.bench
    plan = replace(bench.the_plan(), repeats=n)
    if n == 1:
        return Card("Run each trial once?", (f"now: {bench.the_plan().repeats} times",), "typed")
    seeded = " ".join(seed_words(bench.folder, plan)) or "the variable BESTGUESS_SEED"
    lines = (
        f"now: {bench.the_plan().repeats}; from the next trial on: {n} runs, and so many times as long",
        "their mean counts, and how they differ is noise that the search knows of",
        f"the seeds 0 to {n - 1} are given as {seeded}",
    )
    return Card(f"Run each trial {n} times?", lines, "typed")


@command(
    "changes",
    asks=_card_for_repeats,
    says=(
        "repeats+N repeats+C each+C+times each+twice every+C+times each+N+times each+C every+trial+C "
        "seeds+N seeds+C N+seeds | repeat repeats run each every trial trials configuration config with "
        "seeds seed different times over average mean of use N"
    ),
)
def repeats(session: Conversation, n: Annotated[int, Field(ge=1, le=MOST_REPEATS)]) -> str:
    """Run each trial n times from now on, with other seeds; their mean is its value: /repeats 3."""
    bench = session.bench
    bench.change_plan(replace(bench.the_plan(), repeats=n))
    if n == 1:
        return "Each trial is one run from now on."
    return f"Each trial is {n} runs from now on, whose mean is its value."


@command(
    "changes",
    asks=_card_for_pruner,
    says=(
        "pruning early_stopping stop+hopeless stop+early kill+early end+early early+bad cut+short+bad "
        "stop+bad+runs | hopeless bad poor weak runs trials turn with by use stop off early without kill "
        "end pruner cut short successive halving hyperband median percentile"
    ),
    means={
        "rule": {
            "off": "none",
            "without": "none",
            "median": "median",
            "hyperband": "hyperband",
            "successive_halving": "successive_halving",
            "": "forecast",
        }
    },
)
def pruner(session: Conversation, rule: str) -> str:
    """Stop hopeless trials early from the next trial on: /pruner forecast, median, hyperband, …, or none."""
    bench, name = session.bench, str(check_pruner(rule))
    bench.plan = replace(bench.the_plan(), pruner=name)
    if bench.trials:
        bench.trials.tuner.set_pruner(name)
    return (
        "All trials run to their end." if name == NONE else f"Hopeless trials are stopped early, by {name}."
    )


def _card_for_try(session: Conversation, values: Values) -> Card:
    params, although = _wished(session, values)
    expected = facts.expectation(session.bench.known, params)
    lines = (expected, *_cost_lines(session, 1), *([although] if although else []))
    # In the title, by which the session tells whether what was agreed to is still what would be done.
    return Card(f"Run {configuration(params)}?", lines, "code")


@command(
    "proposes",
    asks=_card_for_try,
    says=(
        "try+V test+V how_about+V what_about+V give+V+shot give+V+try give+V+go run+V+once run+V+one "
        "evaluate+V check+V try+O V+one_shot try+S same_as+V test+O give+O+shot same+V+best like+best+V "
        "best+V+but winner+V+but best+V+with winner+V+with run+best+V repeat+best+V | same best winner "
        "only once shot try a go one what see gives if configuration config trial with units bump take up "
        "but it instead change everything else that run using single time settings do"
    ),
)
def try_(session: Conversation, values: Values) -> str:
    """Run one trial with these values, the others as in the best so far: /try lr=0.01 depth=4."""
    params, although = _wished(session, values)
    session.bench.start_trials().wish(params, f"the user's idea: {assignments(values)}")
    return f"It runs next: {', '.join(filter(None, (configuration(params), although)))}."


@command(
    "reads",
    says=(
        "what_if+V what_if+S happen+V happens+V happen+S predict+V predict+S expect+V expect+S what_if+O "
        "would+V would+S hurt+V hurt+S gonna+S loss+S need+S better+S worse+S how_would+V think+V | if "
        "were was set would loss be expected expect surrogate set change changed hurt happen happens V "
        "even need gonna could just kill it better worse G use used went value predict prediction do does "
        "the any good"
    ),
)
def expect(session: Conversation, values: Values) -> str:
    """Say what the surrogate expects of these values, the others as in the best so far: /expect lr=0.01."""
    params, although = _wished(session, values)
    found = facts.expectation(session.bench.known, params)
    return f"{configuration(params)}: {'; '.join(filter(None, (found, although)))}"


def _wished(session: Conversation, values: Values) -> tuple[dict[str, Any], str]:
    """Return the best params so far within the limits, with these values, and what limits that breaks."""
    plan, best = session.bench.the_plan(), session.bench.history.incumbent
    given = plan.canonical(values)
    base = plan.within_limits(best.params if best else plan.space.default())
    try:
        params = plan.space.complete({**base, **given})
    except ParamsError as error:
        raise InputError(f"that cannot be tried: {error}") from None
    broken = plan.limits_broken(params)
    return params, f"although you said {broken}" if broken else ""


def _card_for_retry(session: Conversation, trial: int | None = None) -> Card:
    params, number = _retried(session, trial)
    lines = (configuration(params), *_cost_lines(session, 1))
    return Card(f"Run trial {number}'s params once more?", lines, "code")


@command(
    "proposes",
    asks=_card_for_retry,
    says=(
        "retry! retry+T again+T repeat+T redo+T rerun+T run_it_again! once_more+T try_again! again! "
        "same+again repeat+best repeat+winner rerun+best rerun+winner again+best again+winner | trial run "
        "once more try best winner it configuration config same exactly that one time setting"
    ),
)
def retry(session: Conversation, trial: Number | None = None) -> str:
    """Run a trial's params once more; the last failed one's, if no number is given."""
    params, number = _retried(session, trial)
    session.bench.start_trials().wish(params, f"trial {number} once more, as the user asked")
    return f"Trial {number}'s params run once more."


def _retried(session: Conversation, number: int | None) -> tuple[dict[str, Any], int]:
    history = session.bench.study.everything
    if number is None:
        failed = session.bench.history.failed
        if not failed:
            raise InputError("no trial has failed; name one: /retry 7")
        number = failed[-1].number
    return facts.find_trial(history, number).params, number


def _card_for_undo(session: Conversation, trial: int | None = None) -> Card:
    if trial is not None:
        return Card(f"Set trial {trial} aside?", ("it counts no more, and stays in the record",), "typed")
    if not session.bench.undos:
        return Card("Take back nothing, as there is no change?", (), "typed")
    last = session.bench.undos[-1]
    then = f"the study is {last.study} again" if last.study else "the limits are what they were before it"
    return Card(f"Take back {last.what}?", (then,), "typed")


@command(
    "changes",
    asks=_card_for_undo,
    says=(
        "undo! undo_that! undo_it! undo_this! undo+last undo+change revert! revert_that! revert+change "
        "take_back take_that_back take_it_back take_this_back roll_back changed_my_mind undo+T ignore+T "
        "discard+T forget+T mistake+T disregard+T set+aside+T drop+T remove+T | last change that trial "
        "back mind changed my was a mistake ignore undo revert it result value set aside"
    ),
)
def undo(session: Conversation, trial: Number | None = None) -> str:
    """Take back the last change, or set a trial aside so that it counts no more; nothing is deleted."""
    if trial is not None:
        return _set_aside(session, trial)
    if not session.bench.undos:
        return "There is no change to take back; */undo 7* sets trial 7 aside."
    if before := session.bench.undos[-1].study:
        return str(study.function(session, name=before))
    last = session.bench.take_back()
    return f"Taken back: {last.what if last.trial is None else f'trial {last.trial} counts again'}."


@command(
    "changes",
    says=(
        "note remark remember comment T+looked T+looks T+seemed T+seems T+was T+were T+is T+had T+crashed "
        "T+exploded T+diverged T+overfit T+ran T+got T+used"
    ),
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


def _seconds(session: Conversation) -> float | None:
    """Return how long the next trial takes; None before one has run."""
    return facts.seconds_per_trial(session.bench.history, session.bench.the_plan().repeats)


def _cost_lines(session: Conversation, n: int) -> tuple[str, ...]:
    plan = session.bench.the_plan()
    seconds = _seconds(session)
    rounds = -(-n // session.bench.parallel)
    took = f"about {duration(rounds * seconds)}" if seconds else "unknown until it has run once"
    side = f", {session.bench.parallel} at once" if session.bench.parallel > 1 else ""
    each = f", {plan.repeats} runs each" if plan.repeats > 1 else ""
    told = session.bench.history.told
    spent = sum(trial.proposal.tokens for trial in told)
    tokens = f"about {round(n * spent / len(told), -2):.0f}" if told and spent else "none"
    if session.bench.llm and not spent:
        tokens = "unknown until the model was asked"
    what, many = f"what: {verbatim(plan.command_line)}", f"how many: {n}{each}{side}"
    lines: tuple[str, ...] = (what, many, f"time: {took}; tokens: {tokens}")
    if not session.bench.opened and session.bench.examines:
        exam = f"{len(PROBLEMS)} small problems, about {estimate_tokens()} tokens, behind the trials"
        lines += (f"if the model was not examined before, it is: {exam}; chat --exam off leaves it out",)
    return lines


def _waiting(session: Conversation) -> int:
    return session.bench.trials.left if session.bench.trials else 0


def _room(session: Conversation, minutes: float) -> int:
    """Return how many trials fit into a time, by how long they took; 0 where that is not known."""
    seconds = _seconds(session)
    return max(int(60 * minutes / seconds * session.bench.parallel), 1) if seconds else 0


def _needed(session: Conversation, n: int, minutes: float | None = None) -> Agreed:
    """Return what is agreed, raised to what n more trials need; a time that is given is the new one."""
    agreed, seconds = session.bench.agreed, _seconds(session)
    if minutes is not None:
        return replace(agreed, until=time.time() + 60 * minutes)
    n += _waiting(session)
    if agreed.until is not None and agreed.until <= time.time():
        agreed = replace(agreed, until=None)  # these are wished for after it
    if agreed.trials is not None:
        agreed = replace(agreed, trials=max(agreed.trials, len(session.bench.history) + n))
    if agreed.until is not None and seconds:
        agreed = replace(agreed, until=max(agreed.until, time.time() + seconds * n / session.bench.parallel))
    return agreed


def _beyond(session: Conversation, n: int, minutes: float | None = None) -> str:
    """Return by how much n more trials are beyond what was agreed, or nothing."""
    agreed, needed = session.bench.agreed, _needed(session, n, minutes)
    if agreed.trials and needed.trials and needed.trials > agreed.trials:
        return f"{needed.trials - agreed.trials} more than the {agreed.trials} trials agreed"
    if agreed.until and needed.until is None:
        return "after the time that was agreed"
    if agreed.until and needed.until and needed.until > agreed.until:
        return f"about {duration(needed.until - agreed.until)} longer than agreed"
    return ""


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
