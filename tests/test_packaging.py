"""The wheel holds every module and data file of the tree and nothing else, every dependency is pinned, and
promises of SECURITY.md have their tests.

These tests read the checkout and build from a copy of it; they never import the package.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS: dict[str, str] = PYPROJECT["tool"]["setuptools"]["package-dir"]
"""Package -> folder; `src/bestguess` reaches the others through links, which nothing here follows."""


def shipped() -> set[str]:
    """Return the path in the wheel of each file that belongs there; notes and kept results do not."""
    return {
        f"{package.replace('.', '/')}/{path.relative_to(ROOT / folder).as_posix()}"
        for package, folder in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and path.name not in {"README.md", "NOTEBOOK.md"}
        and not {"__pycache__", "results"} & set(path.relative_to(ROOT / folder).parts)
    }


def packages() -> set[str]:
    """Return the dotted name of each folder that holds modules."""
    return {path.rpartition("/")[0].replace("/", ".") for path in shipped() if path.endswith(".py")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the names in a wheel built as a release is: from the sdist, which is built from the tree."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for folder in FOLDERS.values():
        shutil.copytree(
            ROOT / folder, tree / folder, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
        )
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tree / "dist"), str(tree)]
    done = subprocess.run(build, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    (path,) = (tree / "dist").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_every_folder_with_modules_is_a_listed_package() -> None:
    assert packages() == set(PYPROJECT["tool"]["setuptools"]["packages"])


def test_every_package_has_an_init_without_which_import_linter_does_not_see_it() -> None:
    assert {f"{package.replace('.', '/')}/__init__.py" for package in packages()} - shipped() == set()


def test_the_wheel_holds_every_module_and_data_file_and_nothing_else(wheel: set[str]) -> None:
    assert {name for name in wheel if ".dist-info/" not in name} == shipped()


def test_the_wheel_carries_the_license_and_the_command(wheel: set[str]) -> None:
    about = {name.partition(".dist-info/")[2] for name in wheel}
    assert {"licenses/LICENSE", "entry_points.txt"} <= about


@pytest.mark.parametrize("folder", sorted(set(FOLDERS.values()) - {"src/bestguess"}))
def test_the_package_index_links_each_folder_by_a_relative_path(folder: str) -> None:
    assert os.readlink(ROOT / "src/bestguess" / folder) == f"../../{folder}"


def test_every_dependency_has_a_pin_that_it_allows() -> None:
    pinned = (
        Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if line[0] != "#"
    )
    pins = {pin.name.lower(): next(iter(pin.specifier)) for pin in pinned}
    project = PYPROJECT["project"]
    wanted = [
        *PYPROJECT["build-system"]["requires"],
        *project["dependencies"],
        # vLLM pins another torch, and Ray is installed in an environment of its own.
        *(
            line
            for name, extra in project["optional-dependencies"].items()
            if name not in ("vllm", "ray")
            for line in extra
        ),
        *PYPROJECT["dependency-groups"]["dev"],
    ]

    for requirement in map(Requirement, wanted):
        pin = pins[requirement.name.lower()]
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), f"{requirement} is pinned to {pin.version}"


def test_every_test_that_a_promise_of_security_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "SECURITY.md").read_text())

    assert len(named) > 20
    for file, name in named:
        assert f"def {name or 'test_'}" in (ROOT / file).read_text(), (file, name)
