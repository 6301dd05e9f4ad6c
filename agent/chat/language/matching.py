"""Which commands a part of a sentence may be: as the ranker has it, as far as its marks fill the arguments.

Some things no ranking overrides: a question only reads, what is not to be done is not done, and a command
whose arguments are not there is out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bestguess.agent.chat.command import Command
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.commands.limits import BEST
from bestguess.agent.chat.language.intents import Context, Intent
from bestguess.agent.chat.language.ranking import NEGATED, NOTHING, ranker, stem, tokens
from bestguess.agent.chat.language.slots import Marked, plain
from bestguess.agent.chat.language.words import (
    ALSO,
    AS_IN_BEST,
    COUNTED,
    EXCEPTED,
    EXCEPTING,
    IN_PLACE,
    LISTING,
    NEXT_BEST,
    NOTED,
    OF_SOME_TRIALS,
    ONLY_TUNED,
    PARTS,
    POLITE,
    QUESTION,
    REMARKED,
    REPLACES,
    REQUEST,
    REVERSED,
    TIGHTER,
    WIDER,
    WITHOUT,
)
from bestguess.agent.chat.plan import range_within
from bestguess.tools.scan.directions import direction_of, find_term
from bestguess.tools.space.parameters import Choice, Float, Int

Take = Callable[..., list[Any]]

UNUSED = 0.4
"""By how much less a command is meant for each mark that it has no use for."""

STRANGE = 0.5
"""And for each word that stands in no example."""

WORDY = frozenset({"ask", "note", NEGATED})
"""What may hold any mark."""

CONDITIONAL = frozenset({"patience", "note", "limit"})
"""What is said with words that turn other wishes around."""

DOUBTFUL = 0.15
"""How sure it is at most that a wish is meant where such a word stands in no example of it."""

NEEDS = {"budget": ("trials", "minutes", "tokens"), "goal": ("metric",), "narrow": ("low", "high")}
"""Commands that without any of these arguments only show something, or can do nothing."""


_WANTED = "T O V N P with but use of settings params like same as best winner take"
WANTED = frozenset(map(stem, re.findall(r"\w+", _WANTED)))
"""Words and marks that alone reject nothing."""

_TAKING = frozenset({"pin", "drop", "forbid", "undo"})
_CHANGING = _TAKING | {"narrow", "widen"}
"""Commands that change what is searched or counted."""

FAILED = "fail|crash|die|died|dy"
"""The stems of words for failures."""

SEVERAL = frozenset({"pin", "forbid", "table", "expect"})
"""What takes several values of one name."""

BY_NAME = frozenset({"pin", "drop"})
"""What takes names without values, too: one beside the value of another has no use then."""

Filled = tuple[dict[str, Any], set[int]]


@dataclass(frozen=True, slots=True)
class Said:
    """What stands before a part in its text: the parameter and the trial that were named last.

    "It" `refers` to the parameter. What is asked (`asks`) only reads, but for what hangs on something where
    an "if" asks nothing (`is_condition`): "if it gains nothing for 8 trials, stop". What may be asked, as a
    question follows, is `doubtful` where it acts.
    """

    parameter: str = ""
    refers: bool = False
    trial: int | None = None
    asks: bool = False
    is_condition: bool = False
    doubtful: bool = False

    @property
    def meant(self) -> list[str]:
        """The parameter, where it is meant."""
        return [self.parameter] if self.refers and self.parameter else []


@dataclass(frozen=True, slots=True)
class Fit:
    """What a part may be: a command, or none; how sure that is, and whether it is one of the examples."""

    intent: Intent | None
    sureness: float
    is_certain: bool = False
    denied: str = ""
    """The command that the part says is not to be done."""

    @property
    def acts(self) -> bool:
        """Whether it changes anything."""
        command = REGISTRY.get(self.intent.command) if self.intent else None
        return command is not None and command.effect != "reads"

    @property
    def is_note(self) -> bool:
        """Whether it is a remark, whose text may hold anything."""
        return self.intent is not None and self.intent.command == "note"

    @property
    def reads(self) -> bool:
        """Whether it is a command that only reads."""
        return self.intent is not None and not self.acts


FAMILIES = (
    ("narrow", "widen", "add"), ("pin", "fix"), ("why", "table"), ("repeats", "retry"), ("run", "resume"),
)  # fmt: skip
"""Commands that are told apart by their arguments rather than by words."""


def fits(part: str, context: Context, said: Said = Said()) -> list[Fit]:
    """Return the two things that a part may be, the likeliest first; a question only fits what reads."""
    bare, asks = without_politeness(part)
    marked = Marked(bare, context, said.parameter)
    text = marked.ranked + (" ?" if part.rstrip().endswith("?") else "")
    chances = ranker().probabilities(text)
    told = replace(said, asks=said.asks or asks or any(map(is_question, re.split(PARTS, part))))
    held = {label: _fill(REGISTRY[label], marked, context, told) for label in chances if label in REGISTRY}
    for family in FAMILIES:
        fitting = [label for label in family if held[label] is not None]
        if len(fitting) == 1:
            chances[fitting[0]] = sum(chances[label] for label in family)
            chances |= dict.fromkeys((label for label in family if label != fitting[0]), 0.0)
    found = [_nothing(label, chances, marked, text) for label in (NOTHING, NEGATED)]
    for label, filled in held.items():
        acts = REGISTRY[label].effect != "reads"
        if filled is None or (
            acts and (asks or (said.asks and not (said.is_condition and label in CONDITIONAL)))
        ):
            continue
        found.append(_fit(REGISTRY[label], filled, marked, text, chances[label], acts and said.doubtful))
    return sorted(found, key=lambda fit: -fit.sureness)[:2]


def likeliest(part: str, context: Context) -> tuple[str, float]:
    """Return the command that a part's words speak of, whatever it lacks, and how probable that is."""
    marked = Marked(without_politeness(part)[0], context).ranked
    if all(word.isupper() for word in tokens(marked)):
        return NOTHING, 0.0  # numbers and names alone speak of none
    chances = ranker().probabilities(marked)
    label = max(chances, key=lambda name: chances[name])
    return label, chances[label]


