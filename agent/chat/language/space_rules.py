"""The rules for what changes the space, or gives a configuration to try: they need parameters by name."""

from __future__ import annotations

import re

from bestguess.agent.chat.language import mentions
from bestguess.agent.chat.language.intents import Context, Intent, says
from bestguess.agent.chat.plan import range_within
from bestguess.tools.space.parameters import Choice, Float, Int


def read_change(text: str, context: Context) -> Intent | None:
    """Read what changes the space, or a configuration to try: these need parameters or options by name."""
    space = context.space
    named = mentions.parameters_in(text, space)
    options = mentions.options_in(text, space)
    if space is None or not (named or options):
        return None
    if more := _more_options(text, [each for each in named if isinstance(space[each.name], Choice)]):
        return more
    low, high = mentions.bounds_in(text)
    values = mentions.values_in(text, space)
    numeric = [(each.name, one) for each in named if isinstance(one := space[each.name], Float | Int)]
    if says(text, r"plot|curve|graph|chart|draw|picture|figure|visuali[sz]e|depends? on|diagram") and named:
        return Intent("plot", {"parameter": named[0].name})
    tries = says(text, _TRIES)
    if tries and numeric and not values:
        return _step(text, *numeric[0], context)
    if tries and values and not says(text, r"trying"):
        return Intent("try", {"values": values})
    bounded = bool(numeric) and (low is not None or high is not None)
    if says(text, _FORBIDS) and not bounded:
        if banned := options or values:
            return Intent("forbid", {"values": banned})
        if _LEFT_ALONE.fullmatch(text[: named[0].start] + text[named[0].end :]):
            return Intent("pin", {"values": {named[0].name: None}})
    pins = says(text, _PINS)
    sets = says(text, r"^set") and low is None and high is None
    if (sets or pins) and values and not (low is not None and high is not None):
        return Intent("pin", {"values": values})
    if named and says(text, r"^(?:pin|fix|freeze|lock)") and not re.search(r"=| (?:to|at|on) ", text):
        return Intent("pin", {"values": {mention.name: None for mention in named}})
    if bounded:
        return _bound(text, *numeric[0], low, high, context)
    if says(text, r"widen|unlimit|lift|release|unpin|free") and named:
        return Intent("widen", {"parameter": named[0].name})
    return None


_TRIES = (
    r"^(?:re)?try|try|test|what if|what about|how about|give .* (?:a )?(?:shot|go|chance|try)|check|evaluate"
)
_FORBIDS = (
    r"forbid|never|don't use|do not use|exclude|ban|no more|avoid|off the table|rule out|get rid of"
    r"|stop using|disallow|not use|without|don't want|skip"
)
_PINS = (
    r"pin|fix(?:ed)?|freeze|frozen|lock(?:ed)?|always|from now on|stick (?:to|with)|leave|keep|hold|only use"
    r"|just use|don't touch|constant"
)
_LEFT_ALONE = re.compile(
    r"(?:don't use|do not use|stop using|exclude|skip|get rid of)(?: the)?\s*(?:any ?more|at all|please)?"
)
_MORE = re.compile(
    r"(?:also )?(?:add|allow|include|offer)(?: also)?(?: the)?(?: options?| values?)? (?P<options>.+?)"
    r" (?:to|for|in|as an? (?:option|choice|value) (?:of|for|in))(?: the)? "
)
_WITH = re.compile(r"(?: with| by)?(?: the)?(?: options?| values?)? (?P<options>(?!again|back|please).+)")


def _more_options(text: str, choices: list[mentions.Mention]) -> Intent | None:
    """Read "add gblinear to booster" and "widen booster by gblinear"."""
    for one in choices:
        found = _MORE.fullmatch(text[: one.start])
        if found is None and says(text[: one.start], r"^(?:widen|extend|expand)"):
            found = _WITH.fullmatch(text[one.end :])
        if found:
            options = re.split(r",? (?:and|or) |, ?", found["options"])
            if all(re.fullmatch(r"\S+", each) for each in options):
                return Intent("widen", {"parameter": one.name, "options": tuple(options)})
    return None


def _step(text: str, name: str, one: Float | Int, context: Context) -> Intent | None:
    """Read "try a smaller learning rate": 15 % of the range away from the best so far."""
    less = says(text, r"smaller|lower|less|fewer|shallower|shorter|decreased?|reduced?")
    more = says(text, r"larger|higher|more|bigger|greater|deeper|longer|increased?")
    if less == more:
        return None
    u = one.encode(context.best.get(name, one.default))
    value = one.decode(min(max(u + (-0.15 if less else 0.15), 0.0), 1.0))
    return Intent("try", {"values": {name: float(f"{value:.3g}") if isinstance(one, Float) else value}})


def _bound(
    text: str, name: str, one: Float | Int, low: float | None, high: float | None, context: Context
) -> Intent:
    now_low, now_high = range_within(one, context.limits.of.get(name))
    outside = (low is not None and low < now_low) or (high is not None and high > now_high)
    wider = says(text, r"widen|extend|expand|allow|let|raise|increase|enlarge|relax|open up")
    tighter = says(text, r"narrow|restrict|limit|shrink|tighten|only|don't|do not|never|not|nothing")
    command = "widen" if (outside or wider) and not tighter else "narrow"
    ends = {side: mentions.whole(end) for side, end in (("low", low), ("high", high)) if end is not None}
    return Intent(command, {"parameter": name, **ends})
