"""What a run came to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Self, get_args

import optuna

from bestguess.agent.advice.knowledge import read_knowledge
from bestguess.agent.checks import check_path
from bestguess.agent.record.earlier import read_earlier
from bestguess.agent.record.saved import restore_study, study_document
from bestguess.agent.record.study import Study
from bestguess.agent.record.trials import write_left_out
from bestguess.agent.reports.front import why_no_best
from bestguess.agent.reports.recommendation import Recommendation, recommend
from bestguess.agent.reports.report import study_record, write_report
from bestguess.agent.reports.rows import trial_rows
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.documents import path_words, read_bytes, read_json
from bestguess.tools.words.given import shown
from bestguess.tools.words.private import write_private
from bestguess.tools.words.sentences import counted

FORMAT = "bestguess result"
VERSION = 1
MOST_SAVED_BYTES = 1_000_000_000
_MEND = "give a file that Result.save wrote"
_SAVED: dict[str, Any] = {
    "llm": str | None,
    "seconds": int | float,
    "stopped": str,
    "ending": str,
    "device": str,
    "prefer": dict | None,
}

Ending = Literal["done", "timeout", "patience", "exhausted", "failing", "callback", "interrupted"]
"""Why a run ended: all trials have run, or what came before."""

_WHY: dict[Ending, str] = {
    "timeout": "the time was up",
    "patience": "as many trials in a row as patience allows were no new best",
    "exhausted": "nothing was found that was not tried (a Task with noisy=True has them repeated)",
    "callback": "a callback ended the run",
    "interrupted": "the run was interrupted, and this is the result so far",
}


def _figures() -> Any:
    """Return the module that draws, which loads Optuna's own."""
    return import_module("bestguess.agent.reports.figures")


