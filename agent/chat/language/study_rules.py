"""The rules for all that is asked of a study: run, stop, tell, show, export. Each reads one kind of sentence.

They are tried in the order of `RULES`; what stands in it first wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bestguess.agent.chat.language import mentions
from bestguess.agent.chat.language.intents import Context, Intent, goal_in, is_question, says
from bestguess.agent.chat.language.space_rules import read_change
from bestguess.agent.pruning.pruner import FORECAST, NONE, rule_names

Rule = Callable[[str, Context], Intent | None]

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
"""Whole sentences that are a command and nothing else."""

SAID = {
    "outlook": (
        r"converge[ds]?|convergence|plateau\w*|saturated|worth (?:going on|continuing|it|running|more|the)"
        r"|(?:would|will|could|can|might|do|does) .*(?:more|next|further|another).* "
        r"(?:bring|gain|help|improve|yield|give|buy)"
        r"|(?:expect|hope for|is there) (?:anything|something|much|any)\b.*"
        r"|should (?:i|we) (?:run|go on|continue|stop|do)\b.*"
        r"|(?:how much|what|anything) (?:is )?(?:left|more) to gain|room for improvement|diminishing"
    ),
    "compare": r"compare[ds]?|comparison|versus|vs\.?|differs?|different|difference|better than|worse than",
    "retry": r"^retry|(?:run|try|repeat|redo) (?:trial |number |#)?\d+ (?:again|once more)|again$",
    "why": (
        r"why|explain|how come|what (?:went|was|is) wrong|reason\w*|thinking behind|rationale"
        r"|what happened (?:in|to|with)|tell me about|details? (?:of|on|for)"
    ),
    "undo a trial": (
        r"undo|revert|ignore|discard|disregard|forget|drop|remove|delete|mistake|set .*aside|doesn't count"
        r"|not count"
    ),
    "note": (
        r"was|were|is|are|looks?|looked|seems?|seemed|had|has|got|went|did|exploded|diverged|crashed"
        r"|overfits?|overfit|underfit\w*|ran|used|failed|felt|should\w*|could\w*"
    ),
    "export": (
        r"export|give|write|need|want|download|get|show|create|make|generate|save|how (?:do|can) i"
        r"|take .* away|share|send"
    ),
    "budget": (
        r"budget|at most|no more than|limit|spend|not more than|maximum of|in (?:all|total)|altogether"
    ),
    "run": (
        r"run|do|keep (?:going|on|running|at it)|go(?: on)?|continue|launch|start|execute|perform|evaluate"
        r"|add|another|further|use"
    ),
    "importance": (
        r"matters?|importan\w+|driv(?:es|ing)|influen\w+|sensitiv\w+|impact\w*|doing the work"
        r"|makes? (?:the|a|any) difference|relevant|irrelevant|(?:biggest|largest|most) effect"
    ),
    "goal": r"minimi[sz]e|maximi[sz]e|goal|metric|objective",
    "pause": r"pause|stop|break(?! is)|hold on|halt|wait|interrupt|hang on|suspend",
    "pruner": (
        r"(?:stop|end|kill|abort|cut|cancel)\w*(?: off| short)?(?: all| the| any)? "
        r"(?:hopeless|bad|poor|weak|losing|unpromising)\b.*|early stopping|stop\w* .*\bearly"
        r"|prun(?:e|er|ing)"
    ),
    "undo": r"undo|revert|take (?:that|it|this) back|roll(?: it| that)? back|changed my mind",
    "resume": (
        r"resume|carry on|continue|go on|start again|keep going|proceed|pick up|left off|unpause|keep at it"
    ),
    "plot": r"plot|curve|graph|chart|draw|picture|visuali[sz]e|diagram|progress",
    "table": (
        r"table|list|all (?:the )?(?:trials|runs|results)|overview|history"
        r"|(?:have you|did you|was|been) (?:tried|try)|every(?:thing| trial)|so far tried|results"
    ),
    "best": (
        r"best|winn(?:er|ing)|optimum|optimal|leading|incumbent|settings should|recommend\w*|should i use"
        r"|top (?:one|trial|configuration)"
    ),
}
"""Words somewhere in a sentence by which its rule knows it."""

_FORMS = {
    "csv": r"csv|spreadsheet|excel",
    "json": r"json",
    "report": r"report|html|write-?up",
    "study": r"study|database|sqlite|db(?: file)?",
    "command": r"command(?: line)?|cli|shell|terminal|one-?liner",
    "script": r"scripts?|code|python|program|reproduce\w*",
}
_COMMANDING = r"^(?:run \d+ (?:more|trials)|show|compare|try|export|list|plot)|again|once more"


def _exact(text: str, _context: Context) -> Intent | None:
    words = text.strip(" ?")
    return next((Intent(name) for name, pattern in EXACT.items() if re.fullmatch(pattern, words)), None)


def _about_trials(text: str, _context: Context) -> Intent | None:
    named = mentions.trials_in(text)
    numbers = named or mentions.integers_in(text)
    if len(numbers) == 1 and len(named) == 1:
        numbers = list(dict.fromkeys([*named, *mentions.integers_in(text)]))
    if says(text, SAID["compare"]) and len(numbers) >= 2:
        return Intent("compare", {"a": numbers[0], "b": numbers[1]})
    if says(text, SAID["retry"]) and numbers and says(text, "retry|run|try|repeat|redo"):
        return Intent("retry", {"trial": numbers[0]})
    if says(text, SAID["why"]) and len(numbers) == 1:
        return Intent("why", {"trial": numbers[0]})
    if says(text, SAID["undo a trial"]) and named:
        return Intent("undo", {"trial": named[0]})
    if re.match(r"(?:note|remark|comment|remember)\b", text):
        return Intent("note", {"trial": numbers[0]} if numbers else {})
    stated = says(text, SAID["note"]) or re.match(r"(?:trial|run|number) #?\d+ (?:\w+ )+\w+", text)
    if named and stated and not is_question(text) and not says(text, _COMMANDING):
        return Intent("note", {"trial": named[0]})
    return None


def _export(text: str, _context: Context) -> Intent | None:
    if says(text, r"show (?:me )?(?:all|the) (?:trials|table)"):
        return None
    if says(text, SAID["export"]) and not says(text, r"run \d+|why|tune"):
        for form, pattern in _FORMS.items():
            if says(text, pattern):
                return Intent("export", {"form": form})
    if re.fullmatch(r"(?:the |a )?report[.!]?", text):
        return Intent("export", {"form": "report"})
    return Intent("export", {"form": "script"}) if says(text, r"^export") else None


def _budget(text: str, _context: Context) -> Intent | None:
    if tokens := re.search(rf"({mentions.NUMBER})\s*tokens", text):
        return Intent("budget", {"tokens": int(mentions.number(tokens[1]))})
    if (minutes := mentions.minutes_in(text)) and not is_question(text):
        return Intent("budget", {"minutes": mentions.whole(minutes)})
    trials = re.search(r"(\d+)\s*(?:trials|runs|evaluations|experiments)", text)
    if trials and says(text, SAID["budget"]) and not mentions.trials_in(text):
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
    if count is None or mentions.trials_in(text.replace("run ", "")):
        return None
    bare = re.fullmatch(r"(?:with |in )?\d+ (?:trials|runs|evaluations|experiments)", text)
    counted = count[2] or says(text, r"another|for|run")
    if bare or count[2] == "more" or (counted and says(text, SAID["run"])):
        return Intent("run", {"n": int(count[1])})
    return None


def _goal(text: str, _context: Context) -> Intent | None:
    metric, direction = goal_in(text, "") if says(text, SAID["goal"]) else (None, None)
    return Intent("goal", {"metric": metric, "direction": direction}) if metric else None


def _pruner(text: str, _context: Context) -> Intent | None:
    if is_question(text) or not says(text, SAID["pruner"]):
        return None
    off = says(text, r"don't|do not|never|no|not|off|without|none|disable")
    named = next((rule for rule in rule_names() if says(text, rule.replace("_", "[ _]"))), FORECAST)
    return Intent("pruner", {"rule": NONE if off else named})


def _states(text: str, _context: Context) -> Intent | None:
    """Read what stops, goes on, or takes back, said in more words than `EXACT` has."""
    command = next((name for name in ("pause", "undo", "resume") if says(text, SAID[name])), None)
    if command is None or (command != "undo" and says(text, r"don't|do not|never")):
        return None
    return Intent(command)


def _table(text: str, _context: Context) -> Intent | None:
    if says(text, r"failed|failures|crashed|crashes") and says(text, "show|list|which|table|all"):
        return Intent("table", {"show": "failed"})
    return Intent("table") if says(text, SAID["table"]) else None


def _number(text: str, _context: Context) -> dict[str, Any]:
    numbers = mentions.integers_in(text)
    return {"n": numbers[0]} if numbers else {}


def _parameter(text: str, context: Context) -> dict[str, Any]:
    named = mentions.parameters_in(text, context.space)
    return {"parameter": named[0].name} if named else {}


def _said(command: str, given: Callable[[str, Context], dict[str, Any]] = lambda *_: {}) -> Rule:
    return lambda text, context: Intent(command, given(text, context)) if says(text, SAID[command]) else None


RULES: tuple[Rule, ...] = (
    _exact, _pruner, _said("outlook", _number), _about_trials, _export, _budget, _run, read_change,
    _said("importance"), _goal, _states, _said("plot", _parameter), _table, _said("best"),
)  # fmt: skip
