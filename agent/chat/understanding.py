"""From free text to intents, by rules: deterministic, instant, and enough without a language model.

A sentence becomes the name of a command and its arguments, or nothing. What the rules do not know is for
`model_route.py`; what may not happen without a card is for the commands. Nothing is done here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bestguess.agent.chat import mentions
from bestguess.agent.chat.plan import guess_direction
from bestguess.tools.parameters import Float, Int
from bestguess.tools.region import Limits
from bestguess.tools.space import Space

Verdict = Literal["yes", "no", "always"]

LATER = "say"
"""The command of an intent that is understood only once those before it are done."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A command that someone seems to want, with its arguments."""

    command: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What a sentence is understood in: the space and its limits, how many trials there are, what runs."""

    space: Space | None = None
    limits: Limits = field(default_factory=Limits)
    trials: int = 0
    metric: str = ""
    best: Mapping[str, Any] = field(default_factory=dict)
    busy: bool = False


_YES = r"y|yes|yep|yeah|ok|okay|sure|go|go ahead|do it|do that|fine|please do|yes please|agreed|confirm|looks good"
_NO = r"n|no|nope|cancel|stop|don't|do not|never mind|nevermind|not now|no thanks|no thank you|rather not"
_ALWAYS = r"always|a|yes always|always yes|always for this session|yes,? always.*|don't ask again"


def read_verdict(text: str) -> Verdict | None:
    """Return what a text answers to a card, or None if it is no answer."""
    words = text.replace("’", "'").lower().strip(" .!")
    for verdict, pattern in (("always", _ALWAYS), ("yes", _YES), ("no", _NO)):
        if re.fullmatch(pattern, words):
            return verdict  # type: ignore[return-value]
    return None


def understand(text: str, context: Context) -> list[Intent]:
    """Return the intents of a text, in order; empty where a part of it is not understood."""
    found: list[Intent] = []
    for clause in re.split(r"(?<=[.!?])\s+|;\s*|\n+|,?\s+(?:and\s+)?then\s+", text.strip()):
        clause = clause.strip(" ,")
        if not clause or re.fullmatch(_FILLER, clause.lower().strip(" .!,")):
            continue
        if found and found[0].command == "new":
            found[0] = _with_goal(found[0], clause)
            intents = [] if _goal_in(clause, "")[0] else [Intent(LATER, {"text": clause})]
        elif not (intents := _read(clause, context)):
            return []
        found += intents
    return found


_FILLER = r"(?:hi|hello|hey|thanks|thank you|great|good|nice|ok|okay|well|so|hm+|right|alright|please)"
_POLITE = re.compile(
    r"^(?:(?:ok|okay|well|so|now|hey|hi|please|and|also|then|but|by the way|alright|right)\b,?\s+)+"
    r"|^(?:(?:could|can|would|will) (?:you|we) (?:please )?|let's |let us |i(?:'d| would) like (?:you )?to |i want (?:you )?to )",
)


def _read(clause: str, context: Context) -> list[Intent]:
    script = mentions.script_in(clause)
    if script and re.search(r"\b(?:scan|inspect|look at|could be tuned|can be tuned|is there to tune)\b", clause.lower()):
        return [Intent("scan", {"script": script})]
    if script and not re.search(r"\b(?:export|write|save)\b", clause.lower()):
        return _read_new(clause, script)
    text = mentions.plain(clause).rstrip(" .!")
    bare = text
    while (shorter := _POLITE.sub("", bare)) != bare:
        bare = shorter
    for rule in _RULES:
        intent = rule(bare, context) or (rule(text, context) if bare != text else None)
        if intent:
            if intent.command == "ask":
                return [Intent("ask", {"text": clause})]
            if intent.command == "note":
                return [Intent("note", {**intent.arguments, "text": _note_text(clause)})]
            return [intent]
    return []


def _read_new(clause: str, script: str) -> list[Intent]:
    """Read "tune train.py, minimise val_loss, I have an hour": the rest waits until there is a space."""
    pieces = re.split(r",\s+(?:and\s+)?", clause)
    metric, direction = _goal_in(clause, script)
    arguments: dict[str, Any] = {"script": script}
    if metric:
        arguments |= {"metric": metric, "direction": direction}
    if script.endswith(".csv"):
        target = re.search(
            r"(?:predict|target|column)(?:ing|s)?\s*(?:the\s+)?(?:column\s+)?[=:]?\s*['\"]?([\w.-]+)",
            clause,
            re.I,
        )
        arguments = {"script": script, **({"target": target[1]} if target else {})}
    if space := re.search(r"[\w./-]+\.ya?ml\b", clause):
        arguments["space"] = space[0]
    later = []
    for piece in pieces:
        words = mentions.plain(piece)
        if (
            script.lower() not in words
            and not _goal_in(piece, "")[0]
            and re.search(r"\d|\b(?:hour|never|don't|only)\b", words)
        ):
            later.append(Intent(LATER, {"text": piece}))
    return [Intent("new", arguments), *later]


def _with_goal(new: Intent, clause: str) -> Intent:
    """Return an intent to begin a study with the metric that a later clause names."""
    metric, direction = _goal_in(clause, "")
    if metric is None or "metric" in new.arguments:
        return new
    return Intent("new", {**new.arguments, "metric": metric, "direction": direction})


_METRIC = r"(?:the\s+|its\s+|my\s+)?['\"`]?(?P<metric>[a-z_][\w/@^-]*)['\"`]?"
_GOALS = (
    (rf"\b(?:minimi[sz]e|reduce|lower|decrease)\s+{_METRIC}", "minimize"),
    (rf"\b(?:minimi[sz]ing|reducing)\s+{_METRIC}", "minimize"),
    (rf"\b(?:maximi[sz]e|increase|raise)\s+{_METRIC}", "maximize"),
    (rf"\b(?:maximi[sz]ing)\s+{_METRIC}", "maximize"),
    (rf"\b(?:lowest|smallest|least|minimal|minimum)\s+{_METRIC}", "minimize"),
    (rf"\b(?:highest|largest|greatest|maximal|maximum)\s+{_METRIC}", "maximize"),
    (rf"\b(?:lower|smaller|less)\s+{_METRIC}\s+is\s+better", "minimize"),
    (rf"\b(?:higher|larger|more|bigger)\s+{_METRIC}\s+is\s+better", "maximize"),
    (rf"{_METRIC}\s+(?:should be\s+)?as\s+(?:small|low|little)\s+as", "minimize"),
    (rf"{_METRIC}\s+(?:should be\s+)?as\s+(?:large|high|good|great|big)\s+as", "maximize"),
    (rf"\b(?:best|better|good|improve|optimi[sz]e|for|on)\s+{_METRIC}", ""),
    (rf"\b(?:metric|goal|objective)\b\s*(?:is|=|:|to)?\s*{_METRIC}", ""),
)
_NO_METRIC = set(
    ["the", "a", "an", "it", "my", "this", "that", "better", "hyperparameters", "parameters", "settings", "values", "best", "me", "you", "of", "in", "out", "with", "and"]
)


def _goal_in(text: str, script: str) -> tuple[str | None, str | None]:
    """Return the metric that a text names and which way it is better."""
    words = text if not script else text.replace(script, " ")
    for pattern, direction in _GOALS:
        for match in re.finditer(pattern, words, re.IGNORECASE):
            metric = match["metric"]
            if metric.lower() in _NO_METRIC or len(metric) < 2:
                continue
            return metric, direction or guess_direction(metric)
    return None, None


def _note_text(clause: str) -> str:
    return re.sub(
        r"^(?:please\s+)?(?:note|remark|remember|comment)\s*(?:that|:|,)?\s*", "", clause, flags=re.I
    )


def _says(text: str, *patterns: str) -> bool:
    return any(re.search(rf"(?<![\w'])(?:{one})(?![\w])", text) for one in patterns)


def _is_question(text: str) -> bool:
    return text.endswith("?") or _says(
        text, r"^(?:what|which|who|how|is|are|do|does|did|can|could|should|would|will|why|where)"
    )


def _exact(text: str, _context: Context) -> Intent | None:
    words = text.strip(" ?")
    return next((Intent(name) for name, pattern in _EXACT.items() if re.fullmatch(pattern, words)), None)


_EXACT = {
    "help": r"help(?: me)?|commands|what can (?:you|i) (?:do|say)",
    "quit": r"quit|exit|bye|goodbye|leave|q|i'm done|that's all",
    "doctor": r"doctor|check (?:my|this|the) machine",
    "save": r"save|save (?:it|everything|the session)|is (?:it|everything) saved",
    "log": r"(?:save|write|export)(?: (?:the|this))? (?:transcript|conversation|log)|log|transcript",
    "space": r"(?:show |what (?:is|are) )?(?:me )?(?:the |all )?(?:space|search space|ranges|parameters|limits|bounds)",
    "cost": r"costs?|(?:show |what (?:is|are|were) )?(?:me )?the costs?(?: so far)?|how (?:much|long) (?:has|have|did|was) .*|what (?:did|has) (?:it|this|that) cost.*|.*\bspent(?: so far)?",
    "model": r"(?:which|what) (?:language )?model.*|model",
    "budget": r"(?:show |what is )?(?:me )?(?:the |my )?budget",
    "pause": r"pause|stop|wait|halt|hold|hold on|hold it|hold on a (?:second|moment|minute)",
    "resume": r"resume|continue|go on|carry on|proceed|unpause|go ahead|keep going|start again",
    "undo": r"undo(?: (?:it|that|this|the last(?: change| one)?))?|revert(?: (?:it|that))?|take (?:it|that|this) back",
    "best": r"best(?: so far)?|(?:the )?winner|incumbent",
    "table": r"table|trials|history|list",
    "plot": r"(?:plot|graph|chart|draw|curve)(?: (?:it|that|this|progress|the progress))?",
    "importance": r"importances?",
    "outlook": r"outlook|converged",
    "run": r"run|run (?:some )?more|more|more trials|start|begin|run it",
    "why": r"why|why that|explain|explain that",
    "retry": r"retry|try again|again",
    "ask": r"ask .*|status|how(?: is|'s| are| did) (?:it|things|we|that) (?:going|doing|go|look(?:ing)?)|where (?:are|do) we (?:stand)?|summary|summari[sz]e.*",
}


def _outlook(text: str, _context: Context) -> Intent | None:
    if _says(
        text,
        r"converge[ds]?|convergence|plateau\w*|saturated",
        r"worth (?:going on|continuing|it|running|more|the)",
        r"(?:would|will|could|can|might|do|does) .*(?:more|next|further|another).* (?:bring|gain|help|improve|yield|give|buy)",
        r"(?:expect|hope for|is there) (?:anything|something|much|any)\b.*",
        r"should (?:i|we) (?:run|go on|continue|stop|do)\b.*",
        r"(?:how much|what|anything) (?:is )?(?:left|more) to gain|room for improvement|diminishing",
    ):
        counts = mentions.integers_in(text)
        return Intent("outlook", {"n": counts[0]} if counts else {})
    return None


def _about_trials(text: str, context: Context) -> Intent | None:
    named = mentions.trials_in(text)
    numbers = named or mentions.integers_in(text)
    if len(numbers) == 1 and len(named) == 1:
        numbers = list(dict.fromkeys([*named, *mentions.integers_in(text)]))
    compared = _says(
        text, r"compare[ds]?|comparison|versus|vs\.?|differs?|different|difference|better than|worse than"
    )
    if compared and len(numbers) >= 2:
        return Intent("compare", {"a": numbers[0], "b": numbers[1]})
    if (
        _says(text, r"^retry|(?:run|try|repeat|redo) (?:trial |number |#)?\d+ (?:again|once more)|again$")
        and numbers
        and _says(text, "retry|run|try|repeat|redo")
    ):
        return Intent("retry", {"trial": numbers[0]})
    if (
        _says(
            text,
            r"why|explain|how come|what (?:went|was|is) wrong|reason\w*|thinking behind|rationale|what happened (?:in|to|with)|tell me about|details? (?:of|on|for)",
        )
        and len(numbers) == 1
    ):
        return Intent("why", {"trial": numbers[0]})
    if (
        _says(
            text,
            r"undo|revert|ignore|discard|disregard|forget|drop|remove|delete|mistake|set .*aside|doesn't count|not count",
        )
        and named
    ):
        return Intent("undo", {"trial": named[0]})
    if re.match(r"(?:note|remark|comment|remember)\b", text):
        return Intent("note", {"trial": numbers[0]} if numbers else {})
    if (
        named
        and not _is_question(text)
        and _says(text, _STATES)
        and not _says(text, r"^(?:run|show|compare|try|export|list|plot)")
    ):
        return Intent("note", {"trial": named[0]})
    return None


_STATES = r"was|were|is|are|looks?|looked|seems?|seemed|had|has|got|went|did|exploded|diverged|crashed|overfits?|overfit|underfit\w*|ran|used|failed|felt|should\w*|could\w*"


def _export(text: str, _context: Context) -> Intent | None:
    asks = _says(
        text,
        r"export|give|write|need|want|download|get|show|create|make|generate|save|how (?:do|can) i|take .* away|share|send",
    )
    forms = {
        "json": r"json",
        "report": r"report|html|write-?up",
        "study": r"study|database|sqlite|db(?: file)?",
        "command": r"command(?: line)?|cli|shell|terminal|one-?liner",
        "script": r"scripts?|code|python|program|reproduce\w*",
    }
    if _says(text, r"show (?:me )?(?:all|the) (?:trials|table)"):
        return None
    for form, pattern in forms.items():
        if _says(text, pattern) and asks and not _says(text, r"run \d+|why|tune"):
            return Intent("export", {"form": form})
    return Intent("export", {"form": "script"}) if _says(text, r"^export") else None


def _budget(text: str, _context: Context) -> Intent | None:
    tokens = re.search(rf"({mentions.NUMBER})\s*tokens", text)
    if tokens:
        return Intent("budget", {"tokens": int(mentions.number(tokens[1]))})
    minutes = mentions.minutes_in(text)
    if minutes and not _is_question(text):
        return Intent("budget", {"minutes": mentions.whole(minutes)})
    trials = re.search(r"(\d+)\s*(?:trials|runs|evaluations|experiments)", text)
    limit = _says(
        text, r"budget|at most|no more than|limit|spend|not more than|maximum of|in (?:all|total)|altogether"
    )
    if trials and limit and not mentions.trials_in(text):
        return Intent("budget", {"trials": int(trials[1])})
    return None


def _run(text: str, _context: Context) -> Intent | None:
    if _says(text, r"don't|do not|never|no more|stop|not"):
        return None
    count = re.search(
        r"(?<![\w.=])(\d+)(?![\w.]*\d)\s*(more|trials?|runs?|further|additional|times|experiments|evaluations|of (?:these|them))?",
        text,
    )
    verb = _says(
        text,
        r"run|do|keep (?:going|on|running|at it)|go(?: on)?|continue|launch|start|execute|perform|evaluate|add|another|further",
    )
    if (
        count
        and (count[2] == "more" or (verb and (count[2] or _says(text, r"another|for|run"))))
        and not mentions.trials_in(text.replace("run ", ""))
    ):
        return Intent("run", {"n": int(count[1])})
    return None


def _change(text: str, context: Context) -> Intent | None:
    """Read what changes the space, or a configuration to try: these need parameters or options by name."""
    space = context.space
    named = mentions.parameters_in(text, space)
    options = mentions.options_in(text, space)
    if not named and not options:
        return None
    low, high = mentions.bounds_in(text)
    values = mentions.values_in(text, space)
    numeric = [one.name for one in named if mentions.is_numeric(space, one.name)]
    if _says(text, r"plot|curve|graph|chart|draw|picture|figure|visuali[sz]e|depends? on|diagram") and named:
        return Intent("plot", {"parameter": named[0].name})
    tries = _says(
        text,
        r"^(?:re)?try|try|test|what if|what about|how about|give .* (?:a )?(?:shot|go|chance|try)|check|evaluate",
    )
    if tries and numeric and not values:
        return _step(text, numeric[0], context)
    if tries and values and not _says(text, r"trying"):
        return Intent("try", {"values": values})
    if _says(
        text,
        r"forbid|never|don't use|do not use|exclude|ban|no more|avoid|off the table|rule out|get rid of|stop using|disallow|not use|without|don't want|skip",
    ) and not (numeric and (low is not None or high is not None)):
        banned = options or values
        if banned:
            return Intent("forbid", {"values": banned})
    pins = _says(
        text,
        r"pin|fix(?:ed)?|freeze|frozen|lock(?:ed)?|always|from now on|stick (?:to|with)|leave|keep|hold|only use|just use|don't touch|constant",
    )
    if pins and values and not (low is not None and high is not None):
        return Intent("pin", {"values": values})
    if pins and named and _says(text, r"^(?:pin|fix|freeze|lock)"):
        return Intent("pin", {"values": {one.name: None for one in named}})
    if numeric and (low is not None or high is not None):
        return _bound(text, numeric[0], low, high, context)
    if _says(text, r"widen|unlimit|lift|release|unpin|free") and named:
        return Intent("widen", {"parameter": named[0].name})
    return None


def _step(text: str, name: str, context: Context) -> Intent | None:
    """Read "try a smaller learning rate": 15 % of the range away from the best so far."""
    assert context.space is not None
    one = context.space.parameters[name]
    assert isinstance(one, Float | Int)
    less = _says(text, r"smaller|lower|less|fewer|shallower|shorter|decreased?|reduced?")
    more = _says(text, r"larger|higher|more|bigger|greater|deeper|longer|increased?")
    if less == more:
        return None
    u = one.encode(context.best.get(name, one.default))
    value = one.decode(min(max(u + (-0.15 if less else 0.15), 0.0), 1.0))
    return Intent("try", {"values": {name: float(f"{value:.3g}") if isinstance(one, Float) else value}})


def _bound(text: str, name: str, low: float | None, high: float | None, context: Context) -> Intent:
    assert context.space is not None
    one = context.space.parameters[name]
    assert isinstance(one, Float | Int)
    limit = context.limits.of.get(name)
    now_low = one.low if limit is None or limit.low is None else limit.low
    now_high = one.high if limit is None or limit.high is None else limit.high
    outside = (low is not None and low < now_low) or (high is not None and high > now_high)
    wider = _says(text, r"widen|extend|expand|allow|let|raise|increase|enlarge|relax|open up")
    tighter = _says(text, r"narrow|restrict|limit|shrink|tighten|only|don't|do not|never|not|nothing")
    command = "widen" if (outside and not tighter) or (wider and not tighter) else "narrow"
    bounds = {"low": low, "high": high}
    return Intent(
        command, {"parameter": name, **{k: mentions.whole(v) for k, v in bounds.items() if v is not None}}
    )


def _importance(text: str, context: Context) -> Intent | None:
    if _says(
        text,
        r"matters?|importan\w+|driv(?:es|ing)|influen\w+|sensitiv\w+|impact\w*|doing the work|makes? (?:the|a|any) difference|relevant|irrelevant|(?:biggest|largest|most) effect",
    ):
        return Intent("importance")
    return None


def _plot(text: str, context: Context) -> Intent | None:
    if _says(text, r"plot|curve|graph|chart|draw|picture|visuali[sz]e|diagram|progress"):
        named = mentions.parameters_in(text, context.space)
        return Intent("plot", {"parameter": named[0].name} if named else {})
    return None


def _table(text: str, _context: Context) -> Intent | None:
    if _says(text, r"failed|failures|crashed|crashes") and _says(text, "show|list|which|table|all"):
        return Intent("table", {"show": "failed"})
    if _says(
        text,
        r"table|list|all (?:the )?(?:trials|runs|results)|overview|history|(?:have you|did you|was|been) (?:tried|try)|every(?:thing| trial)|so far tried|results",
    ):
        return Intent("table")
    return None


def _best(text: str, _context: Context) -> Intent | None:
    if _says(
        text,
        r"best|winn(?:er|ing)|optimum|optimal|leading|incumbent|settings should|recommend\w*|should i use|top (?:one|trial|configuration)",
    ):
        return Intent("best")
    return None


def _states(text: str, _context: Context) -> Intent | None:
    """Read what stops, goes on, or takes back, said in more words than `_EXACT` has."""
    if _says(text, r"pause|stop|break(?! is)|hold on|halt|wait|interrupt|hang on|suspend"):
        return Intent("pause") if not _says(text, r"don't|do not|never") else None
    if _says(text, r"undo|revert|take (?:that|it|this) back|roll(?: it| that)? back|changed my mind"):
        return Intent("undo")
    if _says(
        text,
        r"resume|carry on|continue|go on|start again|keep going|proceed|pick up|left off|unpause|keep at it",
    ):
        return Intent("resume") if not _says(text, r"don't|do not|never") else None
    return None


def _goal(text: str, context: Context) -> Intent | None:
    if _says(text, r"minimi[sz]e|maximi[sz]e|goal|metric|objective"):
        metric, direction = _goal_in(text, "")
        if metric:
            return Intent("goal", {"metric": metric, "direction": direction})
    return None


_RULES: tuple[Callable[[str, Context], Intent | None], ...] = (
    _exact, _outlook, _about_trials, _export, _budget, _run, _change, _importance, _goal, _states, _plot,
    _table, _best,
)  # fmt: skip
