"""The whole report on a study as it is kept, at every door that has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bestguess.agent.advice.knowledge import read_knowledge
from bestguess.agent.record.study import Study
from bestguess.agent.record.trials import write_left_out
from bestguess.agent.reports.insight import Insight, gain_insight, write_insight
from bestguess.agent.reports.report import write_report


def report_on(
    study: Study,
    *,
    importance: bool = True,
    prefer: Mapping[str, float] | None = None,
    insights: Sequence[Insight] | None = None,
) -> str:
    """Return the report as Markdown, with what moves the value if `importance` is asked for.

    Of several metrics `prefer` chooses the best. `insights` are those of the study, where they are known.
    """
    history, task = study.history.preferring(prefer), study.task
    known = read_knowledge(study.knowledge, study.name)
    lines = (*(known.lines if known else ()), *write_left_out(study.left_out))
    report = write_report(history, task, study.space, title=f"Study {study.name}", lines=lines)
    if not importance:
        return report
    if insights is None:
        insights = gain_insight(study.space, history, noisy=task.noisy)
    return f"{report}\n\n{write_insight(tuple(insights), task.metric)}"
