"""What an agent can read without a call of a tool: the studies, and the space, trials and report of each."""

from __future__ import annotations

import json
from functools import partial

from mcp.server.mcpserver.exceptions import ResourceError

from bestguess.agent.mcp.records import HistoryRecord
from bestguess.agent.mcp.server import StrictServer, threaded
from bestguess.agent.mcp.studies import Studies
from bestguess.agent.reports.study_report import report_on

STUDIES = "bestguess://studies"


def add_resources(server: StrictServer, studies: Studies) -> None:
    """Add the resources of the studies of a storage."""

    def study_list() -> str:
        """The names of the studies."""
        return json.dumps(studies.names())

    def space_of(study_name: str) -> str:
        """The space of a study."""
        return json.dumps(studies.get(study_name).tuner.space.to_dict())

    def history_of(study_name: str) -> str:
        """All trials of a study."""
        opened = studies.get(study_name)
        return HistoryRecord.of(opened.name, opened.tuner.history).model_dump_json()

    def report_of(study_name: str) -> str:
        """The report on a study."""
        return report_on(studies.get(study_name).tuner.study)

    reads = partial(threaded, error=ResourceError)
    server.resource(STUDIES, mime_type="application/json")(reads(study_list))
    server.resource(f"{STUDIES}/{{study_name}}/space", mime_type="application/json")(reads(space_of))
    server.resource(f"{STUDIES}/{{study_name}}/history", mime_type="application/json")(reads(history_of))
    server.resource(f"{STUDIES}/{{study_name}}/report", mime_type="text/markdown")(reads(report_of))
