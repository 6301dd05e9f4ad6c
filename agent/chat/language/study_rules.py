"""The rules for all that is asked of a study: run, stop, tell, show, export. Each reads one kind of sentence.

They are tried in the order of `RULES`; what stands in it first wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bestguess.agent.chat.language import mentions
from bestguess.agent.chat.language.intents import Context, Intent, goal_in, is_question, says
from bestguess.agent.chat.language.space_rules import read_change


def _exact(text: str, _context: Context) -> Intent | None:
    words = text.strip(" ?")
    return next((Intent(name) for name, pattern in EXACT.items() if re.fullmatch(pattern, words)), None)


EXACT = {
    "help": r"help(?: me)?|commands|what can (?:you|i) (?:do|say)",
    "quit": r"quit|exit|bye|goodbye|leave|q|i'm done|that's all",
    "doctor": r"doctor|check (?:my|this|the) machine",
    "web": r"web|(?:open|show)(?: me)? (?:it|this|(?:a|the) (?:web ?)?page)(?: in (?:a|the|my) browser)?",
    "save": r"save|save (?:it|everything|the session)|is (?:it|everything) saved",
    "log": r"(?:save|write|export)(?: (?:the|this))? (?:transcript|conversation|log)|log|transcript",
    "space": (
        r"(?:show |what (?:is|are) )?(?:me )?(?:the |all )?"
        r"(?:space|search space|ranges|parameters|limits|bounds)"
    ),
    "cost": (
        r"costs?|(?:show |what (?:is|are|were) )?(?:me )?the costs?(?: so far)?"
        r"|how (?:much|long) (?:has|have|did|was) .*"
        r"|what (?:did|has) (?:it|this|that) cost.*|.*\bspent(?: so far)?"
    ),
    "model": r"(?:which|what) (?:language )?model.*|model",
    "budget": r"(?:show |what is )?(?:me )?(?:the |my )?budget",
    "pause": r"pause|stop|wait|halt|hold|hold on|hold it|hold on a (?:second|moment|minute)",
    "resume": r"resume|continue|go on|carry on|proceed|unpause|go ahead|keep going|start again",
    "undo": (
        r"undo(?: (?:it|that|this|the last(?: change| one)?))?|revert(?: (?:it|that))?"
        r"|take (?:it|that|this) back"
    ),
    "best": r"best(?: so far)?|(?:the )?winner|incumbent",
    "table": r"table|trials|history|list",
    "plot": r"(?:plot|graph|chart|draw|curve)(?: (?:it|that|this|progress|the progress))?",
    "importance": r"importances?",
    "outlook": r"outlook|converged",
    "run": r"run|run (?:some )?more|more|more trials|start|begin|run it",
    "why": r"why|why that|explain|explain that",
    "retry": r"retry|try again|again",
    "ask": (
        r"ask .*|status"
        r"|how(?: is|'s| are| did) (?:it|things|we|that) (?:going|doing|go|look(?:ing)?)"
        r"|where (?:are|do) we (?:stand)?|summary|summari[sz]e.*"
    ),
}


def _outlook(text: str, _context: Context) -> Intent | None:
    if says(
        text,
        r"converge[ds]?|convergence|plateau\w*|saturated",
        r"worth (?:going on|continuing|it|running|more|the)",
        r"(?:would|will|could|can|might|do|does) .*(?:more|next|further|another).* "
        r"(?:bring|gain|help|improve|yield|give|buy)",
        r"(?:expect|hope for|is there) (?:anything|something|much|any)\b.*",
        r"should (?:i|we) (?:run|go on|continue|stop|do)\b.*",
        r"(?:how much|what|anything) (?:is )?(?:left|more) to gain|room for improvement|diminishing",
    ):
        counts = mentions.integers_in(text)
        return Intent("outlook", {"n": counts[0]} if counts else {})
    return None


def _about_trials(text: str, _context: Context) -> Intent | None:
    named = mentions.trials_in(text)
    numbers = named or mentions.integers_in(text)
    if len(numbers) == 1 and len(named) == 1:
        numbers = list(dict.fromkeys([*named, *mentions.integers_in(text)]))
    compared = says(
        text, r"compare[ds]?|comparison|versus|vs\.?|differs?|different|difference|better than|worse than"
    )
    if compared and len(numbers) >= 2:
        return Intent("compare", {"a": numbers[0], "b": numbers[1]})
    if (
        says(text, r"^retry|(?:run|try|repeat|redo) (?:trial |number |#)?\d+ (?:again|once more)|again$")
        and numbers
        and says(text, "retry|run|try|repeat|redo")
    ):
        return Intent("retry", {"trial": numbers[0]})
    if (
        says(
            text,
            (
                r"why|explain|how come|what (?:went|was|is) wrong|reason\w*|thinking behind"
                r"|rationale|what happened (?:in|to|with)|tell me about|details? (?:of|on|for)"
            ),
        )
        and len(numbers) == 1
    ):
        return Intent("why", {"trial": numbers[0]})
    if (
        says(
            text,
            (
                r"undo|revert|ignore|discard|disregard|forget|drop|remove|delete|mistake"
                r"|set .*aside|doesn't count|not count"
            ),
        )
        and named
    ):
        return Intent("undo", {"trial": named[0]})
    if re.match(r"(?:note|remark|comment|remember)\b", text):
        return Intent("note", {"trial": numbers[0]} if numbers else {})
    stated = says(text, _STATES) or re.match(r"(?:trial|run|number) #?\d+ (?:\w+ )+\w+", text)
    if named and stated and not is_question(text) and not says(text, _COMMANDING):
        return Intent("note", {"trial": named[0]})
    return None


_COMMANDING = r"^(?:run \d+ (?:more|trials)|show|compare|try|export|list|plot)|again|once more"

_STATES = (
    r"was|were|is|are|looks?|looked|seems?|seemed|had|has|got|went|did|exploded"
    r"|diverged|crashed|overfits?|overfit|underfit\w*|ran|used|failed|felt|should\w*"
    r"|could\w*"
)


def _export(text: str, _context: Context) -> Intent | None:
    asks = says(
        text,
        (
            r"export|give|write|need|want|download|get|show|create|make|generate|save"
            r"|how (?:do|can) i|take .* away|share|send"
        ),
    )
    forms = {
        "json": r"json",
        "report": r"report|html|write-?up",
        "study": r"study|database|sqlite|db(?: file)?",
        "command": r"command(?: line)?|cli|shell|terminal|one-?liner",
        "script": r"scripts?|code|python|program|reproduce\w*",
    }
    if says(text, r"show (?:me )?(?:all|the) (?:trials|table)"):
        return None
    for form, pattern in forms.items():
        if says(text, pattern) and asks and not says(text, r"run \d+|why|tune"):
            return Intent("export", {"form": form})
    return Intent("export", {"form": "script"}) if says(text, r"^export") else None


def _budget(text: str, _context: Context) -> Intent | None:
    tokens = re.search(rf"({mentions.NUMBER})\s*tokens", text)
    if tokens:
        return Intent("budget", {"tokens": int(mentions.number(tokens[1]))})
    minutes = mentions.minutes_in(text)
    if minutes and not is_question(text):
        return Intent("budget", {"minutes": mentions.whole(minutes)})
    trials = re.search(r"(\d+)\s*(?:trials|runs|evaluations|experiments)", text)
    limit = says(
        text,
        (
            r"budget|at most|no more than|limit|spend|not more than|maximum of"
            r"|in (?:all|total)|altogether"
        ),
    )
    if trials and limit and not mentions.trials_in(text):
        return Intent("budget", {"trials": int(trials[1])})
    return None


def _run(text: str, _context: Context) -> Intent | None:
    if says(text, r"don't|do not|never|no more|stop|not"):
        return None
    count = re.search(
        r"(?<![\w.=])(-?\d+)(?![\w.]*\d)\s*"
        r"(more|trials?|runs?|further|additional|times|experiments|evaluations|of (?:these|them))?",
        text,
    )
    verb = says(
        text,
        (
            r"run|do|keep (?:going|on|running|at it)|go(?: on)?|continue|launch|start|execute"
            r"|perform|evaluate|add|another|further|use"
        ),
    )
    bare = re.fullmatch(r"(?:with |in )?\d+ (?:trials|runs|evaluations|experiments)", text)
    if (
        count
        and (bare or count[2] == "more" or (verb and (count[2] or says(text, r"another|for|run"))))
        and not mentions.trials_in(text.replace("run ", ""))
    ):
        return Intent("run", {"n": int(count[1])})
    return None


def _importance(text: str, _context: Context) -> Intent | None:
    if says(
        text,
        (
            r"matters?|importan\w+|driv(?:es|ing)|influen\w+|sensitiv\w+|impact\w*"
            r"|doing the work|makes? (?:the|a|any) difference|relevant|irrelevant"
            r"|(?:biggest|largest|most) effect"
        ),
    ):
        return Intent("importance")
    return None


def _plot(text: str, context: Context) -> Intent | None:
    if says(text, r"plot|curve|graph|chart|draw|picture|visuali[sz]e|diagram|progress"):
        named = mentions.parameters_in(text, context.space)
        return Intent("plot", {"parameter": named[0].name} if named else {})
    return None


def _table(text: str, _context: Context) -> Intent | None:
    if says(text, r"failed|failures|crashed|crashes") and says(text, "show|list|which|table|all"):
        return Intent("table", {"show": "failed"})
    if says(
        text,
        (
            r"table|list|all (?:the )?(?:trials|runs|results)|overview|history"
            r"|(?:have you|did you|was|been) (?:tried|try)|every(?:thing| trial)|so far tried"
            r"|results"
        ),
    ):
        return Intent("table")
    return None


def _best(text: str, _context: Context) -> Intent | None:
    if says(
        text,
        (
            r"best|winn(?:er|ing)|optimum|optimal|leading|incumbent|settings should"
            r"|recommend\w*|should i use|top (?:one|trial|configuration)"
        ),
    ):
        return Intent("best")
    return None


def _states(text: str, _context: Context) -> Intent | None:
    """Read what stops, goes on, or takes back, said in more words than `EXACT` has."""
    if says(text, r"pause|stop|break(?! is)|hold on|halt|wait|interrupt|hang on|suspend"):
        return Intent("pause") if not says(text, r"don't|do not|never") else None
    if says(text, r"undo|revert|take (?:that|it|this) back|roll(?: it| that)? back|changed my mind"):
        return Intent("undo")
    if says(
        text,
        (
            r"resume|carry on|continue|go on|start again|keep going|proceed|pick up|left off"
            r"|unpause|keep at it"
        ),
    ):
        return Intent("resume") if not says(text, r"don't|do not|never") else None
    return None


def _goal(text: str, _context: Context) -> Intent | None:
    if says(text, r"minimi[sz]e|maximi[sz]e|goal|metric|objective"):
        metric, direction = goal_in(text, "")
        if metric:
            return Intent("goal", {"metric": metric, "direction": direction})
    return None


RULES: tuple[Callable[[str, Context], Intent | None], ...] = (
    _exact, _outlook, _about_trials, _export, _budget, _run, read_change, _importance, _goal, _states, _plot,
    _table, _best,
)  # fmt: skip
