"""Events on a terminal, wide or narrow, with or without colour: Markdown, cards, badges and plots."""

from __future__ import annotations

import os
from typing import ClassVar

import plotext
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block import table as read_table
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.markdown import Markdown, MarkdownElement, TableElement
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bestguess.agent.chat.events import Event, Plot
from bestguess.agent.reports.live import BADGES

MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
MARKDOWN.disable(["link", "image", "autolink", "reference"])
MARKDOWN.block.ruler.at(
    "table", lambda *place: _is_small(*place) and read_table(*place), {"alt": ["paragraph", "reference"]}
)
"""Raw HTML in it is text, and so is what would lead to another place, or fetch something from there."""

# A table that is wider than its place is scrolled there, also with the keys alone.
MARKDOWN.add_render_rule("table_open", lambda *_: '<div class="wide" tabindex="0"><table>\n')
MARKDOWN.add_render_rule("table_close", lambda *_: "</table></div>\n")

MOST_COLUMNS, MOST_CELLS = 60, 20_000
"""Of a table. A row that is shorter than the head is filled up, so a few thousand letters make a million."""

MAX_WIDTH = 110
NARROW = 60
PLOT_ROWS = 16
MOST_TICKS = 5
MANY_DIGITS = 1e9
FRAME = 6
CHOICES_ONCE = "yes / no"
CHOICES = f"{CHOICES_ONCE} / always"


def render(console: Console, event: Event, *, echo: bool = False) -> None:
    """Print one event; what the user said only with `echo`: what was typed here is on the screen already."""
    if event.fields.get("discarded"):
        return
    match event.kind:
        case "said" if echo:
            console.print(Text(f"> {event.text}", style="bold"))
        case "answer" | "choice":
            if event.text:
                console.print(_markdown(event.text))
            if event.plot:
                console.print(Text.from_ansi(draw(event.plot, console)))
        case "card":
            title = Text(event.text, style="bold")
            fits = title.cell_len <= console.width - FRAME  # a title is cut at the frame, and nothing may be
            lines = "\n".join(line if "\n" in line else f"- {line}" for line in event.fields["lines"])
            wide = " (for this session)" if console.width >= NARROW else ""
            choices = Text(
                CHOICES_ONCE if event.fields["consent"] == "once" else f"{CHOICES}{wide}", style="bold"
            )
            shown = _markdown(lines) if fits else Group(title, _markdown(lines))
            console.print(
                Panel(shown, title=title if fits else None, subtitle=choices, border_style="yellow")
            )
        case "step":
            console.print(Text(f"  \u00b7 {event.text}", style="dim"))
        case "thinking" if event.text:
            console.print(
                Text(f"  {event.text} …; Ctrl-C ends the session, which can be resumed", style="dim")
            )
        case "trial_started" | "trial_finished":
            _render_trial(console, event)
        case "remark":
            console.print(Padding(_markdown(event.text), (0, 0, 0, 2)), style="cyan")
        case "error":
            console.print(Text(f"error: {event.text}", style="bold red"))


def draw(plot: Plot, console: Console) -> str:
    """Return the plot as text of the console's width."""
    width = min(console.width, MAX_WIDTH)
    plotext.clear_figure()
    plotext.plot_size(width, PLOT_ROWS if width >= NARROW else 12)
    plotext.theme("clear" if "NO_COLOR" in os.environ or not console.is_terminal else "pro")
    if plot.log_x and not plot.x_labels:
        plotext.xscale("log")
    if plot.log_y:
        plotext.yscale("log")
    for one in plot.series:
        if one.x:
            show, marker = (plotext.scatter, "●") if one.points else (plotext.plot, "braille")
            show(list(one.x), list(one.y), marker=marker)
    along = [x for one in plot.series for x in one.x]
    if plot.x_labels:
        plotext.xticks(list(range(len(plot.x_labels))), [label[:12] for label in plot.x_labels])
    elif along:
        ticks = _ticks(min(along), max(along), log=plot.log_x, whole=all(x == int(x) for x in along))
        plotext.xticks(ticks, [f"{tick:.4g}" for tick in ticks])
    up = [y for one in plot.series for y in one.y]
    if up and not plot.log_y and max(map(abs, up)) >= MANY_DIGITS:  # which plotext would write out
        ticks = _ticks(min(up), max(up), log=False, whole=False)
        plotext.yticks(ticks, [f"{tick:.4g}" for tick in ticks])
    plotext.title(plot.title)
    plotext.xlabel(plot.x_label)
    # plotext would draw its legend over the plot.
    names = (f"● {one.name}" if one.points else f"line: {one.name}" for one in plot.series if one.x)
    text: str = f"{', '.join(names)}\n{plotext.build()}"
    return text if console.is_terminal and not console.no_color else plotext.uncolorize(text)


def _ticks(low: float, high: float, *, log: bool, whole: bool) -> list[float]:
    """Return where an axis has its numbers, both ends among them: whole ones where all that is drawn is."""
    steps = [step / (MOST_TICKS - 1) for step in range(MOST_TICKS)]
    ticks = [low * (high / low) ** step if log else low + (high - low) * step for step in steps]
    return list(dict.fromkeys(float(round(tick)) if whole else tick for tick in ticks))


def _is_small(state: StateBlock, start: int, _end: int, _silent: bool) -> bool:
    columns = state.getLines(start, start + 1, 0, False).count("|") + 1
    return columns <= MOST_COLUMNS and columns * state.lineMax <= max(MOST_CELLS, 4 * state.src.count("|"))


class _Table(TableElement):
    """A table in which a word that has no room goes on in the next line, and nothing is cut."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for table in super().__rich_console__(console, options):
            if isinstance(table, Table):
                for column in table.columns:
                    column.overflow = "fold"
            yield table


class _Markdown(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {**Markdown.elements, "table_open": _Table}


def _markdown(text: str) -> Markdown:
    shown = _Markdown("", hyperlinks=False)
    shown.parsed = MARKDOWN.parse(text)  # rich's own parser leaves out what looks like HTML
    return shown


def _render_trial(console: Console, event: Event) -> None:
    trial = event.fields["trial"]
    source = trial["source"]
    head, _, rest = event.text.partition(f"[{source}] ")
    best = event.fields.get("best") == trial["number"] and event.kind == "trial_finished"
    styles = {"failed": "red", **dict.fromkeys(("running", "pruned", "partial"), "dim")}
    style = "green" if best else styles.get(trial["state"], "")
    line = Text.assemble(
        head, (f" {source} ", BADGES[source]), (" " + rest.replace("`", "").replace("**", ""), style)
    )
    why = trial["fallback"] or trial["reason"]
    if event.kind == "trial_finished" and console.width >= NARROW and why:
        line.append(f"  ({why})", style="dim")
    console.print(Padding(line, (0, 0, 0, 2)))
