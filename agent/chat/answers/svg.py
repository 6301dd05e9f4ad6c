"""A plot as SVG, for pages and reports: everything that is not a number is escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle

from markupsafe import Markup, escape

from bestguess.agent.chat.events import Plot

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 70, 16, 14, 44
TICKS = 5
COLOURS = ("#2a7de1", "#e1702a", "#888888", "#888888")


def draw(plot: Plot) -> Markup:
    """Return the plot as an SVG element."""
    xs = [_at(x, plot.log_x) for one in plot.series for x in one.x]
    ys = [_at(y, plot.log_y) for one in plot.series for y in one.y]
    x_low, x_high = _padded(xs)
    y_low, y_high = _padded(ys)

    def px(x: float) -> float:
        return LEFT + (_at(x, plot.log_x) - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)

    def py(y: float) -> float:
        return HEIGHT - BOTTOM - (_at(y, plot.log_y) - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(plot.title)}" '
        'font-family="system-ui, sans-serif" font-size="12" fill="currentColor">'
    ]
    for value, label in _number_ticks(y_low, y_high, log=plot.log_y):
        y = py(value)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#8885"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
        )
    for value, label in _x_ticks(plot, x_low, x_high):
        parts.append(
            f'<text x="{px(value):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
            f"{escape(label)}</text>"
        )
    for one, colour in zip(plot.series, cycle(COLOURS), strict=False):
        if one.points:
            parts += [
                f'<circle cx="{px(x):.1f}" cy="{py(y):.1f}" r="3.5" fill="{colour}" fill-opacity="0.7"/>'
                for x, y in zip(one.x, one.y, strict=True)
            ]
        else:
            points = " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in zip(one.x, one.y, strict=True))
            dashed = ' stroke-dasharray="4 4"' if "%" in one.name else ""
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'
            )
    parts.append(
        f'<text x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(plot.x_label)}</text>'
    )
    return Markup("".join(parts) + "</svg>")  # noqa: S704  # every text in it was escaped above


def _at(x: float, log: bool) -> float:
    return math.log10(x) if log and x > 0 else x


def _padded(values: Sequence[float]) -> tuple[float, float]:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    pad = 0.05 * (high - low) or abs(high) * 0.05 or 0.5
    return low - pad, high + pad


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / TICKS
    step = 10.0 ** math.floor(math.log10(rough))
    step *= next(factor for factor in (1, 2, 5, 10) if factor * step >= rough)
    first = math.ceil(low / step)
    return [step * index for index in range(first, math.floor(high / step) + 1)]


def _x_ticks(plot: Plot, low: float, high: float) -> list[tuple[float, str]]:
    if plot.x_labels:
        return [(float(index), label[:16]) for index, label in enumerate(plot.x_labels)]
    return _number_ticks(low, high, log=plot.log_x)


def _number_ticks(low: float, high: float, *, log: bool) -> list[tuple[float, str]]:
    if log:
        powers = range(math.ceil(low), math.floor(high) + 1)
        return [(10.0**power, f"1e{power}") for power in powers] or [(10**low, f"{10**low:.3g}")]
    return [(value, f"{value:.4g}") for value in _ticks(low, high)]