def _nothing(label: str, chances: Mapping[str, float], marked: Marked, text: str) -> Fit:
    """Return that a part asks for nothing; what is denied is what it would be without that."""
    if label == NEGATED:
        denied = max(_acting(chances), key=lambda name: chances[name], default="")
        return Fit(None, chances[label], ranker().is_certain(text, label), denied)
    unused = len(marked.telling) + _strange(marked)
    return Fit(None, chances[label] * UNUSED ** (2 * unused), not unused and ranker().is_certain(text, label))


def _strange(marked: Marked) -> int:
    """Return how many words stand in no example."""
    return sum(not ranker().knows(word) for word in re.findall(r"(?<![<\w])[a-z][\w'-]*", marked.text))


def _acting(chances: Mapping[str, float]) -> list[str]:
    return [name for name in chances if name in REGISTRY and REGISTRY[name].effect != "reads"]


def is_question(part: str) -> bool:
    """Whether a part asks something."""
    return without_politeness(part)[1]


def without_politeness(part: str) -> tuple[str, bool]:
    """Return a part without what only makes it polite, and whether it is a question: "could you" is none."""
    bare, requests = part.strip().rstrip(" .!"), False
    while found := re.match(POLITE, bare.lower()) or re.match(REQUEST, bare.lower()):
        requests = requests or bool(re.match(REQUEST, bare.lower()))
        bare = bare[found.end() :]
    asks = bool(re.match(QUESTION, bare.lower())) or (bare.endswith("?") and not requests)
    return bare.rstrip(" ?"), asks


