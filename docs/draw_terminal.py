"""Draws what a command printed as an animated picture of a terminal: `docs/demo.svg` in the README.

    bestguess demo --storage none > run.txt
    python docs/draw_terminal.py 'bestguess demo' run.txt docs/demo.svg --keep '^trial|RMSE: |Held-out|  turn'

Every line is as it was printed, but for two things: lines longer than the window end in …, and lines that
`--keep` does not match are left out. The picture needs no font and no script from elsewhere, stops after one
showing, and is complete where animations are off.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import click

COLUMNS = 106
CHAR_PX = 7.3
LINE_PX = 19
MARGIN_PX = 16
BAR_PX = 30
SECONDS_A_LINE = 0.2
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"

SOURCES = {
    "default": "#9da7b3",
    "knowledge": "#e3b341",
    "llm": "#d2a8ff",
    "gp": "#56d4dd",
    "random": "#9da7b3",
}
SOURCE = re.compile(r"\[(" + "|".join(SOURCES) + r")\]")
BOLD = re.compile(r"\*\*(.+?)\*\*")

STYLE = """
text { font: 12px %s; fill: #e6edf3; white-space: pre }
.line { animation: appear 0.01s linear both }
@keyframes appear { from { opacity: 0 } to { opacity: 1 } }
@media (prefers-reduced-motion: reduce) { .line { animation: none } }
"""


def draw(command: str, lines: list[str]) -> str:
    """Return the SVG document of a command and the lines that it printed."""
    width = round(COLUMNS * CHAR_PX + 2 * MARGIN_PX)
    shown = [f"$ {command}", *lines]
    height = BAR_PX + MARGIN_PX + LINE_PX * len(shown)
    rows = "\n".join(
        f'<text class="line" style="animation-delay: {SECONDS_A_LINE * place:.2f}s" x="{MARGIN_PX}" '
        f'y="{BAR_PX + LINE_PX * (place + 1) - 4}">{_marked(line)}</text>'
        for place, line in enumerate(shown)
    )
    lights = "".join(
        f'<circle cx="{20 + 18 * place}" cy="15" r="5.5" fill="{colour}"/>'
        for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    words = escape("What the command printed: " + " / ".join(shown))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img">\n<desc>{words}</desc>\n<style>{STYLE % FONT}</style>\n'
        f'<rect width="{width}" height="{height}" rx="9" fill="#0d1117"/>\n{lights}\n{rows}\n</svg>\n'
    )


def _marked(line: str) -> str:
    """Return a line as SVG text: cut, sources coloured, Markdown's bold letters bold."""
    cut = line if len(line) <= COLUMNS else line[: COLUMNS - 2].rstrip() + " …"
    marked = SOURCE.sub(lambda m: f'<tspan fill="{SOURCES[m[1]]}">[{m[1]}]</tspan>', escape(cut))
    return BOLD.sub(r'<tspan font-weight="bold">\1</tspan>', marked)


@click.command()
@click.argument("command")
@click.argument("printed", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--keep", default=".", help="a regular expression: lines without a match are left out")
def main(command: str, printed: Path, out: Path, keep: str) -> None:
    """Draw the lines in PRINTED, which COMMAND wrote, into OUT."""
    lines = printed.read_text(encoding="utf-8").splitlines()
    out.write_text(draw(command, [line for line in lines if re.search(keep, line)]), encoding="utf-8")


if __name__ == "__main__":
    main()
