"""Scripts in the manner of public ones: every parameter arrives at both ends, nothing measured is tuned."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bestguess.tools.objective.command import CommandTemplate
from bestguess.tools.scan.draft import Draft, scan
from bestguess.tools.space.parameters import Choice, Parameter
from bestguess.tools.space.space import Space

PUBLIC = Path(__file__).parent / "public"

DRAFTED = {
    "language_model.py": "model nhid nhead lr clip dropout tied",
    "policy.py": "algo n_epochs learning_rate gamma clip_range tau use_sde sde_sample_freq",
    "prices.py": "MODEL N_ESTIMATORS LEARNING_RATE MAX_DEPTH MIN_SAMPLES_SPLIT SUBSAMPLE ALPHA",
    "boosting.py": """
        model.max_depth model.eta model.subsample model.colsample_bytree model.min_child_weight
        model.reg_alpha train.n_estimators
    """,
    "detector/train.py": "batch_size optimizer cos_lr lr0 momentum weight_decay warmup_epochs iou_t",
}


@pytest.mark.parametrize("name", DRAFTED)
def test_what_is_tuned_and_what_is_not(name: str) -> None:
    draft = scan(PUBLIC / name)
    assert draft.space is not None
    assert set(draft.space.names) == set(DRAFTED[name].split())
    assert draft.metric is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAFTED)
def test_every_parameter_arrives_at_both_ends_and_the_result_is_found(name: str, tmp_path: Path) -> None:
    draft = scan(PUBLIC / name)
    assert draft.space is not None
    assert draft.metric is not None
    for params in configurations(draft.space):
        told, output = run(draft, params, tmp_path / "echo.json")
        assert {key: told[key.rpartition(".")[2]] for key in params} == params
        assert re.findall(draft.metric.pattern, output)


def configurations(space: Space) -> list[dict[str, Any]]:
    """Return configurations with each parameter at each end, or each option, its parents as it needs them."""
    values = {name: ends(parameter) for name, parameter in space.parameters.items()}
    most = max(map(len, values.values()))
    found = [
        space.complete({name: of[index % len(of)] for name, of in values.items()}) for index in range(most)
    ]
    for name, parameter in space.parameters.items():
        parents = {parent: allowed[0] for parent, allowed in parameter.when.items()}
        found += [
            space.complete({**parents, name: value})
            for value in values[name]
            if all(params.get(name) != value for params in found)
        ]
    return found


def ends(parameter: Parameter) -> list[Any]:
    return list(parameter.options) if isinstance(parameter, Choice) else [parameter.low, parameter.high]  # type: ignore[attr-defined]


def run(draft: Draft, params: dict[str, Any], echo: Path) -> tuple[dict[str, Any], str]:
    assert draft.space is not None
    words = CommandTemplate(draft.command, draft.space.names, draft.space.texts).render(params)
    environment = {**os.environ, "ECHO": str(echo)}
    done = subprocess.run(
        [sys.executable, *words[1:]], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(echo.read_text()), done.stdout