def _fit(command: Command, filled: Filled, marked: Marked, text: str, chance: float, doubtful: bool) -> Fit:
    """Return how sure a command with its arguments is, which loses by what it has no use for."""
    name, (arguments, used) = command.name, filled
    unused = sum(number not in used for number in marked.telling)
    is_certain = ranker().is_certain(text, name) and not doubtful
    if name == "note":  # whose text is free
        is_certain = not doubtful and bool(
            re.match(NOTED, marked.written, re.IGNORECASE) or re.fullmatch(REMARKED, marked.text)
        )
    if name not in WORDY:
        chance *= UNUSED**unused
        is_certain = is_certain and not unused
    if command.effect != "reads" and name not in (*WORDY, "widen", "limit"):
        chance *= STRANGE ** _strange(marked)
    turned = command.effect != "reads" and name not in CONDITIONAL and not ranker().allows(marked.text, name)
    if name not in WORDY:  # of three trials it is not said which two
        doubtful = doubtful or any(number not in used for _, number in marked.marks("NT"))
    if doubtful or turned or _reverses(name, marked, is_certain) or _is_partial(name, marked, used):
        chance = min(chance, DOUBTFUL)
    elif is_certain:
        chance = 1.0
    return Fit(Intent(name, arguments, "person"), chance, is_certain)


def _reverses(name: str, marked: Marked, is_certain: bool) -> bool:
    """Whether a change may be the opposite of what is meant: "all but", "only", "no reason to"."""
    if is_certain:
        return False
    text = marked.text
    if name in _CHANGING and re.search(EXCEPTING, text):
        return not re.fullmatch(EXCEPTED.get(name, "(?!)"), text)
    tuned = name in _TAKING and not marked.marks("VO") and re.search(ONLY_TUNED, text)
    return bool(tuned) or any(
        name in names and re.search(words, plain(marked.written)) for names, words in REVERSED.items()
    )


def _is_partial(name: str, marked: Marked, used: set[int]) -> bool:
    """Whether a table or the cost would answer for all trials what is asked of some."""
    bounded = any(number not in used for _, number in marked.marks("BR"))
    if name == "cost":
        return bool(re.search(OF_SOME_TRIALS, marked.text) or (bounded and " trials" in marked.text))
    return name == "table" and bounded


