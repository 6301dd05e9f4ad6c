"""Renders files and pages: scripts as they are, HTML with everything escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def environment(package: str) -> Environment:
    """Return the templates of a package; a variable that one names and is not given is an error."""
    return Environment(
        loader=PackageLoader(package, package_path="templates"),
        undefined=StrictUndefined,
        # HTML is escaped; a Python file with &lt; in it would not run.
        autoescape=lambda name: bool(name) and ".html" in str(name),  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render_file(template: str, **variables: Any) -> str:
    """Return the text of a file that a session writes."""
    templates = environment("bestguess.agent.chat.answers")
    return templates.get_template(f"{template}.jinja").render(**variables)
