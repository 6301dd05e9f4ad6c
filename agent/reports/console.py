"""The console that everything is printed on: what others wrote steers no terminal.

Styles are the console's own; text that is printed is only ever text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from bestguess.tools.words.cleaning import clean


class CleanConsole(Console):
    """A console that cleans every piece of text, however deep in a table or a panel; markup is text to it."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**{"markup": False, "highlight": False, **how})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the pieces of what is printed; rich has written its own control codes apart from them."""
        for one in super().render(renderable, options):
            yield one if one.control is not None else Segment(clean(one.text), one.style)
