"""How many turns of a conversation are done as they were meant: sentences of others, in a study of theirs.

Each way of saying a turn is said in a session that stands where the file's `state` says: its space, its
trials as they are recorded there, its budget. Nothing is trained: a card is as good as its command.
What comes of it is done as meant, asked back, wrong, or said to be unable; the file says what was meant.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.events import Answer
from bestguess.agent.chat.language.intents import Intent
from bestguess.agent.chat.plan import range_within
from bestguess.agent.chat.session import Session
from bestguess.tools.space.parameters import Float, Int
from bestguess.tools.trial import Outcome

Verdict = Literal["done", "asked", "wrong", "unable"]

FLAG = "parser.add_argument('--{name}', type={kind}, default={default!r}{choices})"
READS = {
    "why": "why", "compare": "compare", "table": "history", "best": "best", "importance": "importance",
    "outlook": "outlook", "cost": "cost", "space": "space", "plot": "effects", "expect": "prediction",
    "help": "help", "scan": "space", "packs": "packs", "script": "script", "studies": "studies",
}  # fmt: skip
"""The topics of the file by command."""

ALSO = {"space": ("command", "script"), "outlook": ("next",)}
"""Further topics that an answer of these has: /space says how the program is started."""

FACTS = ("best", "importance", "outlook")
"""What the answer to /ask holds, where there is no model to word it."""


@dataclass(frozen=True, slots=True)
class Said:
    """One way of saying a turn, and what came of it."""

    turn: str
    text: str
    verdict: Verdict
    came: str

    @property
    def sentence(self) -> str:
        """It in a line, for people."""
        return f"{self.verdict:6} {self.turn} {self.text!r} -> {self.came}"


def measure_turns(path: Path, llm: Any = None) -> Iterator[Said]:
    """Yield what came of each way of saying each turn of a file."""
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as root:
        template = Path(root) / "template"
        _prepare(template, given["state"])
        for turn in turns_of(given):
            for text in turn["says"]:
                folder = Path(root) / "study"
                shutil.copytree(template, folder)
                yield _say(folder, turn, text, llm)
                shutil.rmtree(folder)


def turns_of(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the turns of a file, with trials by their numbers."""
    numbers = {"best": given["state"].get("best"), "second best": given["state"].get("second_best")}

    def settle(wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [
            {key: numbers.get(value, value) if key == "repeat" else value for key, value in one.items()}
            for one in wanted
        ]

    for turn in given["turns"]:
        yield {**turn, "means": settle(turn["means"]), "or": [settle(one) for one in turn.get("or", ())]}


def summary(said: Sequence[Said]) -> str:
    """Return the counts in a sentence."""
    counts = Counter(each.verdict for each in said)
    shares = ", ".join(
        f"{name} {counts[name]} ({counts[name] / max(len(said), 1):.0%})"
        for name in ("done", "asked", "unable", "wrong")
    )
    wrong = [each.came for each in said if each.verdict == "wrong"]
    acted, carded = (sum(came.startswith(sign) for came in wrong) for sign in ("!", "card: "))
    return f"{len(said)} sentences: {shares}; of the wrong ones {acted} acted at once, {carded} by a card"


class _Watched(Session):
    """A session that notes what it does."""

    def __init__(self, *args: Any, **terms: Any) -> None:
        self.done: list[Intent] = []
        super().__init__(*args, **terms)

    def _do(self, intent: Intent) -> Answer:
        self.done.append(intent)
        return super()._do(intent) if REGISTRY[intent.command].effect == "reads" else Answer("done")


def _prepare(folder: Path, state: Mapping[str, Any]) -> None:
    """Make a folder with the study of the state, ready to be resumed."""
    folder.mkdir()
    flags, parameters = (
        [],
        {**state["space"], **{name: {"default": one} for name, one in state["fixed"].items()}},
    )
    for name, one in parameters.items():
        kind = type(one["default"]).__name__
        choices = f", choices={one['options']!r}" if "options" in one else ""
        flags.append(FLAG.format(name=name, kind=kind, default=one["default"], choices=choices))
    metric = state["metric"]["name"]
    lines = ["import argparse", "parser = argparse.ArgumentParser()", *flags, "args = parser.parse_args()"]
    (folder / "train.py").write_text("\n".join([*lines, f"print(f'{metric}={{args.lr}}')", ""]))
    space = {name: dict(one) for name, one in state["space"].items()}
    task = {"metric": metric, "direction": state["metric"]["direction"], "description": "an MLP"}
    (folder / "train.yaml").write_text(json.dumps({"task": task, "parameters": space}))
    session = Session(folder, seed=0)
    session.say("/new train.py")
    session.say("no")
    session.bench.plan = _plan(session, space, task, state)
    session.bench.start_trials()
    for row in state["trials"]:
        params = {name: row[name] for name in state["space"]}
        value = row[metric]
        failed = Outcome.failure(str(row.get("failed", "")), seconds=state["seconds_a_trial"])
        session.bench.tuner.tell(
            params, failed if value is None else Outcome(value, seconds=state["seconds_a_trial"])
        )
    session.say(f"/budget trials={state['n_trials_planned']}")
    session.close()


def _plan(session: Session, space: Any, task: Any, state: Mapping[str, Any]) -> Any:
    from dataclasses import replace

    from bestguess.agent.task import Task
    from bestguess.tools.space.space import Space

    plan = session.bench.the_plan()
    return replace(
        plan,
        space=Space.from_dict({"parameters": space}),
        task=Task.from_dict(task),
        fixed=dict(state["fixed"]),
    )


def _say(folder: Path, turn: Mapping[str, Any], text: str, llm: Any) -> Said:
    session = _Watched(folder, resume=True, seed=0, llm=llm, exam=False)
    try:
        for before in turn.get("before", ()):
            session.say(before if isinstance(before, str) else before["say"])
            while session.pending:
                session.say("yes")
        session.done.clear()
        session.choices = ()
        session.say(text)
        pending = session.pending
        came = [*session.done, *(pending.intents if pending else ()), *(pending.rest if pending else ())]
        events = session.events
        last = next(
            (event for event in reversed(events) if event.kind in ("answer", "choice", "error")), None
        )
        words = " ".join(last.text.split())[:110] if last else ""
        if came:
            shown = "; ".join(REGISTRY[one.command].write(one.arguments) for one in came)
            acted = any(REGISTRY[one.command].effect != "reads" for one in session.done)
            sign = "!" if acted else "card: " if pending else ""
            outcomes = [outcome for one in came for outcome in _outcomes(one, session)]
            guessed = any("not sure what that asks for" in event.text for event in events)
            right = any(_matches(outcomes, wanted) for wanted in (turn["means"], *turn.get("or", ())))
            verdict: Verdict = "done" if right else "unable" if guessed else "wrong"
            return Said(turn["id"], text, verdict, f"{'' if right else sign}{shown}")
        if session.choices:
            return Said(turn["id"], text, "asked", words)
        if _may_be_nothing(turn):
            return Said(turn["id"], text, "done", words)
        return Said(turn["id"], text, "unable", words)
    finally:
        session.close()


def _may_be_nothing(turn: Mapping[str, Any]) -> bool:
    """Whether that nothing came of it is as it should be: nothing was meant, or what there is not."""
    sets = (turn["means"], *turn.get("or", ()))
    return any(all("unsupported" in one for one in wanted) for wanted in sets)


def _outcomes(intent: Intent, session: Session) -> Iterator[dict[str, Any]]:
    """Yield what a command comes to, in the file's terms."""
    given, bench = dict(intent.arguments), session.bench
    plan, history = bench.the_plan(), bench.history
    values = given.get("values", {})
    match intent.command:
        case "run":
            yield {"run": given.get("n", 10)} if "minutes" not in given else {"time": given["minutes"] * 60}
        case "pin" | "fix":
            for name, value in values.items():
                yield {"pin": name, "to": value}
        case "forbid":
            for name, value in values.items():
                yield {"drop_option": name, "option": value}
        case "narrow" | "widen" | "add" if "low" in given or "high" in given:
            one = plan.space.parameters.get(given["parameter"])
            low, high = range_within(one, None) if isinstance(one, Float | Int) else (None, None)
            ends = {"low": given.get("low", low), "high": given.get("high", high)}
            kind = "add" if intent.command == "add" else "range"
            yield {kind: given["parameter"], **ends}
        case "widen" | "add" if "options" in given:
            for option in given["options"]:
                yield {"add": given["parameter"], "option": option}
        case "widen":
            yield {"unpin": given.get("parameter")}
        case "budget":
            if "tokens" in given:
                yield {"tokens": given["tokens"]}
            if "minutes" in given:
                yield {"time": given["minutes"] * 60}
            if "trials" in given:
                yield {"budget": {"trials": given["trials"]}}
        case "patience":
            yield {"patience": given["n"]}
        case "retry":
            yield {"repeat": given.get("trial", "failed"), "times": given.get("times", given.get("n", 1))}
        case "try":
            best = history.incumbent
            yield {"try": {**(best.params if best else {}), **values}}
        case "export":
            yield {"export": given.get("form", "script")}
        case "pause":
            yield {"stop": True, "pause": True}
        case "undo":
            yield {"remove": given["trial"]} if "trial" in given else {"undo": True}
        case "resume":
            yield {"resume": True}
        case "note":
            yield {"note": given["text"], **({"trial": given["trial"]} if "trial" in given else {})}
        case "unpin":
            yield {"unpin": given.get("parameter")}
        case "drop":
            for name in values:
                yield {"drop": name}
        case "goal":
            yield {"metric": given.get("metric"), "direction": given.get("direction")}
        case "ask":
            yield from ({"read": topic, "facts": True} for topic in FACTS)
        case name if name in READS:
            yield from ({"read": also} for also in ALSO.get(name, ()))
            about: dict[str, Any] = {"read": READS[name]}
            if name == "compare":
                about["trials"] = sorted((given["a"], given["b"]))
            about |= {
                to: given[key]
                for key, to in (("n", "n"), ("trial", "trial"), ("parameter", "param"))
                if key in given
            }
            if name == "expect":
                about["at"] = dict(values)
            yield about
        case other:
            yield {"act": other, **given}


def _matches(came: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all that is wanted came, and nothing else that changes anything."""
    acts = [one for one in came if "read" not in one]
    meant = [one for one in wanted if "read" not in one and "unsupported" not in one]
    if len(acts) != len(meant) or not all(any(_same(one, other) for other in acts) for one in meant):
        return False
    return all(
        any(_same(one, other) or (other.get("facts") and one["read"] == other["read"]) for other in came)
        for one in wanted
        if "read" in one
    )


def _same(wanted: Mapping[str, Any], came: Mapping[str, Any]) -> bool:
    """Whether an outcome is the wanted one; what a file does not say of it is free."""
    for key, value in wanted.items():
        other = came.get(key)
        if key == "trials":
            value = sorted(value)
        if key == "add_option":
            key = "add"
            other = came.get(key)
        if key == "type":
            continue
        if key == "note":  # in whose words is free, but half of what says something must be there
            words = [word for word in str(value).lower().split() if len(word) > 2 and word != "trial"]
            if 2 * sum(word in str(other).lower() for word in words) < len(words):
                return False
            continue
        if key in ("param", "n", "at") and "read" in wanted and other is None:
            if key in ("param",):
                continue
            return False
        if other != value and not (
            isinstance(value, int | float) and isinstance(other, int | float) and abs(other - value) < 1e-9
        ):
            return False
    return True
