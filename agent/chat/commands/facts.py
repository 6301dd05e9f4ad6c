"""The commands that ask what is known: /ask /best /why /compare /table /plot /importance /outlook /cost."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bestguess.agent.chat.answers import facts
from bestguess.agent.chat.answers.explanation import compare as compare_trials
from bestguess.agent.chat.answers.explanation import explain
from bestguess.agent.chat.answers.formatting import duration
from bestguess.agent.chat.answers.plots import effect_plot, progress_plot
from bestguess.agent.chat.answers.tables import best_table, trials_table
from bestguess.agent.chat.command import Count, Number, command
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.events import Answer
from bestguess.agent.reports.insight import find_insight, gain_insight, write_insight
from bestguess.tools.errors import InputError


@command(
    "reads",
    says=(
        "status! summary summarise summarize how_is_it_going how's_it_going hows_it_going "
        "where_do_we_stand how_are_we_doing how_are_things how's_the_search how_is_the_search whats_up "
        "what's_up what's_new whats_new! | going stand where doing things morning hey there good evening "
        "friend back search study progress everything me up to now the day this stands colleague boss "
        "team for"
    ),
)
def ask(session: Conversation, text: str) -> Answer:
    """Ask anything about the study: where it stands, what matters, what failed, what more would bring.

    The facts are computed; a language model, where there is one, words them.
    """
    from bestguess.agent.chat.answers.wording import word_answer

    plan, history = session.bench.the_plan(), session.bench.history
    insights = gain_insight(plan.space, history, noisy=plan.task.noisy)
    listed = "\n".join(f"- {line}" for line in facts.gather_facts(session.bench.known, insights))
    if (llm := session.bench.asked) is None:
        return Answer(f"Without a language model I can only give the facts:\n\n{listed}")
    with session.thinking():
        return word_answer(
            text,
            listed,
            insights,
            history.direction,
            llm,
            stop=session.stopped,
            show=session.show_writing,
        )


@command(
    "reads",
    says=(
        "best winner winning win won leading incumbent optimum recommend which+settings top_one top+trial "
        "top+result lowest+G highest+G | configuration config settings setting so far value trial "
        "parameters params found got result results should use right hyperparameters one top score loss "
        "model numbers until till exactly G of all out number achieved reached"
    ),
)
def best(session: Conversation) -> str:
    """Show the best configuration so far."""
    return best_table(session.bench.the_plan(), session.bench.history, session.bench.folder)


@command(
    "reads",
    of_study=True,
    says=(
        "why explain+T went_wrong wrong+T what_happened+T thinking+T reason crashed+what failed+what "
        "failed+idea crash+why tell_about+T details+T tell_me_about+T blew_up broke+T cause+failure "
        "cause+T choose+T chose+T picked+T reason+T | did does trial fail failed crash crashed die died "
        "run number choose chosen chose pick picked proposed behind happened wrong with about idea one of "
        "runs reason cause has tell runs kind die fail N failure blow blew broke break up he she went bad "
        "worse you more details so much explain happen"
    ),
)
def why(study: facts.Known, trial: Number | None = None) -> str:
    """Explain a trial: who proposed it and why, what was expected, what came of it, why it failed."""
    history = study.history
    if trial is None:
        if not len(history):
            raise InputError("there is no trial to explain yet")
        trial = history.trials[-1].number
    return explain(study, facts.find_trial(history, trial))


@command(
    "reads",
    of_study=True,
    says=(
        "compare versus vs differ differs different difference differences next_to side_by_side "
        "better_than worse_than beside against+T against+default against+best comparison | trial trials "
        "run runs between number against what started default winner best first thats with one side by "
        "how does T put worst next start configuration config settings setting baseline original N two "
        "them both"
    ),
)
def compare(study: facts.Known, a: Number, b: Number) -> str:
    """Compare two trials: what differs, and what each difference alone is believed to do."""
    one, other = facts.find_trial(study.history, a), facts.find_trial(study.history, b)
    return compare_trials(study, one, other)


@command(
    "reads",
    says=(
        "what+did+try table history everything+tried tried+what list+trials list+runs all+trials all+runs "
        "all+experiment all+results every+trial every+run overview list show+trials show+runs log+did "
        "results failed+which failed+show crashed+which ran+what done+what | of trials runs trial run "
        "tried everything that ran whole every with result results failed crashed till did been "
        "experiment experiments their latest have thats u what to done already complete full your last "
        "recent past earlier print dump values together"
    ),
    means={"show": {"failed": "failed", "failure": "failed", "crashed": "failed", "latest": "latest"}},
)
def table(
    session: Conversation, show: Literal["all", "best", "failed", "latest"] = "all", n: Count = 30
) -> str:
    """Show the trials: all of them, the best, the failed or the latest."""
    plan, history = session.bench.the_plan(), session.bench.history
    if not len(history):
        return "There is no trial yet."
    if show == "best":
        # Of several metrics the front, which no order has; with limits, what keeps them.
        chosen = list(history.front) if history.goals and history.goals.several else list(history.admissible)
        chosen = sorted(chosen, key=history.loss)[:n]
    elif show == "failed":
        chosen = list(history.failed[-n:])
    else:
        chosen = list(session.bench.study.everything.trials[-n:])
    if not chosen:
        return "No trial has failed." if show == "failed" else "No trial has a value yet."
    return trials_table(chosen, plan.task.metric, history.front, session.bench.study.aside)


@command(
    "reads",
    says=(
        "plot curve graph chart draw picture figure visualize visualise progress depends diagram | of "
        "loss on over time how value by P G trials versus against as function the parameter effect see "
        "make"
    ),
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
    says=(
        "matter matters importance important importances influence influential drives drive relevant "
        "sensitive doing_the_work biggest_effect largest_effect do_anything most_effect impact "
        "makes+difference counts affects affect irrelevant ignore+which | parameter parameters most more "
        "least less hyperparameter hyperparameters knobs knob loss value largest biggest strongest others "
        "ignore mostly or anything only work doing P has validation really effect one ones makes make "
        "difference much our result results metric which rank ranking G settings setting little can "
        "irrelevant all something"
    ),
)
def importance(session: Conversation) -> str:
    """Show which parameters move the value, and which way."""
    plan = session.bench.the_plan()
    insights = gain_insight(plan.space, session.bench.history, noisy=plan.task.noisy)
    return write_insight(insights, plan.task.metric)


@command(
    "reads",
    of_study=True,
    says=(
        "converged converge convergence plateaued plateau worth outlook more+bring more+help should_we+C "
        "should_i+C gain C+bring C+worth C+sense bring expect+better would+C+help should_we+continue "
        "should_i+continue should_we+stop should_i+stop should_we+go_on should_i+go_on "
        "should_we+keep_going continue+sense going_on+sense improve+further C+improve better+possible "
        "room+improvement done+yet stuck enough+trials diminishing_returns saturated | going running run "
        "runs doing on it another trials more makes make sense already finish finished bring anything "
        "much expect better next or would help improve improvement continue stop search there done yet "
        "still go keep further possible room get gotten gonna P something left point waste wasting time "
        "we've reached as good is longer enough left potential how"
    ),
)
def outlook(study: facts.Known, n: Annotated[int, Field(ge=1, le=1000)] = 10) -> str:
    """Say what n more trials may bring, and whether the search has converged."""
    return facts.describe_outlook(study, n)


@command(
    "reads",
    of_study=True,
    says=(
        "cost costs how_long spent time+C take+C takes+C secs+C long+C seconds+C minutes+C time_takes "
        "used+tokens how_much_time how_many_tokens duration expensive | more trials trial runs run would "
        "much time two further need needs secs seconds minutes many that so spent been of decide before "
        "anything take takes long did C cost per each one taken used tokens altogether total until now "
        "money last lasts have gone already average"
    ),
)
def cost(study: facts.Known, n: Count | None = None) -> str:
    """Show what was spent so far, in trials, time and tokens; with n what so many more would take."""
    history = study.history
    tokens = sum(trial.proposal.tokens for trial in history)
    thinking = sum(trial.proposal.seconds for trial in history)
    running = f", {len(history.running)} running" if history.running else ""
    running += f", {len(history.pruned)} stopped early" if history.pruned else ""
    running += f", {len(history.partial)} small" if history.partial else ""
    ran = duration(facts.total_seconds(history))
    text = (
        f"{len(history.told)} trials ({len(history.failed)} failed{running}), {ran} of running; "
        f"the model took {tokens} tokens, {duration(thinking)}."
    )
    mean = facts.seconds_per_trial(history)
    if mean:
        text += f" A trial takes {duration(mean)} on average."
    if n:
        later = f"about {duration(n * mean)}, one after the other" if mean else "nobody knows how long yet"
        text = f"{n} more trial{'s' if n > 1 else ''} would take {later}. So far: {text}"
    return text