def _fill(command: Command, marked: Marked, context: Context, said: Said) -> Filled | None:
    """Return the arguments that a sentence's marks give a command and the marks used, None if one lacks."""
    fields = command.arguments.model_fields
    joined = f" {' '.join(tokens(marked.text))} "
    given: dict[str, Any] = {}
    used: set[int] = set()
    planned = context.trials + context.waiting

    def take(kinds: str, many: int = 1, *, trial: bool = False) -> list[Any]:
        found = [number for kind, number in marked.marks() if kind in kinds and number not in used][:many]
        least = 0 if trial and command.name != "note" else 1
        if kinds == "N" and not (found and _is_whole(marked.slots[found[0]], least)):
            return []
        used.update(found)
        return [marked.slots[number] for number in found]

    if command.name == "compare":
        given |= _counted(marked, joined, context, used)
    for name, field in fields.items():
        if name in given:
            continue
        if name == "n" and command.name == "run" and (held := take("U")):
            given |= {name: held[0] - planned} if held[0] > planned else {"unfit": True}
        elif name == "trials" and marked.marks("KM"):
            given |= dict(zip(["trials"], take("U"), strict=False))
        elif name in _KINDS and (held := take(_KINDS[name][0]) or take(_KINDS[name][1:])):
            given[name] = held[0]
        elif name == "trial" and command.name == "undo" and " chang" in joined:
            continue  # "the last 2 changes" are no trial
        elif name in ("trial", "a", "b"):
            others = [number for number in _called(joined, context) if number not in given.values()]
            by_name = others if field.is_required() or command.name in ("why", "retry") else []
            first = by_name if command.name == "retry" else []  # "the best with 3 seeds"
            if command.name == "undo" and re.search(" (?:fail|crash)", joined):
                by_name = others
            if command.name == "compare" and name == "a" and (held := take("R")) and None not in held[0]:
                given |= {"a": int(held[0][0]), "b": int(held[0][1])}
            elif held := take("T") or first or take("N", trial=True) or by_name:
                given.setdefault(name, held[0])
        elif name == "like":
            before = [said.trial] if said.trial is not None and re.match("with ", marked.text) else []
            given |= dict(zip(["like"], take("T") or before, strict=False))
        elif name == "values" and command.name in ("metrics", "prefer"):
            given |= _of_metrics(command, marked, context, take)
        elif name == "values":
            given |= _values(command, marked, context, take, said, used)
        elif name == "parameter":
            given |= _parameter(command, marked, context, take, said)
        elif name == "metric" and (held := take("G")):
            given |= {"metric": held[0][0], "direction": held[0][1]}
        elif name == "text" and command.name == "limit":
            given |= _limit(marked, take)
        elif name == "text":
            given[name] = _noted(marked.written) if command.name == "note" else marked.written
        elif means := command.means.get(name):
            words = [meant for word, meant in means.items() if word and f" {_phrase(word)} " in joined]
            if words or "" in means:
                given[name] = words[0] if words else means[""]
    if command.name == "compare" and marked.marks("PQVO") and not marked.marks("T") and "N" in joined:
        given["unfit"] = True  # the numbers beside a name are its values
    if command.name == "compare":
        _complete(given, joined, context, said)
    lacking = {name for name, field in fields.items() if field.is_required()} - set(given)
    lacking |= set() if any(name in given for name in NEEDS.get(command.name, given)) else {"any"}
    if command.name == "why" and "trial" not in given and re.search(rf" (?:{FAILED}) ", joined):
        given["unfit"] = True  # why some failed is about them, not about the trial that was last
    of_one = bool(marked.marks("T") or _called(joined, context)) and not re.search(
        " (?:each|every|all) ", joined
    )
    if command.name == "repeats" and of_one:
        given["unfit"] = True  # the seeds of one trial are not those of all
    if command.name == "resume" and (held := take("U")) and held[0] != planned:
        given["unfit"] = True
    if command.name == "forbid" and {*joined.split()} <= WANTED:
        given["unfit"] = True
    not_running = command.name == "stop" and given.get("trial") not in context.running
    lacks = (lacking if command.name in NEEDS else lacking - {"any"}) or not_running or "unfit" in given
    return None if lacks else (given, used)


_KINDS = {
    "n": "CN", "trials": "UC", "minutes": "M", "tokens": "K", "script": "F", "file": "F", "space": "F",
    "name": "Y", "target": "A",
}  # fmt: skip
"""Which marks fill the arguments of these names, the likeliest first."""


def _is_whole(number: float, least: int) -> bool:
    """Whether a number may be how many, or which trial: of one that is not there the command says so."""
    return isinstance(number, int) and number >= least


def _called(joined: str, context: Context) -> list[int]:
    """Return the numbers of the trials that go by these names, the longest names first."""
    found = []
    for words in sorted(context.called, key=len, reverse=True):
        if f" {_phrase(words)} " in joined:
            joined = joined.replace(f" {_phrase(words)} ", " ")
            found.append(context.called[words])
    return found


def _done(context: Context) -> list[int]:
    return [number for number in range(context.trials) if number not in context.running]


def _leading(context: Context) -> list[int]:
    """Return the best and the second best, in the order in which they ran."""
    return sorted(context.called[name] for name in ("best", "second best") if name in context.called)


def _counted(marked: Marked, joined: str, context: Context, used: set[int]) -> dict[str, Any]:
    """Return the two trials to compare where they are counted, not named: "the last two", "the two"."""
    found = re.search(COUNTED, marked.text)
    if found is None or (found[3] and (marked.slots[int(found[3])] != 2 or _called(joined, context))):
        return {}
    number = int(found[1] or found[2] or found[3])
    used.add(number)
    pair = _leading(context)
    if which := re.search("(?:la(?:st|test)|newest)|(first)|(worst)", found[0]):
        pair = [] if which[2] else _done(context)[:2] if which[1] else _done(context)[-2:]
    of_two = marked.slots[number] == len(pair) == 2
    return {"a": pair[0], "b": pair[1]} if of_two else {"unfit": True}


