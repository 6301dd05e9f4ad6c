"""The numbers of the house: small trees made here, and this checkout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from bestguess.evals.__main__ import main
from bestguess.evals.environments import CHECKOUT
from bestguess.evals.house import find_fit
from bestguess.evals.sources import (
    Arrow,
    Import,
    count_code_lines,
    find_cycles,
    read_arrows,
    read_imports,
    read_modules,
    room_of,
)
from bestguess.tools.errors import InputError

LATE = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from bestguess.tools.b import two
def one():
    import bestguess.agent.desk.c
"""

GP = """
class GaussianProcess:
    def fit(self, x, y): ...
class Posterior:
    def fit(self): ...
"""


def make_tree(root: Path, sources: Mapping[str, str]) -> dict[str, Path]:
    for name, source in sources.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return read_modules(root)


def arrows_of(root: Path, sources: Mapping[str, str]) -> tuple[Arrow, ...]:
    files = make_tree(root, sources)
    return read_arrows(read_imports(root, files), {name: room_of(path) for name, path in files.items()})


def test_arrows_between_rooms_are_counted_once_for_each_pair_of_modules(tmp_path: Path) -> None:
    arrows = arrows_of(
        tmp_path,
        {
            "agent/top.py": "from bestguess.agent.desk import c, d\nfrom bestguess.agent.desk.c import x\n",
            "agent/desk/__init__.py": "",
            "agent/desk/c.py": "from . import d\nfrom ..lamp import shade\nimport os\n",
            "agent/desk/d.py": "from bestguess.prompts import render\n",
            "agent/lamp/shade.py": "from bestguess.tools.b import two\n",
            "agent/lamp/foot/e.py": "import bestguess.tools.b as b\n",
            "tools/b.py": "two = 2\n",
        },
    )
    assert arrows == (
        Arrow("agent", "agent/desk", imports=2, late=0),
        Arrow("agent/desk", "agent/lamp", imports=1, late=0),
        Arrow("agent/lamp", "tools", imports=2, late=0),
    )


def test_imports_in_functions_and_for_types_are_counted_as_late_ones(tmp_path: Path) -> None:
    late = {"agent/top.py": LATE, "agent/desk/c.py": "", "tools/b.py": "two = 2\n"}
    arrows = (Arrow("agent", "agent/desk", imports=1, late=1), Arrow("agent", "tools", imports=1, late=1))
    assert arrows_of(tmp_path, late) == arrows

    both = late | {"agent/top.py": f"from bestguess.tools.b import two\n{LATE}"}
    assert arrows_of(tmp_path, both)[1] == Arrow("agent", "tools", imports=1, late=0)


def test_a_name_is_imported_from_its_module_and_a_module_from_its_folder(tmp_path: Path) -> None:
    files = make_tree(
        tmp_path,
        {
            "agent/top.py": "from bestguess.agent.desk import Desk, c\nfrom bestguess import tune\n",
            "agent/desk/__init__.py": "from .c import Desk\n",
            "agent/desk/c.py": "Desk = 1\n",
        },
    )
    assert read_imports(tmp_path, files) == (
        Import("agent.desk", "agent.desk.c", late=False),
        Import("agent.top", "agent.desk", late=False),
        Import("agent.top", "agent.desk.c", late=False),
    )


def test_a_cycle_is_found_and_a_tree_without_one_has_none() -> None:
    chain = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")]
    assert find_cycles(chain) == ()
    assert find_cycles([*chain, ("c", "a"), ("x", "y"), ("y", "x"), ("d", "x")]) == (
        ("a", "b", "c"),
        ("x", "y"),
    )


def test_lines_of_code_are_without_blanks_comments_and_docstrings(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text(
        '"""One.\n\nTwo.\n"""\n\n# why\nA = 1  # here\n"""What A is."""\n\nB = """\n\ntext\n"""\n'
    )
    assert count_code_lines(path) == 5


def test_the_fit_is_found_by_its_class_wherever_that_lies(tmp_path: Path) -> None:
    assert find_fit(tmp_path, make_tree(tmp_path, {"tools/surrogate/deep/exact.py": GP})) == (
        "tools.surrogate.deep.exact:GaussianProcess.fit"
    )
    with pytest.raises(InputError, match=r"2 classes .* name it with --gp"):
        find_fit(tmp_path, make_tree(tmp_path, {"tools/surrogate/other.py": GP}))


def test_what_is_no_checkout_is_refused_in_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["house", "--root", str(tmp_path)])
    assert done.exit_code == 2
    assert done.stderr == (
        f"error: {tmp_path} has no modules in agent/ or tools/; give a checkout of this repository\n"
    )


@pytest.mark.slow
def test_the_way_of_one_proposal_is_walked_on_this_checkout() -> None:
    done = CliRunner().invoke(main, ["house", "--json", "--test-s", "7"])
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["root"] == str(CHECKOUT)
    assert found["hops"][0] == "agent.tune:tune"
    assert found["hops"][-1] == find_fit(CHECKOUT, read_modules(CHECKOUT))
    assert found["visits"]["agent.tuner"] == 1
    assert found["visits"][found["hops"][-1].partition(":")[0]] > 1
    assert found["visited_trial"] >= 8
    assert sum(found["modules"].values()) > 100
    assert found["code_lines"] < found["lines"]
    assert found["test_s"] == 7
