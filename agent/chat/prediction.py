"""From a CSV file and a column to predict, to a script in the session's folder and its plan.

The script is the user's to read and change; it uses scikit-learn and nothing of BestGuess.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

from bestguess.agent.chat.answers.templating import render_file
from bestguess.agent.chat.files import within
from bestguess.agent.chat.plan import Plan
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.scan.metric import pattern_of
from bestguess.tools.space.parameters import Float, Int
from bestguess.tools.space.space import Space

MOST_CLASSES = 20
ROWS_READ = 5000

_SPACE = Space(
    learning_rate=Float(0.01, 0.5, log=True, default=0.1, doc="how much each tree corrects"),
    max_iter=Int(20, 500, log=True, default=100, doc="how many trees"),
    max_leaf_nodes=Int(4, 128, log=True, default=31, doc="how large a tree may be"),
    min_samples_leaf=Int(1, 100, log=True, default=20, doc="rows in a leaf at least"),
    l2_regularization=Float(0.0, 10.0, default=0.0, doc="how much leaf values are held back"),
    max_features=Float(0.1, 1.0, default=1.0, doc="share of the columns that a split looks at"),
)


def draft_prediction(folder: Path, name: str, target: str) -> Plan:
    """Return the plan that predicts column `target` of a CSV file, and write its script beside it.

    Raises:
        InputError: the file cannot be read, or has no such column.
    """
    path = within(folder, name)
    if path.exists() and not path.is_file():  # to open a pipe is to wait for its writer
        raise InputError(f"{name} is a folder, a pipe or a device; give a CSV file")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            columns = rows.fieldnames or []
            values = [row.get(target) for _, row in zip(range(ROWS_READ), rows, strict=False)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{name} cannot be read: {error}; give a CSV file in UTF-8") from error
    if target not in columns:
        shown = f"{target!r} is none of its columns" if target else "no column to predict is named"
        raise InputError(f"{name}: {shown}; say predict column {columns[-1] if columns else 'NAME'}")
    classify = _is_class(values)
    metric = "accuracy" if classify else "rmse"
    beside = path.with_name(f"predict_{re.sub(r'[^A-Za-z0-9_]+', '_', f'{path.stem}_{target}')}.py")
    script = within(folder, str(beside.relative_to(folder.resolve())))  # a link may lead anywhere
    if not script.exists():  # it is the user's to change
        table = str(path.relative_to(folder.resolve()))
        text = render_file("table_script.py", file=table, target=target, classify=classify)
        script.write_text(text, encoding="utf-8")
    place = str(script.relative_to(folder.resolve()))
    flags = [f"--{name.replace('_', '-')}={{{name}}}" for name in _SPACE]
    kind = "classification" if classify else "regression"
    return Plan(
        script=place,
        words=(sys.executable, place, *flags),
        pattern=pattern_of(metric),
        task=Task(
            f"Gradient boosting on {path.name}, {kind} of column {target}",
            metric=metric,
            direction="maximize" if classify else "minimize",
            facts={"columns": len(columns), "rows read": len(values)},
        ),
        space=_SPACE,
        study=path.stem,
    )


def _is_class(values: list[str | None]) -> bool:
    """Whether a column holds classes: words, or few different whole numbers."""
    given = [value for value in values if value]
    try:
        numbers = [float(value) for value in given]
    except ValueError:
        return True
    return len(set(numbers)) <= MOST_CLASSES and all(number.is_integer() for number in numbers)