def _complete(given: dict[str, Any], joined: str, context: Context, said: Said) -> None:
    """Compare one trial with the one before it, the last, that of before or the best; else the best two."""
    best, done = context.called.get("best"), _done(context)
    if "a" in given and "b" not in given:
        earlier = [number for number in done if number < given["a"]]
        if earlier and re.search(" (?:befor|previou) ", joined):
            given |= {"a": earlier[-1], "b": given["a"]}
            return
        last = done[-1] if done and re.search(" (?:last|latest) ", joined) else None
        others = [one for one in (last, said.trial, best) if one not in (None, given["a"])]
        given |= dict(zip(["b"], others, strict=False))
    elif "a" not in given and len(pair := _leading(context)) == 2 and re.search(" (?:them|both) ", joined):
        given |= {"a": pair[0], "b": pair[1]}


def _limit(marked: Marked, take: Take) -> dict[str, Any]:
    """Return the text of /limit for a metric that no parameter is named like, and a bound."""
    found = re.search(r"([a-z]\w*_\w+|[a-z]\w+) (?:is |be |to |must |stay |stays )*<R\d+>", marked.text)
    if found is None or (ranker().knows(found[1]) and "_" not in found[1]):
        return {}
    (low, high), *_ = take("R")
    if None not in (low, high):
        return {}
    return {"text": f"{found[1]} <= {high}" if high is not None else f"{found[1]} >= {low}"}


def _phrase(words: str) -> str:
    return " ".join(stem(word) for word in re.split(r"[_ ]", words))


def _of_metrics(command: Command, marked: Marked, context: Context, take: Take) -> dict[str, Any]:
    """Return which way each metric named is to go, or its weight: twice as much if that is not said."""
    ways: dict[str, str] = dict(take("G", 9))
    for word in re.findall(r"(?<![<\w])[a-z][\w@]*", marked.text):
        if "_" in word or find_term(word) is not None:
            ways.setdefault(word, direction_of(word))
    if command.name == "metrics" and re.search(r"\b(?:inst\w{1,3}d of|rather than|and not)\b", marked.text):
        return {}  # one in place of the other is a goal
    if command.name == "metrics":
        also = {context.metric: None} if len(ways) == 1 and context.metric not in ways else {}
        return {"values": also | ways} if ways and (context.metric or len(ways) > 1) else {}
    order = sorted(ways, key=marked.written.lower().find)
    weights = dict.fromkeys([*order, *[context.metric] * (len(order) == 1 and context.metric != "")], 1)
    weights |= dict(zip(order, take("NCV", 9) or [2], strict=False))
    return {"values": weights} if len(weights) > 1 else {}


def _noted(text: str) -> str:
    """Return what is to be remarked, without the words that only ask for that."""
    head = re.match(NOTED, text, re.IGNORECASE)
    return text[head.end() :] if head else text


def _named_values(command: Command, marked: Marked, kinds: str, used: set[int]) -> dict[str, Any]:
    """Return the values by name; several of one name where they are listed and the command takes that."""
    held: dict[str, Any] = {}
    ends: dict[str, int] = {}
    replaced = _replaced(marked)
    for found in re.finditer(rf"<[{kinds}](\d+)>", marked.text):
        if int(found[1]) in replaced:
            used.add(int(found[1]))
            continue
        name, value = marked.slots[int(found[1])]
        between = marked.text[ends.get(name, 0) : found.start()]
        if name not in held:
            held[name] = value
        elif command.name == "expect" or (command.name in SEVERAL and re.search(LISTING, between)):
            held[name] = f"{held[name]},{value}" if held[name] != value else value
        elif held[name] != value:
            continue
        ends[name] = found.end()
        used.add(int(found[1]))
    return held


def _replaced(marked: Marked) -> set[int]:
    """Return the marks of values that another one of their name is to be in place of."""
    pairs = [(found[1], found[2]) for found in re.finditer(REPLACES, marked.text)]
    pairs += [(found[2], found[1]) for found in re.finditer(IN_PLACE, marked.text)]
    return {int(old) for old, new in pairs if marked.slots[int(old)][0] == marked.slots[int(new)][0]}


