"""Whether a sentence is an instruction as a whole, or has one somewhere in it, as a line of a log may.

The rules find what is wished anywhere in a sentence, because people say it in many ways. Whether it was said,
and not pasted, shows in the rest: a sentence is an instruction if all its words and numbers belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bestguess.agent.chat.language import mentions
from bestguess.agent.chat.language.intents import LATER, Context, Intent
from bestguess.tools.words.cleaning import clean

LONGEST = 300
"""What is longer was hardly typed."""

_ASKING = """
add allow always and avoid back ban begin between bring budget can carry change continue could count
create discard disregard do don't download drop exclude execute export extend finish finished fix fixed
forbid forget free freeze generate get give go goal halt have hold i i'd i'm ignore include increase keep
launch learn leave let let's limit lock make maximise maximize minimise minimize narrow need never note
only open optimise optimize over pause perform pick pin please predict proceed propose proposing raise
read redo remark remember remove repeat reproduce restrict resume retry revert roll rule run save say set
share show shrink skip spend start stay stick stop suspend take test tighten try tune undo unpin use wait
want we we'd what widen without write you
"""
"""Words that ask: at least one of them stands in an instruction."""

_JOINING = """
a above again aim all alone also altogether an another any anymore anything as aside at away be below
best better beyond both budget but by ceiling choice code column columns command configuration data
database day days deeper did doc docs document documentation doing down each else end ends evaluation
evaluations ever everything experiments far few fewer find first floor for from further going good great
greater greatest had here hey hi high higher highest hour hours how html hyperparameters if in into is it
it's its itself json just larger last least left less like line little log look looking lot low lower
lowest manual max maximum may me metric min minimum minute minutes mistake moment more most much must my
new next no nor not notes nothing now number objective of off ok okay on once one ones option options or
other our out page parameter parameters possible program put python range report results right same score
script second seconds session settings shell shot should size small smaller smallest so some still study
table than thanks that that's the them then these they thing things think this those three time to today
token tokens too total touch transcript trial trials twice two under until up value values was way well
were where which while wiki will winner with within work would wrong yes yet your
"""
"""Words that may stand beside them."""

_ASKS, _JOINS = frozenset(_ASKING.split()), frozenset(_JOINING.split())
_NOTED = re.compile(r"(?:please\s+)?(?:note|remark|remember|comment)\b", re.IGNORECASE)
_TRIAL = re.compile(r"\b(?:trial|run|number) #?\d+\b|\b\d+(?:st|nd|rd|th) \w+|#\d+")
_PLAIN_WORDS = re.compile(r"[a-z' ,.!-]*")
_NUMBER = re.compile(rf"(?<![\w.])(?:{mentions.NUMBER})(?![\w])")
_WORD = re.compile(r"[a-z][a-z']*")
_PUNCTUATION = re.compile(r"[\s,;.!?\u2026\u2013:='\"`()#-]*")


def is_from_outside(text: str) -> bool:
    """Whether a text was rather pasted: several lines, too long for a sentence, or control characters."""
    too_long = len(text) > LONGEST and not text.startswith("/")
    return too_long or len(text.splitlines()) > 1 or clean(text) != text


def is_instruction(clause: str, intents: Sequence[Intent], context: Context) -> bool:
    """Whether a sentence says nothing but what was read in it."""
    if any(intent.command == "note" for intent in intents):
        unnumbered = _TRIAL.sub("", clause.lower())
        return bool(_NOTED.match(clause) or _PLAIN_WORDS.fullmatch(unnumbered))
    text = mentions.plain(clause)
    held = [leaf for intent in intents for leaf in _leaves(intent.arguments)]
    for word in sorted((leaf for leaf in held if isinstance(leaf, str)), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(mentions.plain(word))}(?!\w)", " ", text)
    named = {name for intent in intents for name in intent.arguments.get("values", ())}
    named |= {intent.arguments.get("parameter") for intent in intents}
    for mention in reversed(mentions.parameters_in(text, context.space)):
        if mention.name in named:
            text = f"{text[: mention.start]} {text[mention.end :]}"
    if any(intent.command == "budget" for intent in intents):
        text = mentions.TIME.sub(" ", text)
    text = text.replace("..", " ")  # between the ends of a range
    numbers = {float(leaf) for leaf in held if isinstance(leaf, int | float)}
    if any(mentions.number(digits) not in numbers for digits in _NUMBER.findall(text)):
        return False
    text = _NUMBER.sub(" ", text)
    words = set(_WORD.findall(text))
    asks = words & _ASKS or any(intent.command in ("new", LATER) for intent in intents)
    return bool(asks and words <= _ASKS | _JOINS and _PUNCTUATION.fullmatch(_WORD.sub("", text)))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping | list | tuple):
        parts = value.values() if isinstance(value, Mapping) else value
        yield from (leaf for part in parts for leaf in _leaves(part))
    elif value is not None and not isinstance(value, bool):
        yield value
