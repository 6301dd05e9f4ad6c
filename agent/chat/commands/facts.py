"""The commands that ask what is known: /ask /best /why /compare /table /plot /importance /outlook /cost."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bestguess.agent.chat.answers import facts, notices
from bestguess.agent.chat.answers.explanation import compare as compare_trials
from bestguess.agent.chat.answers.explanation import explain
from bestguess.agent.chat.answers.formatting import duration
from bestguess.agent.chat.answers.plots import effect_plot, progress_plot
from bestguess.agent.chat.answers.tables import best_table, trials_table
from bestguess.agent.chat.command import Count, Number, Values, command
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.events import Answer
from bestguess.agent.chat.plan import assignments
from bestguess.agent.reports.insight import find_insight, gain_insight, write_insight
from bestguess.agent.reports.report import total_seconds
from bestguess.tools.errors import InputError
from bestguess.tools.words.sentences import counted


@command(
    "reads",
)
def ask(session: Conversation, text: str) -> Answer:
    """Ask anything about the study: where it stands, what matters, what failed, what more would bring.

    The facts are computed; a language model, where there is one, words them.
    """
    from bestguess.agent.chat.answers.wording import word_answer

    plan, history = session.bench.the_plan(), session.bench.history
    insights = gain_insight(plan.space, history, noisy=plan.task.noisy)
    trials, spent = session.bench.trials, session.bench.spent
    paused, left = (trials.paused, trials.left) if trials else (True, 0)
    now = notices.going_on(trials.running if trials else (), left, paused=paused, spent=spent)
    lines = (now, *facts.gather_facts(session.bench.known, insights))
    listed = "\n".join(f"- {line}" for line in lines)
    if (llm := session.bench.asked) is None:
        return Answer(f"Without a language model I can only give the facts:\n\n{listed}")
    if session.attended:  # a small model takes a minute, and may fail: what is known is there before
        session.remark(f"What is known, until the model has an answer:\n\n{listed}")
    with session.thinking():
        return word_answer(
            text,
            listed,
            insights,
            history.direction,
            llm,
            are_shown=session.attended,
            stop=session.stopped,
            show=session.show_writing,
        )


@command(
    "reads",
)
def best(session: Conversation) -> str:
    """Show the best configuration so far."""
    return best_table(session.bench.the_plan(), session.bench.history, session.bench.folder)


@command(
    "reads",
    of_study=True,
)
def why(study: facts.Known, trial: Number | None = None) -> str:
    """Explain a trial: who proposed it and why, what was expected, what came of it, why it failed."""
    history = study.history
    if trial is None:
        if not len(history):
            raise InputError("there is no trial to explain yet")
        trial = history.trials[-1].number
    return explain(study, study.find(trial))


@command(
    "reads",
    of_study=True,
)
def compare(study: facts.Known, a: Number, b: Number) -> str:
    """Compare two trials: what differs, and what each difference alone is believed to do."""
    return compare_trials(study, study.find(a), study.find(b))


@command(
    "reads",
    means={
        "show": {
            **dict.fromkeys(("failed", "failure", "crashed", "die", "died", "dying"), "failed"),
            "latest": "latest",
            **dict.fromkeys(("worst", "weakest", "poorest"), "worst"),
            **dict.fromkeys(
                ("best", "top", "strongest", "leading", "leaderboard", "podium", "ranking", "ranked"), "best"
            ),
        }
    },
)
def table(
    session: Conversation,
    show: Literal["all", "best", "worst", "failed", "latest"] = "all",
    n: Count = 30,
    values: Values | None = None,
) -> str:
    """Show the trials: all of them, the best, the worst, the failed or the latest.

    With values only those that have them: /table booster=dart
    """
    plan, history = session.bench.the_plan(), session.bench.history
    if not len(history):
        return "There is no trial yet."
    if show == "best":
        # Of several metrics the front, which no order has; with limits, what keeps them.
        chosen = list(history.front) if history.goals and history.goals.several else list(history.admissible)
        chosen = sorted(chosen, key=history.loss)
    elif show == "worst":
        chosen = sorted(history.complete, key=history.loss, reverse=True)
    elif show == "failed":
        chosen = list(history.failed)
    else:
        chosen = list(session.bench.study.everything.trials)
    wanted = plan.combinations(values or {})
    chosen = [trial for trial in chosen if any(one.items() <= trial.params.items() for one in wanted)]
    chosen = chosen[:n] if show in ("best", "worst") else chosen[-n:]
    if values and not chosen:
        return f"There is no such trial with {' or '.join(map(assignments, wanted))}."
    if not chosen:
        return "No trial has failed." if show == "failed" else "No trial has a value yet."
    return trials_table(chosen, plan.task.metric, history.front, session.bench.study.aside)


@command(
    "reads",
)
def plot(session: Conversation, parameter: str = "") -> Answer:
    """Draw the best value so far, or the value by one parameter: /plot lr."""
    plan, history = session.bench.the_plan(), session.bench.history
    if not parameter:
        return Answer("", progress_plot(history, plan.task.metric))
    plan.parameter(parameter)  # raises where there is none
    insight = find_insight(plan.space, history, parameter, noisy=plan.task.noisy)
    return Answer("", effect_plot(plan.space, plan.task, history, insight.effect))


@command(
    "reads",
)
def importance(session: Conversation) -> str:
    """Show which parameters move the value, and which way."""
    plan = session.bench.the_plan()
    insights = gain_insight(plan.space, session.bench.history, noisy=plan.task.noisy)
    return write_insight(insights, plan.task.metric)


@command(
    "reads",
    of_study=True,
)
def outlook(study: facts.Known, n: Annotated[int, Field(ge=1, le=1000)] = 10) -> str:
    """Say what n more trials may bring, and whether the search has converged."""
    return facts.describe_outlook(study, n)


@command(
    "reads",
    of_study=True,
)
def cost(study: facts.Known, n: Count | None = None) -> str:
    """Show what was spent so far, in trials, time and tokens; with n what so many more would take."""
    history = study.history
    tokens = sum(trial.proposal.tokens for trial in history)
    thinking = sum(trial.proposal.seconds for trial in history)
    running = f", {len(history.running)} running" if history.running else ""
    running += f", {len(history.pruned)} stopped early" if history.pruned else ""
    running += f", {len(history.partial)} small" if history.partial else ""
    ran = duration(total_seconds(history))
    text = (
        f"{counted(len(history.told), 'trial')} ({len(history.failed)} failed{running}), {ran} of running; "
        f"the model's proposals took {tokens} tokens, {duration(thinking)}."
    )
    mean = facts.seconds_per_trial(history)
    if mean:
        text += f" A trial takes {duration(mean)} on average."
    if n:
        later = f"about {duration(n * mean)}, one after the other" if mean else "nobody knows how long yet"
        text = f"{counted(n, 'more trial')} would take {later}. So far: {text}"
    return text
