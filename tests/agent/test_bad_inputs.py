# ruff: noqa: E501 - one line a bad input
"""Whatever is given to the doors in Python, to packs and to saved documents ends in one line, and starts nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.bad_inputs import FEW, FINE, Places, Rows, each_odd, expect, expect_each, few, table

import bestguess as bg
from bestguess.agent.adapters import adapter
from bestguess.agent.advice.pack import Pack, load_packs
from bestguess.agent.task import Task
from bestguess.tools.space.region import Limit, Limits

SPACE = bg.Space(lr=bg.Float(1e-5, 1.0, log=True), depth=bg.Int(1, 8))
WORDS = "empty, word, digits, escape, two lines"
PLAIN: Any = bg
GOOD = {"lr": 0.1, "depth": 2}
DOCUMENT = bg.WarmStart.guess(SPACE, n=1, knowledge=False).to_dict()


def in_study(act: Callable[[bg.Tuner], Any]) -> None:
    """Do something to a tuner in memory, and see that nothing was started or told."""
    with bg.Tuner(SPACE, seed=0, knowledge=False) as tuner:
        trial = tuner.ask()
        try:
            act(tuner)
        finally:
            assert [(one.number, one.state) for one in tuner.study.everything] == [(trial.number, "running")]


def objective(params: dict[str, Any]) -> float:
    raise AssertionError("a trial was run")


OBJECTIVE: Any = objective


def budgeted(limit: str, odd: Any) -> bg.Budget:
    return bg.Budget(**{limit: odd})


def tuned(**arguments: Any) -> None:
    PLAIN.tune(**{"objective": objective, "space": SPACE, "n_trials": 1, "knowledge": False, **arguments})


TASKS = chain(
    each_odd("description", lambda odd: Task(odd), "description", fine=f"{WORDS}, surrogate, null"),
    each_odd("metric", lambda odd: Task(metric=odd), "metric", fine=f"{WORDS}, surrogate, null", of=FEW),
    each_odd("direction", lambda odd: Task(direction=odd), "direction"),
    each_odd("facts", lambda odd: Task(facts=odd), "fact", fine="mapping"),
    each_odd("fact", lambda odd: Task(facts={"rows": odd}), "rows", fine=f"{WORDS}, nan, inf, minus inf, 1e308, true, negative, half, hostile int, numpy nan, surrogate, null"),
    each_odd("fact's name", lambda odd: Task(facts={odd: 1}), "fact", of="none, true, nan, bytes, 50 MB"),
    each_odd("noisy", lambda odd: Task(noisy=odd), "noisy", fine="true", of=FEW),
    each_odd("from_dict", Task.from_dict, "task", of=FEW + ", mapping, number keys, circle"),
    [
        ("near", lambda: Task.from_dict({"metrc": "loss"}), "'metrc'", "did you mean 'metric'"),
        ("keys of two kinds", lambda: PLAIN.Task.from_dict({1: 1, "a": 2}), "task has no field"),
    ],
)  # fmt: skip
BUDGETS = chain(
    *(
        each_odd(f"budget's {name}", partial(budgeted, name), name, fine="none, half, 1e308, hostile int, inf, huge", of=FEW + ", half, inf, negative, 1e308")
        for name in ("tokens", "seconds", "trial_requests")
    )
)  # fmt: skip
TUNERS = chain(
    each_odd("space", lambda odd: PLAIN.Tuner(odd), "space"),
    each_odd("task", lambda odd: PLAIN.Tuner(SPACE, odd), "task", but="none"),
    each_odd("llm", lambda odd: PLAIN.Tuner(SPACE, llm=odd), "language model", but="none"),
    each_odd("storage", lambda odd: PLAIN.Tuner(SPACE, storage=odd), "storage", but="none"),
    each_odd("study_name", lambda odd: PLAIN.Tuner(SPACE, study_name=odd), "study_name", fine="word, digits", but="none"),
    each_odd("seed", lambda odd: PLAIN.Tuner(SPACE, seed=odd), "seed", fine="hostile int", but="none"),
    each_odd("resume", lambda odd: PLAIN.Tuner(SPACE, resume=odd), "resume", of=FEW, but="true"),
    each_odd("llm_wait_s", lambda odd: PLAIN.Tuner(SPACE, llm_wait_s=odd), "llm_wait_s", fine="half, inf, 1e308, hostile int, huge"),
    each_odd("budget", lambda odd: PLAIN.Tuner(SPACE, budget=odd), "budget", of=FEW, but="none"),
    each_odd("journal", lambda odd: PLAIN.Tuner(SPACE, journal=odd), "journal", of=FEW, but="none, word"),
    each_odd("cache", lambda odd: PLAIN.Tuner(SPACE, cache=odd), "cache", of=FEW, but="true"),
    each_odd("prefetch", lambda odd: PLAIN.Tuner(SPACE, prefetch=odd), "prefetch", of=FEW, but="true"),
    each_odd("owner", lambda odd: PLAIN.Tuner(SPACE, owner=odd), "owner", of=FEW, but="none"),
    each_odd("switches", lambda odd: PLAIN.Tuner(SPACE, switches=odd), "switches", of=FEW),
    each_odd("knowledge", lambda odd: PLAIN.Tuner(SPACE, knowledge=odd), "knowledge", but="true"),
    each_odd("tune objective", lambda odd: tuned(objective=odd), "objective", but="lambda, hostile, type"),
    each_odd("tune n_trials", lambda odd: tuned(n_trials=odd), "n_trials", of=FEW + ", half, negative, nan", but="hostile int, huge"),
    each_odd("tune timeout", lambda odd: tuned(timeout=odd), "timeout", of=FEW + ", half, negative, inf", but="none, half, inf, hostile int, huge"),
    each_odd("tell what", lambda odd: in_study(lambda tuner: tuner.tell(odd, 1.0)), "give", but="mapping, number keys, circle, hostile int"),
    each_odd("tell value", lambda odd: in_study(lambda tuner: tuner.tell(0, odd)), "value", but="digits, bytes, nan, inf, minus inf, 1e308, true, negative, half, decimal, fraction, 0-d array, numpy nan, numpy long"),
    each_odd("tell params", lambda odd: in_study(lambda tuner: tuner.tell({"lr": odd, "depth": 1}, 1.0)), "lr", but="half"),
    each_odd("start", lambda odd: in_study(lambda tuner: tuner.start(odd)), "configuration", of=FEW),
    each_odd("start reason", lambda odd: in_study(lambda tuner: tuner.start({}, odd)), "reason", of=FEW, but="word, surrogate, 50 MB"),
    each_odd("limit", lambda odd: in_study(lambda tuner: tuner.limit(odd)), "limits", of=FEW),
    each_odd("widen", lambda odd: in_study(lambda tuner: tuner.widen(odd)), "space", of=FEW),
    each_odd("set_budget", lambda odd: in_study(lambda tuner: tuner.set_budget(odd)), "budget", of=FEW, but="none"),
    each_odd("drop", lambda odd: in_study(lambda tuner: tuner.drop(odd)), "trial", of=FEW),
    each_odd("give_back", lambda odd: in_study(lambda tuner: tuner.give_back(odd)), "trial", of=FEW),
    each_odd("run objective", lambda odd: in_study(lambda tuner: tuner.run(odd, n_trials=1)), "objective", of=FEW, but="lambda, hostile"),
    each_odd("run n_trials", lambda odd: in_study(lambda tuner: tuner.run(OBJECTIVE, n_trials=odd)), "n_trials", of=FEW, but="hostile int, huge"),
    [
        ("tell no such trial", lambda: in_study(lambda tuner: tuner.tell(99, 1.0)), "trial 99"),
        ("tell a near name", lambda: in_study(lambda tuner: tuner.tell({"lrr": 0.1, "depth": 1}, 1.0)), "did you mean 'lr'"),
        ("limit a near name", lambda: in_study(lambda tuner: tuner.limit(Limits({"lrr": Limit(low=0.1)}))), "lrr"),
        ("storage without a driver", lambda: PLAIN.Tuner(SPACE, storage="nosuch://host/x"), "storage"),
        ("storage with a port of words", lambda: PLAIN.Tuner(SPACE, storage="postgresql://h:p@x:abc/y"), "storage"),
        ("storage in no folder", lambda: PLAIN.Tuner(SPACE, storage="sqlite:////nosuch/folder/x.db"), "folder"),
        ("storage in a folder", lambda: PLAIN.Tuner(SPACE, storage="sqlite:////tmp"), "/tmp"),
        ("storage on a device", lambda: PLAIN.Tuner(SPACE, storage="sqlite:////dev/null"), "/dev/null"),
        ("storage with a null", lambda: PLAIN.Tuner(SPACE, storage="sqlite:////tmp/a\0b.db"), "storage"),
        ("storage of a long name", lambda: PLAIN.Tuner(SPACE, storage="sqlite:////tmp/" + "n" * 300 + ".db"), "n"),
    ],
)  # fmt: skip
WARM_STARTS = chain(
    each_odd("warm_start space", lambda odd: PLAIN.warm_start(odd), "space", of=FEW),
    each_odd("warm_start n", lambda odd: PLAIN.warm_start(SPACE, n=odd), "n is", of=FEW + ", negative, half, 1e308", but="hostile int"),
    each_odd("warm_start seed", lambda odd: PLAIN.warm_start(SPACE, seed=odd), "seed", of=FEW, but="none, hostile int"),
    each_odd("warm_start llm", lambda odd: PLAIN.warm_start(SPACE, llm=odd), "language model", of=FEW, but="none"),
    each_odd("WarmStart.from_dict", bg.WarmStart.from_dict, "format"),
    each_odd("WarmStart.load", bg.WarmStart.load, "warm start"),
    each_odd("WarmStart space", lambda odd: bg.WarmStart.from_dict({**DOCUMENT, "space": odd}), "definition", of=FEW),
    each_odd("WarmStart task", lambda odd: bg.WarmStart.from_dict({**DOCUMENT, "task": odd}), "task", of=FEW),
    each_odd("WarmStart points", lambda odd: bg.WarmStart.from_dict({**DOCUMENT, "points": odd}), "point", fine="empty list"),
    each_odd("WarmStart point", lambda odd: bg.WarmStart.from_dict({**DOCUMENT, "points": [odd]}), "point", of=FEW),
    each_odd("WarmStart params", lambda odd: bg.WarmStart.from_dict({**DOCUMENT, "points": [{"params": odd, "source": "user"}]}), "configuration", of=FEW),
    each_odd("WarmStart source", lambda odd: bg.WarmStart.from_dict({**DOCUMENT, "points": [{"params": GOOD, "source": odd}]}), "source"),
    each_odd("WarmStart tokens", lambda odd: bg.WarmStart.from_dict({**DOCUMENT, "points": [{"params": GOOD, "source": "user", "tokens": odd}]}), "tokens", of=FEW, but="hostile int, true, decimal"),
    each_odd("WarmStart seconds", lambda odd: bg.WarmStart.from_dict({**DOCUMENT, "points": [{"params": GOOD, "source": "user", "seconds": odd}]}), "seconds", of=FEW, but="hostile int, true, decimal"),
    each_odd("WarmStart model", lambda odd: bg.WarmStart.from_dict({**DOCUMENT, "model": odd}), "model", of=FEW, but="none, word, surrogate, 50 MB"),
)  # fmt: skip


@table(*TASKS)
def test_a_bad_task_is_refused_by_its_field(rows: Rows) -> None:
    expect_each(rows)


@table(*BUDGETS)
def test_a_bad_budget_is_refused_by_its_limit(rows: Rows) -> None:
    expect_each(rows)


@table(*TUNERS)
def test_a_bad_argument_of_a_tuner_is_refused_and_nothing_starts(
    rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    expect_each(rows)
    assert not list(tmp_path.iterdir())


@table(*WARM_STARTS)
def test_a_bad_warm_start_is_refused(rows: Rows) -> None:
    expect_each(rows)


SAMPLERS = chain(
    each_odd("space", lambda odd: bg.Sampler(space=odd), "give", but="none", of=FEW),
    each_odd("distribution", lambda odd: bg.Sampler(space={"a": odd}), "'a'", of=FEW),
    each_odd("task", lambda odd: bg.Sampler(task=odd), "task", of=FEW, but="none"),
    each_odd("llm", lambda odd: bg.Sampler(llm=odd), "language model", of=FEW, but="none"),
    each_odd("seed", lambda odd: bg.Sampler(seed=odd), "seed", of=FEW, but="none, hostile int"),
    each_odd("llm_wait_s", lambda odd: bg.Sampler(llm_wait_s=odd), "llm_wait_s", of=FEW, fine="hostile int, huge"),
    each_odd("budget", lambda odd: bg.Sampler(budget=odd), "budget", of=FEW, but="none"),
    each_odd("journal", lambda odd: bg.Sampler(journal=odd), "journal", of=FEW, but="none, word"),
    each_odd("knowledge", lambda odd: bg.Sampler(knowledge=odd), "knowledge", of=FEW, but="true"),
)  # fmt: skip


@table(*SAMPLERS)
def test_a_bad_argument_of_the_sampler_is_refused(rows: Rows) -> None:
    expect_each(rows)


def searched(**arguments: Any) -> None:
    from sklearn.linear_model import Ridge

    x = np.arange(12.0).reshape(-1, 1)
    search = bg.SearchCV(**{"estimator": Ridge(), "param_distributions": {"alpha": bg.Float(0.1, 1)}, "n_iter": 1, "cv": 2, "knowledge": False, "random_state": 0, **arguments})  # fmt: skip
    search.fit(x, x[:, 0])


SEARCHES = chain(
    each_odd("param_distributions", lambda odd: searched(param_distributions=odd), "param_distributions", of=FEW, but="none, long list"),
    each_odd("distribution", lambda odd: searched(param_distributions={"alpha": odd}), "alpha", of=FEW + ", empty list, mapping", fine="list, array", but="deep"),
    each_odd("n_iter", lambda odd: searched(n_iter=odd), "n_iter", of=FEW + ", half, negative", but="true, hostile int, huge"),
    each_odd("batch_size", lambda odd: searched(batch_size=odd), "batch_size", of=FEW, but="true, hostile int, huge"),
    each_odd("random_state", lambda odd: searched(random_state=odd), "random_state", of=FEW, but="none, true, hostile int, huge"),
    each_odd("task", lambda odd: searched(task=odd), "task", of=FEW, but="none"),
    each_odd("llm", lambda odd: searched(llm=odd), "language model", of=FEW, but="none"),
    each_odd("llm_wait_s", lambda odd: searched(llm_wait_s=odd), "llm_wait_s", of=FEW, but="true, hostile int, huge"),
    each_odd("knowledge", lambda odd: searched(knowledge=odd), "knowledge", of=FEW, but="true"),
    [("unknown parameter", lambda: searched(param_distributions={"alhpa": [1]}), "alhpa", "alpha")],
)  # fmt: skip


@table(*SEARCHES)
def test_a_bad_argument_of_searchcv_is_refused(rows: Rows) -> None:
    expect_each(rows)


@pytest.mark.parametrize("name", ["json", "csv", "optuna", "configspace", "ray", "flaml", "synetune", "ax", "hebo", "neps", "vizier", "hyperopt", "skopt", "nevergrad"])  # fmt: skip
def test_what_is_no_space_of_a_tuner_is_refused_by_its_adapter(name: str) -> None:
    one = adapter(name)
    # A dictionary is a space of constants to some, and a list one of their parameters.
    for rows in (
        each_odd(f"{name} native", one.from_native, "", of=FEW),
        each_odd(f"{name} points", lambda odd: one.to_native(odd, SPACE), "", of=FEW),
        each_odd(f"{name} point", lambda odd: one.to_native([odd], SPACE), "", of=FEW),
    ):
        expect_each(few(tuple(rows)))


ADAPTERS = chain(
    each_odd("adapter", adapter, "no adapter", of=FEW),
    each_odd("points", lambda odd: adapter("json").to_native(odd, SPACE), "give", of=FEW, but="long list"),
    each_odd("csv.load", lambda odd: bg.adapters.csv.load(odd, SPACE), "CSV", of=FEW, fine="word, surrogate", but="50 MB"),
    [
        ("json nested", lambda: adapter("json").from_native("[" * 100_000), "nested"),
        ("json digits", lambda: adapter("json").from_native("9" * 5000), "JSON"),
        ("json torn", lambda: adapter("json").from_native('{"parameters"'), "JSON"),
        ("csv nested", lambda: bg.adapters.csv.load("lr,depth\n" + "[" * 100_000 + ",1", SPACE), "lr"),
        ("csv long cell", lambda: bg.adapters.csv.load('lr,depth\n"' + "a" * 200_000 + '",1', SPACE), ""),
        ("csv more cells", lambda: bg.adapters.csv.load("lr,depth\n0.1,1,2,3", SPACE), ""),
        ("csv null", lambda: bg.adapters.csv.load("lr,depth\n0.1,\0", SPACE), ""),
        ("csv no header", lambda: bg.adapters.csv.load("", SPACE), *FINE),
        ("csv wrong header", lambda: bg.adapters.csv.load("a,b\n1,2", SPACE), "'a'"),
        ("ray nested 10,000", lambda: adapter("ray").from_native(_nested_mapping()), ""),
        ("ray circle", lambda: adapter("ray").from_native({"a": PLAIN_CIRCLE}), ""),
        ("ray numbers", lambda: adapter("ray").from_native({1: 2}), ""),
        ("optuna numbers", lambda: adapter("optuna").from_native({1: 2}), "no distribution"),
    ],
)  # fmt: skip
PLAIN_CIRCLE: dict[str, Any] = {}
PLAIN_CIRCLE["b"] = PLAIN_CIRCLE


def _nested_mapping() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(10_000):
        found = {"a": found}
    return found


@table(*ADAPTERS)
def test_a_bad_argument_of_an_adapter_is_refused(rows: Rows) -> None:
    expect_each(rows)


def pack(parameters: str = "lr: {float: [0.1, 0.5]}", *, front: str = "") -> Pack:
    front = front or f"family: ovens\nwords: [oven]\nparameters: {{{parameters}}}"
    return Pack.parse(f"---\n{front}\n---\nadvice", "odd.md")


def pack_with(field: str, value: str) -> Pack:
    front = {"family": "a", "words": "[a]", "parameters": "{}", "refines": "b", field: value}
    return pack(front="\n".join(f"{name}: {value}" for name, value in front.items()))


PACKS = [
    (name, call, *(words or ("odd.md",)))
    for name, call, *words in chain(
        [
            (f"end {end[:30]}", partial(pack, f"lr: {{float: [{json.dumps(end)}, 1]}}"), "odd.md", "lr")
            for end in (
                "", "9**3999999*0", "9**9**9", "9**9**9**9", "'a'*10**10", "a", "rows.real", "rows.__class__", "().__class__", "rows if 1 else 2",
                "1/0", "sqrt(-1)", "log(0)", "log(-rows)", "max()", "min(())", "sqrt('a')", "1e400", "1e308*1e308", "nan", "inf", "rows +", "rows; 1", "[1]", "{1}",
                "lambda: 1", "[x for x in range(10**9)]", "sum(range(10**9))", "range(10**10)", "1 << 10**9", "2 ** 10**6", "(" * 300 + "1" + ")" * 300, "-" * 900 + "1", "1" + "+1" * 490, "9" * 5000, "x" * 2000,
                "'x'", "True and 'a'", "__import__('os')", "print(1)", "rows[0]", "f'{rows}'", "rows == 'a'", "-1j", "b'1'", "...", "rows\0", "exp(1)", "(1, 2)", "not", "yield", "10**308 * 10.0",
            )
        ],
        [
            ("no front", lambda: Pack.parse("hello", "odd.md")),
            ("empty", lambda: Pack.parse("", "odd.md")),
            ("front torn", lambda: Pack.parse("---\nfamily: x", "odd.md")),
            ("front no YAML", lambda: pack(front="a: [")),
            ("front list", lambda: pack(front="- 1")),
            ("front empty", lambda: pack(front="# nothing")),
            ("front bomb", lambda: pack(front="a: &a [x, x]\nb: &b [*a, *a]\nc: *b")),
            ("front python", lambda: pack(front="family: !!python/object/apply:os.system ['id']")),
            ("front binary", lambda: pack(front="family: !!binary aGk=\nwords: [a]\nparameters: {}")),
            ("front merge", lambda: pack(front="<<: {family: a}\nwords: [a]\nparameters: {}")),
            ("front nested", lambda: pack(front="family: " + "[" * 10_000)),
            ("front circle", lambda: pack(front="family: a\nwords: [a]\nparameters: &p {lr: *p}")),
            ("front two documents", lambda: pack(front="family: a\n--- \nwords: [a]")),
            ("front of 50 MB", lambda: pack(front="a: " + "x" * 50_000_000)),
            ("front null", lambda: pack(front="family: \0")),
            ("front twice", lambda: pack(front="family: a\nfamily: b\nwords: [a]\nparameters: {}")),
            ("front near", lambda: pack(front="familly: a\nwords: [a]\nparameters: {}"), "odd.md", "family"),
            ("front unknown", lambda: pack(front="family: a\nwords: [a]\nrefine: b\nparameters: {}"), "odd.md", "refines"),
            *(
                (f"{field} {value}", partial(pack_with, field, value), "odd.md", field)
                for field in ("family", "words", "parameters", "refines")
                for value in ("3", "null", "true", "1.5", "[]", "[1]", "[[a]]", "{a: 1}", "''", "abc", "[null]")
                if (field, value) not in {("family", "abc"), ("parameters", "{a: 1}"), ("refines", "abc"), ("refines", "''"), ("refines", "null"), ("words", "[]")}
            ),
            *(
                (f"parameter {entry[:40]}", partial(pack, f"lr: {entry}"), "odd.md", "lr")
                for entry in (
                    "3", "null", "abc", "[]", "[1]", "{float: 3}", "{float: null}", "{float: abc}", "{float: []}", "{float: [1]}", "{float: [1, 2, 3]}", "{float: [2, 1]}", "{float: [null, 1]}",
                    "{float: [true, 1]}", "{float: [[1], 2]}", "{float: [.nan, 1]}", "{float: [1, .inf]}", "{float: [-.inf, 1]}", "{float: [1, 1e400]}", "{float: {}}", "{float: {a: b}}", "{int: [a, b]}",
                    "{choice: []}", "{choice: {}}", "{choice: {a: -1}}", "{choice: {a: 0}}", "{choice: {a: .nan}}", "{choice: {a: .inf}}", "{choice: {a: null}}", "{choice: {a: [1]}}", "{choice: abc}",
                    "{also: 3}", "{also: abc, float: [0, 1]}", "{also: [1], float: [0, 1]}", "{also: {a: 1}}", "{flaot: [0, 1]}", "{float: [0, 1], 1: 2}", "{float: [0, " + "9" * 2000 + "]}",
                )
            ),
            ("parameter name 1", lambda: pack("1: {float: [0, 1]}")),
            ("parameter name null", lambda: pack("null: {float: [0, 1]}")),
            ("parameter name list", lambda: pack("? [a] : {float: [0, 1]}")),
        ],
    )
]  # fmt: skip


@table(*PACKS)
def test_a_bad_pack_is_refused_by_its_file(rows: Rows) -> None:
    expect_each(rows)


@pytest.mark.parametrize("kind", ["fifo.yaml", "zero.yaml", "folder.yaml", "loop.yaml", "huge.yaml"])
def test_what_is_no_file_is_not_waited_for_by_packs_and_warm_starts(kind: str, tmp_path: Path) -> None:
    path = Places(tmp_path)[kind].rename(tmp_path / "odd.md")
    expect(lambda: load_packs(tmp_path), ("odd.md",))
    expect(lambda: bg.WarmStart.load(path), ("odd.md",))


@pytest.mark.parametrize("content", [b"\xff\xfe", "---\nfamily: a".encode("utf-16"), bytes(100), b"\xed\xa0\x80", b"[" * 100_000, b"{}", b"9" * 5000, b"nan", b""])  # fmt: skip
def test_odd_bytes_are_refused_by_packs_and_warm_starts(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "odd.md"
    path.write_bytes(content)
    expect(lambda: load_packs(tmp_path), ("odd.md",))
    expect(
        lambda: bg.WarmStart.load(path),
        ("",) if content == b"nan" else ("odd.md",) if content not in (b"{}", b"9" * 5000) else ("",),
    )


@pytest.mark.parametrize("folder", ["n" * 5000, "null\0", "\ud800", "absent", "/dev/null"])
def test_what_is_no_folder_of_packs_is_refused(folder: str, tmp_path: Path) -> None:
    expect(lambda: load_packs(tmp_path / folder), ("packs",))
