"""What the package costs to open, and the import rule that import-linter cannot see.

`make check` tells which folder may import which; these tests run the installed package and the linter.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"llguidance", "openai", "optuna", "scipy", "sklearn", "sqlalchemy", "torch", "transformers"}

HELP = """
sys.argv = ["bestguess", "--help"]
from bestguess.agent.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""


ADAPTERS = """
from bestguess.agent.adapters import adapter
sys.modules |= dict.fromkeys(["torch", "openai", "transformers", "jinja2"])
adapter("skopt"), adapter("hyperopt"), adapter("flaml")
"""


def test_an_adapter_opens_where_only_the_tuner_is_installed() -> None:
    done = subprocess.run([sys.executable, "-c", f"import sys\n{ADAPTERS}"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", ["import bestguess", HELP], ids=["import", "help"])
def test_the_heavy_libraries_are_left_alone_until_they_are_used(program: str) -> None:
    code = f"import sys\n{program}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "bestguess" in loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("statement", ["import tools", "from agent.llm import LLM", "import prompts as p"])
def test_ruff_rejects_an_import_of_a_folder_by_its_bare_name(statement: str) -> None:
    config = Path(__file__).parents[1] / "pyproject.toml"
    ruff = [sys.executable, "-m", "ruff", "check", "--config", str(config), "--select", "TID251", "-"]
    done = subprocess.run(ruff, input=statement, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "TID251" in done.stdout


@pytest.mark.slow
def test_a_study_without_an_embedded_model_loads_no_torch() -> None:
    code = (
        "import sys; import bestguess as bg\n"
        "bg.tune(lambda params: params['x'] ** 2, bg.Space(x=bg.Float(-1, 1)), n_trials=8, seed=0)\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