def _values(
    command: Command, marked: Marked, context: Context, take: Take, said: Said, used: set[int]
) -> dict[str, Any]:
    is_fixing = command.name == "fix"
    held = _named_values(command, marked, "V" if is_fixing else "VO", used)
    if any((context.space is not None and name in context.space) == is_fixing for name in held):
        return {"unfit": True}
    if (command.name == "forbid" and _replaced(marked)) or (
        command.name == "pin" and re.search(r"\bcompar", marked.text)
    ):
        return {"unfit": True}  # what is there instead is wanted, and what is compared is not chosen yet
    if command.name in ("try", "expect"):
        held |= dict(take("S", 9))
        held |= {name: low if high is None else high for name, low, high in take("B", 9)}
    bare = set(marked.named("P")) - set(held)
    is_best = command.name == "pin" and re.search(AS_IN_BEST, marked.text)
    if held and bare and is_best:
        return {"unfit": True}  # the one is to be as in the best, the other not
    takes_names = not (is_fixing or command.name == "table" or (held and bare and command.name in BY_NAME))
    named = (take("P", 9) or said.meant) if takes_names else []
    if not held and command.name in BY_NAME:
        if re.search(NEXT_BEST, marked.text):
            return {"unfit": True}
        is_none = command.name == "drop" and re.fullmatch(WITHOUT, marked.text)
        held = dict.fromkeys(named, BEST if is_best else 0 if is_none else None)
    return {"values": held} if held else {}


def _parameter(command: Command, marked: Marked, context: Context, take: Take, said: Said) -> dict[str, Any]:
    if held := take("B"):
        name, low, high = held[0]
        ends = {side: end for side, end in (("low", low), ("high", high)) if end is not None}
        fit = command.name == _bounding(name, ends, marked, context)
        return {"parameter": name, **ends} if fit else {"unfit": True}
    if held := take("E"):
        return {"parameter": held[0][0], "options": held[0][1]}
    named = take("PQ")
    if command.name == "plot" and said.asks:  # "is a smaller lr better?" is about lr
        named = named or [name for name, _ in take("S", 9)]
    if command.name == "widen" and (more := _new_options(marked, context, named)):
        return more
    named = named or said.meant
    return {"parameter": named[0]} if named else {}


def _new_options(marked: Marked, context: Context, named: list[str]) -> dict[str, Any]:
    """Return the one word that no example knows as an option of the choice that is named, or the only one."""
    parameters = context.space.parameters if context.space else {}
    choices = [name for name in named or parameters if isinstance(parameters.get(name), Choice)]
    words = re.findall(r"(?<![<\w])[a-z][\w-]+", marked.text)
    strange = [word for word in words if "_" in word] or [word for word in words if not ranker().knows(word)]
    return {"parameter": choices[0], "options": tuple(strange)} if len(choices) == len(strange) == 1 else {}


def _bounding(name: str, ends: dict[str, float], marked: Marked, context: Context) -> str:
    """Return whose bounds these are: /add has those of new names, /widen those beyond the present range."""
    one = context.space[name] if context.space and name in context.space else None
    if one is None:
        return "add"
    if not isinstance(one, Float | Int):
        return "widen"
    limit = context.limits.of.get(name)
    low, high = range_within(one, None if limit and limit.options else limit)
    outside = ends.get("low", low) < low or ends.get("high", high) > high
    adds = outside and re.search(rf"\b(?:{ALSO})\b", marked.written.lower())
    if len(ends) == 2 and (ends["low"] == high or (adds and ends["low"] > low)):  # from now to more
        del ends["low"]
    elif len(ends) == 2 and (ends["high"] == low or (adds and ends["high"] < high)):
        del ends["high"]
    wider, tighter = (re.search(rf"\b(?:{words})\b", marked.written.lower()) for words in (WIDER, TIGHTER))
    return "widen" if (outside or wider) and not tighter else "narrow"
