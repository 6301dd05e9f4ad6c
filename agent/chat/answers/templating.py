"""Renders the files that a session writes: scripts as they are, HTML with everything escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def _environment() -> Environment:
    return Environment(  # HTML is escaped; a Python file with &lt; in it would not run
        loader=PackageLoader("bestguess.agent.chat.answers", package_path="templates"),
        undefined=StrictUndefined,
        # HTML is escaped; a Python file with &lt; in it would not run.
        autoescape=lambda name: bool(name) and ".html" in str(name),  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render_file(template: str, **variables: Any) -> str:
    """Return a file's text; a variable that the template names and is not given is an error."""
    return _environment().get_template(f"{template}.jinja").render(**variables)
