from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

import bestguess.prompts as prompts


def test_every_template_is_described_in_the_folders_readme() -> None:
    folder = Path(prompts.__file__).parent
    readme = (folder / "README.md").read_text() if (folder / "README.md").exists() else None
    if readme is None:
        pytest.skip("the README is not part of the wheel")
    for template in folder.glob("*.jinja"):
        assert f"`{template.name}`" in readme


def test_a_missing_variable_is_an_error_and_not_an_empty_string() -> None:
    with pytest.raises(jinja2.UndefinedError, match="description"):
        prompts.render("task")


def test_a_values_braces_are_text_and_are_not_rendered_again() -> None:
    words = prompts.render(
        "task",
        description="{{ 7 * 6 }}",
        aim="Minimize the loss",
        several=False,
        facts={},
        parameters=[],
        constraints=[],
        advice="",
    )
    assert "{{ 7 * 6 }}" in words
