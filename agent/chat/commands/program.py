"""The commands that change which options of the program are set, and by whom: /add /fix.

Values that were measured with another command are another objective, so where there are trials a new study is
begun, with those of them that say something of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bestguess.agent.chat.answers.formatting import verbatim
from bestguess.agent.chat.command import Values, command, literal
from bestguess.agent.chat.commands.limits import Options, widen
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.draft import command_for, option_of
from bestguess.agent.chat.events import Card
from bestguess.agent.chat.plan import Plan, assignments, range_words, value_words
from bestguess.agent.chat.workbench import CARRIED, Workbench
from bestguess.tools.errors import InputError, ParamsError
from bestguess.tools.scan.finding import Finding
from bestguess.tools.scan.ranges import choose_parameter
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Params, Trial
from bestguess.tools.words.given import is_number

LOG_FROM = 100
"""A range of real numbers above 0 whose ends are so far apart is searched by its logarithm."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A changed plan, and in what its command differs: values that all trials so far had, by name."""

    plan: Plan
    had: Mapping[str, Any]
    what: str

    def carry(self, trial: Trial) -> tuple[Params, Outcome] | None:
        """Return a trial so far as one of the changed plan, None where it is none."""
        now = {**self.had, **trial.params}
        if any(now.get(name, value) != value for name, value in self.plan.fixed.items()):
            return None
        given = {name: value for name, value in now.items() if name in self.plan.space}
        if trial.outcome is None or trial.state not in CARRIED or None in given.values():
            return None
        try:
            return self.plan.space.validate(given), trial.outcome
        except ParamsError:
            return None

    def do(self, bench: Workbench) -> str:
        """Go on by the changed plan; say what became of the trials so far."""
        before, told = bench.the_plan().study, len(bench.history.told)
        kept = bench.move_on(self.plan, self.what, self.carry)
        if not told:
            return f"Done: {self.what}."
        study = bench.the_plan().study
        begins = f"begins with {kept} of the {told} trials so far" if kept else "begins anew"
        return (
            f"Done: {self.what}. The study is now {study}, which {begins}; {before} stays as it is, and "
            f"*/study {before}* goes back to it."
        )

    def card(self, bench: Workbench) -> Card:
        """Return what is asked before."""
        told = bench.history.told
        lines = [f"the command: {verbatim(self.plan.command_line)}"]
        if told:
            kept = sum(self.carry(trial) is not None for trial in told)
            had = f"the trials so far ran with {assignments(self.had)}"
            begins = (
                f"begins with {kept} of {len(told)}" if kept else "begins anew, and they do not count there"
            )
            lines.append(f"{had}: a study of its own {begins}")
        return Card(f"Change the command: {self.what}?", tuple(lines), "space")


def _add(
    bench: Workbench,
    parameter: str,
    low: float | None = None,
    high: float | None = None,
    options: Options = (),
) -> _Step:
    plan = bench.the_plan()
    found = option_of(bench.folder, plan, parameter)
    had = plan.fixed.get(parameter, found.value)
    new = _parameter(replace(found, value=had), low, high, options)
    fixed = {name: value for name, value in plan.fixed.items() if name != parameter}
    space = Space({**plan.space.parameters, parameter: new}, constraints=plan.space.constraints)
    words = command_for(bench.folder, plan, space.names, fixed)
    origins = {**plan.origins, parameter: f"{found.origin}, {found.file}:{found.line}"}
    left = tuple(line for line in plan.left_out if not line.startswith(f"{parameter}:"))
    changed = replace(plan, space=space, words=words, fixed=fixed, origins=origins, left_out=left)
    return _Step(changed, {parameter: had}, f"{parameter} is tuned, too: {range_words(new)}")


