"""NePS: a PipelineSpace; keyword arguments of `evaluate_pipeline`.

NePS takes no points before it is asked. `first` makes an optimizer for `neps.run` that evaluates them and
then goes on with an algorithm of NePS; points that were evaluated elsewhere go in by `neps.import_trials`. A
fidelity is not searched, so it is no parameter; operations and repeated parts have no counterpart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bestguess.agent.adapters._translation import Draft, Points, Translation, needs, numeric, refuse, rowwise
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.options import index_of
from bestguess.tools.space.space import Space

if TYPE_CHECKING:
    from neps import PipelineSpace
    from neps.optimizers.optimizer import AskFunction, SampledConfig

DISTRIBUTION = "neural-pipeline-search"
HAND_OVER = "neps.run(..., optimizer=bg.adapters.neps.first(warm_start, pipeline_space))"
PLAIN_HAND_OVER = (
    "neps.import_trials(evaluated_trials=[(params, neps.UserResultDict(objective_to_minimize="
    "evaluate_pipeline(**params))) for params in points], root_directory=..., pipeline_space=...)"
)


def read(native: Any) -> Translation:
    """Return what a PipelineSpace, or a space of ours, means; raise SpaceError, naming the parameter."""
    if isinstance(native, Space):
        return Translation(native, flat=True)
    if not hasattr(native, "get_attrs"):
        raise refuse(native, "a PipelineSpace of NePS's")
    return Draft.read(native.get_attrs().items(), _add)


from_native, to_native = rowwise(read)


def first(
    points: Points, native: PipelineSpace, algorithm: Callable[..., AskFunction] | None = None
) -> Callable[[PipelineSpace], AskFunction]:
    """Return an optimizer for `neps.run`: the points, then what `algorithm` samples.

    The algorithm must be one that takes a PipelineSpace; by default it is random search.
    """
    rows = to_native(points, native)

    def warm_started(pipeline_space: PipelineSpace) -> AskFunction:
        import neps

        rest = (algorithm or neps.algorithms.neps_random_search)(pipeline_space)
        return _First([_sampled(row, pipeline_space) for row in rows], rest)

    return warm_started


class _First:
    """Samples the given configurations, one for each trial there is, and then what `rest` does."""

    def __init__(self, configurations: Sequence[Mapping[str, Any]], rest: AskFunction) -> None:
        self.configurations = configurations
        self.rest = rest

    def __call__(
        self, trials: Mapping[str, Any], budget_info: Any, n: int | None = None
    ) -> SampledConfig | list[SampledConfig]:
        from neps.optimizers.optimizer import SampledConfig

        due = self.configurations[len(trials) :][: n or 1]
        if not due:
            return self.rest(trials, budget_info, n)
        sampled = [
            SampledConfig(id=str(len(trials) + place + 1), config=one) for place, one in enumerate(due)
        ]
        return sampled[0] if n is None else sampled

    def import_trials(self, external_evaluations: Any, trials: Any) -> Any:
        return self.rest.import_trials(external_evaluations, trials)

    def get_trial_artifacts(self, trials: Mapping[str, Any] | None = None) -> Any:
        return self.rest.get_trial_artifacts(trials)


def _add(draft: Draft, name: str, one: Any) -> None:
    with needs(DISTRIBUTION):
        import neps
        from neps.space.neps_spaces.parameters import Resolvable

    match one:
        case neps.Float() | neps.Integer():
            integer, default = isinstance(one, neps.Integer), one.prior if one.has_prior else None
            # NePS has no public name for the scale.
            log = bool(one.get_attrs()["log"])
            draft.add(name, numeric(one.lower, one.upper, integer=integer, log=log, default=default))
        case neps.Categorical():
            if isinstance(one.choices, Resolvable) or any(
                isinstance(each, Resolvable) for each in one.choices
            ):
                raise SpaceError("choices with parameters of their own have no counterpart")
            draft.add_choice(name, one.choices, default=one.prior if one.has_prior else None)
        case neps.IntegerFidelity() | neps.FloatFidelity():
            pass
        case Resolvable():
            raise SpaceError(f"a {type(one).__name__} has no counterpart")
        case _:
            pass  # a constant


def _sampled(row: Mapping[str, Any], pipeline_space: PipelineSpace) -> dict[str, Any]:
    """Return a configuration under the names of NePS's samplings, a choice by its index."""
    import neps
    from neps.space.neps_spaces.neps_space import NepsCompatConverter, construct_sampling_path

    configuration: dict[str, Any] = {}
    for name, one in pipeline_space.get_attrs().items():
        if name in row:
            path = construct_sampling_path(path_parts=["Resolvable", name], domain_obj=one)
            value = index_of(one.choices, row[name]) if isinstance(one, neps.Categorical) else row[name]
            configuration[f"{NepsCompatConverter._SAMPLING_PREFIX}{path}"] = value
        elif isinstance(one, neps.IntegerFidelity | neps.FloatFidelity):
            configuration[f"{NepsCompatConverter._ENVIRONMENT_PREFIX}{name}"] = one.upper
    return configuration