UNNAMED = "no-name-"
"""So Optuna's names begin of studies that nobody gave one."""


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """What a run came to.

    `ending` is why it ended, `stopped` what to mend where its trials fail alike, and `device` where the
    Gaussian process computed, and why there. It is pickled and copied as `save` writes it: its study is in
    memory then.
    """

    record: Study
    llm_name: str | None
    seconds: float
    stopped: str = ""
    ending: Ending = "done"
    device: str = ""
    prefer: Mapping[str, float] | None = None
    """What counts how much of several metrics, where that was said."""

    def __reduce__(self) -> tuple[Any, ...]:
        # A storage is of its process.
        return Result.from_document, (self.document, "the pickled result")

    def __repr__(self) -> str:
        history = self.history
        best = history.incumbent
        came = f"{len(history.front)} on the front" if history.goals else "no value"
        if best:
            came = f"best_value={best.value!r}, best_params={best.params!r}"
        return f"Result({self.record.name!r}, {counted(len(history), 'trial')}, {came})"

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run before all trials had run."""
        return self.ending == "interrupted"

    @property
    def why(self) -> str:
        """Why the run ended before all trials had run, in words; nothing if it did not."""
        return _WHY.get(self.ending, "")

    @property
    def history(self) -> History:
        """All trials of the study."""
        return self.record.history.preferring(self.prefer)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials of the study."""
        return self.history.trials

    @property
    def best_trial(self) -> Trial:
        """The best trial: of several metrics, the one of the `front` that `prefer` chooses.

        Raises:
            StudyError: no trial gave a value or keeps the limits, or nothing says what is preferred.
        """
        return self.best()

    def best(self, prefer: Mapping[str, float] | None = None) -> Trial:
        """Return the best trial, of several metrics by their weights, as {"val_loss": 2, "latency_ms": 1}.

        Raises:
            InputError: `prefer` is no preference among the metrics.
            StudyError: as for `best_trial`.
        """
        history = self.history.preferring(prefer)
        if history.incumbent is None:
            raise StudyError(why_no_best(history, self.stopped or "see .trials for why each failed"))
        return history.incumbent

    @property
    def front(self) -> tuple[Trial, ...]:
        """The trials within the limits that no other is at least as good as in every metric.

        Of one metric it is the best trial alone; empty before there is one.
        """
        return self.history.front

    @property
    def best_params(self) -> dict[str, Any]:
        """The params of the best trial."""
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """The value of the best trial; of several metrics the first (`best_trial.values` has all)."""
        value = self.best_trial.value
        assert value is not None
        return value

    @property
    def recommended(self) -> Recommendation | None:
        """The configuration to take, which of a noisy objective is not the luckiest; None without a value."""
        return recommend(self.record.space, self.history, noisy=self.record.task.noisy)

    @property
    def study(self) -> optuna.Study:
        """The study as Optuna's own object."""
        return self.record.optuna_study

    @property
    def _title(self) -> str:
        if self.record.name.startswith(UNNAMED):
            return self.record.task.description or "Study"
        return f"Study {self.record.name}"

    def report(self, *, title: str | None = None, lines: tuple[str, ...] = ()) -> str:
        """Return the report as Markdown."""
        if known := read_knowledge(self.record.knowledge, self.record.name):
            lines = (*lines, *known.lines)
        if earlier := [study.name for study in read_earlier(self.record.earlier or [], self.record)]:
            lines = (*lines, f"Began with what earlier studies came to: {', '.join(earlier)}")
        if self.stopped:
            lines = (f"Stopped: {self.stopped}", *lines)
        if self.why:
            lines = (*lines, self.why)
        running = [str(trial.number) for trial in self.history.running]
        if running:
            where = "without an outcome" if self.interrupted else "still running elsewhere"
            lines = (*lines, f"{where}: trial {', '.join(running)}")
        lines = (*lines, *write_left_out(self.record.left_out))
        if self.device:
            lines = (*lines, f"Gaussian process: {self.device}")
        costs = f"{self.seconds:.0f} s in this run; language model: {self.llm_name or 'none'}"
        return write_report(
            self.history,
            self.record.task,
            self.record.space,
            title=title or self._title,
            lines=(*lines, costs),
        )

    def trials_dataframe(self) -> Any:
        """Return the trials as a pandas DataFrame, a row each, with `params_NAME` a parameter.

        Raises:
            InputError: pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError as error:
            words = f"trials_dataframe needs pandas ({error}): pip install 'bestguess[pandas]'"
            raise InputError(words) from error
        return pandas.DataFrame(trial_rows(self.record.space, self.history))

    def _drawn(self, name: str, first: str = "", second: str = "") -> Any:
        figures = _figures()
        figures.load_plotly()
        subject = figures.Subject(self.record.space, self.record.task, self.history, self.study)
        return figures.as_plotly(figures.draw_figure(name, subject, first, second))

    def _drawn_by_optuna(self, name: str, **how: Any) -> Any:
        figures = _figures()
        return figures.as_plotly(figures.draw_with_optuna(self.study, name, self.record.task.metric, **how))

    def plot_optimization_history(self) -> Any:
        """Return Optuna's figure of all values and the best so far.

        Every `plot_*` returns a plotly figure: `figure.show()`, `figure.write_html("figure.html")`.

        Raises:
            InputError: plotly is not installed, or there is nothing to draw yet; so do all `plot_*`.
        """
        return self._drawn_by_optuna("plot_optimization_history")

    def plot_slice(self, params: list[str] | None = None) -> Any:
        """Return Optuna's figure of the values by each parameter."""
        return self._drawn_by_optuna("plot_slice", params=params)

    def plot_parallel_coordinate(self, params: list[str] | None = None) -> Any:
        """Return Optuna's figure of each trial as a line through its params."""
        return self._drawn_by_optuna("plot_parallel_coordinate", params=params)

    def plot_contour(self, params: list[str] | None = None) -> Any:
        """Return Optuna's figure of the value by pairs of parameters."""
        return self._drawn_by_optuna("plot_contour", params=params)

    def plot_pareto_front(self, metrics: list[str] | None = None) -> Any:
        """Return Optuna's figure of two or three metrics, by default all, with the front marked."""
        figures = _figures()
        return figures.as_plotly(figures.draw_front(self.study, self.record.task, metrics))

    def plot_timeline(self) -> Any:
        """Return from when to when each trial ran, since the first began."""
        return self._drawn("timeline", "time")

    def plot_importance(self) -> Any:
        """Return the share of the variance that each parameter causes, as the surrogate has it."""
        return self._drawn("importance")

    def plot_effect(self, parameter: str) -> Any:
        """Return the typical value by one parameter, as the surrogate has it: median, 90 %, and trials."""
        return self._drawn("effect", parameter)

    def plot_predictions(self) -> Any:
        """Return what was expected of each trial before it ran, against what it was told."""
        return self._drawn("predictions")

    @property
    def document(self) -> dict[str, Any]:
        """What `save` writes, as JSON-able values."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "llm": self.llm_name,
            "seconds": self.seconds,
            "stopped": self.stopped,
            "ending": self.ending,
            "device": self.device,
            "prefer": self.prefer,
            "study": study_document(self.record),
        }

    def save(self, path: str | Path) -> None:
        """Write all of it to a JSON file, over one that is there; `load` reads it.

        Raises:
            InputError: the file cannot be written.
        """
        checked = check_path("path", path, "give a file")
        if checked is None:
            raise InputError("path is None; give a file")
        write_private(checked, json.dumps(self.document, allow_nan=False), path_words(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return what `save` wrote: the same trials, in a study in memory.

        Raises:
            InputError: there is no such file, or it holds something else.
            StudyError: it was changed so that its study makes no sense.
        """
        name = path_words(path)
        document = read_json(read_bytes(path, name, _MEND, most_bytes=MOST_SAVED_BYTES), name, _MEND)
        return cls.from_document(document, name)

    @classmethod
    def from_document(cls, document: Any, name: str) -> Self:
        """Return what a `document` says, which errors call by its `name`; raises as `load` does."""
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise InputError(f"{name} holds no result of BestGuess; {_MEND}")
        if document.get("version") != VERSION:
            raise InputError(
                f"{name} is of version {shown(document.get('version'))}, and this BestGuess reads {VERSION}; "
                "read it with the BestGuess that wrote it"
            )
        fields: dict[str, Any] = {key: document.get(key) for key in _SAVED}
        for key, kinds in _SAVED.items():
            given = fields[key]
            odd = isinstance(given, bool) or (isinstance(given, float) and not 0 <= given < math.inf)
            if odd or not isinstance(given, kinds):
                raise InputError(f"{name} has {key} {shown(fields[key])}; {_MEND}")
        if fields["ending"] not in get_args(Ending):
            raise InputError(f"{name} has ending {shown(fields['ending'])}; {_MEND}")
        study = restore_study(document.get("study"))
        study.history.preferring(fields["prefer"])
        return cls(
            study,
            fields["llm"],
            fields["seconds"],
            fields["stopped"],
            fields["ending"],
            fields["device"],
            fields["prefer"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able values."""
        record = self.record
        return {
            "study_name": record.name,
            "llm": self.llm_name,
            "ending": self.ending,
            "stopped": self.stopped,
            "device": self.device,
            **study_record(self.history, record.task, record.space, seconds=self.seconds),
        }