def _parameter(found: Finding, low: float | None, high: float | None, options: tuple[str, ...]) -> Parameter:
    """Return the parameter of a finding, in the range or of the options that somebody said."""
    name, value, doc = found.name, found.value, found.doc
    if options:
        given = [_typed(found, literal(text)) for text in options]
        chosen = list(dict.fromkeys([*([value] if value in found.options else []), *given]))
        return Choice(chosen, default=value if value in chosen else chosen[0], doc=doc)
    if low is None and high is None:
        drafted = (
            Choice([True, False], default=value, doc=doc)
            if isinstance(value, bool)
            else choose_parameter(found)
        )
        if isinstance(drafted, str) and found.options:
            drafted = Choice(list(found.options), default=value, doc=doc)
        if isinstance(drafted, str):
            now = f", which is {value_words(value)} now" if value is not None else ""
            raise InputError(f"/add {name}: from where to where{now}? For example /add {name} 1..100")
        return drafted
    if low is None or high is None or not low < high:
        raise InputError(f"/add {name}: give both ends, the lesser first, for example {name} 1..100")
    whole = found.kind is int or (found.kind is None and isinstance(value, int))
    at = min(max(value, low), high) if is_number(value) else low
    if whole:
        return Int(int(low), int(high), default=int(at), doc=doc)
    return Float(low, high, log=low > 0 and high / low >= LOG_FROM, default=float(at), doc=doc)


def _typed(found: Finding, given: Any) -> Any:
    """Return a value as the option has it; raise InputError where it is of another type."""
    options = {str(option): option for option in found.options}
    if str(given) in options:
        return options[str(given)]
    kind = found.kind or (type(found.value) if found.value is not None else str)
    is_whole = is_number(given) and float(given).is_integer()
    if found.options:
        what = f"may be {', '.join(options)}"
    elif "{" in str(given) or "}" in str(given):
        what = "may have no brace, which stands for a parameter"
    elif (
        kind is str
        or (kind is bool and isinstance(given, bool))
        or (is_number(given) and (is_whole or kind is float))
    ):
        return kind(given)
    else:
        what = f"is {value_words(found.value)} in {found.file}, which is of another type"
    raise InputError(f"{found.name} {what}; {given!r} is not possible")


def _fix(bench: Workbench, values: Values) -> _Step:
    plan = bench.the_plan()
    had, fixed = {}, dict(plan.fixed)
    for name, value in values.items():
        if name in plan.space:
            raise InputError(f"{name} is tuned; /pin {name}={value_words(value)} keeps it at a value")
        found = option_of(bench.folder, plan, name)
        had[name] = plan.fixed.get(name, found.value)
        if value is None:
            raise InputError(f"/fix {name}: to what? It is {value_words(had[name])} now: /fix {name}=VALUE")
        fixed[name] = _typed(found, value)
    words = command_for(bench.folder, plan, plan.space.names, fixed)
    given = {name: fixed[name] for name in values}
    return _Step(replace(plan, words=words, fixed=fixed), had, f"{assignments(given)} in every run")


def _card_for_add(session: Conversation, parameter: str, **given: Any) -> Card:
    if parameter in session.bench.the_plan().space and widen.asks:
        return widen.asks(session, parameter=parameter, **given)
    return _add(session.bench, parameter, **given).card(session.bench)


@command(
    "changes",
    asks=_card_for_add,
)
def add(
    session: Conversation, parameter: str, low: float | None = None, high: float | None = None,
    options: Options = (),
) -> str:  # fmt: skip
    """Tune one more option of the program: /add epochs 5..50, /add optimizer adam sgd.

    The trials so far ran with its present value. Where that lies in the range they are kept, in a study that
    goes on in the wider space. What was dropped or limited is allowed again.
    """
    if parameter in session.bench.the_plan().space:
        return str(widen.function(session, parameter=parameter, low=low, high=high, options=options))
    return _add(session.bench, parameter, low, high, options).do(session.bench)


@command(
    "changes",
    asks=lambda session, **given: _fix(session.bench, **given).card(session.bench),
)
def fix(session: Conversation, values: Values) -> str:
    """Set an option of the program that is not tuned to one value in every run: /fix epochs=20."""
    return _fix(session.bench, values).do(session.bench)
