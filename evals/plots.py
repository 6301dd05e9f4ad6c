"""Regret curves as SVG: the mean of every contestant, with a band of one standard deviation over seeds."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from bestguess.evals.metrics import Board, kind_of

FLOOR = 1e-3
"""Regret below this is drawn on the lower edge, since the axis is logarithmic."""

OURS = ("#d1242f", "#8250df", "#bf3989", "#e16f24")
PEERS = ("#0969da", "#1a7f37", "#9a6700", "#0a7ea4", "#4d6b2f", "#7d4e00", "#3b5bdb", "#087f5b")
CONTROLS = ("#6e7781",)
PUBLISHED = ("#24292f",)
DASHES = ("--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 3)))
WIDTHS = {"ours": 2.4, "peer": 1.3, "control": 1.0, "published": 2.0}


def draw_curves(board: Board) -> str:
    """Return the curves of a board's complete contestants as an SVG element."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "bestguess", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(9.6, 4.4), layout="constrained")
        axes = figure.subplots()
        n = np.arange(1, board.n_trials + 1)
        for label, look in zip(board.complete, _looks(board.complete), strict=True):
            mean, spread = board.mean(label), board.spread(label)
            axes.plot(n, np.maximum(mean, FLOOR), label=label, **look)
            low, high = np.maximum(mean - spread, FLOOR), np.maximum(mean + spread, FLOOR)
            axes.fill_between(n, low, high, color=look["color"], alpha=0.08, linewidth=0)
        axes.set(
            yscale="log", xlabel="evaluations", ylabel="mean normalized regret", xlim=(1, board.n_trials)
        )
        axes.grid(visible=True, which="both", color="#8884", linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside right upper", frameon=False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    # The element alone, since a page has a prolog of its own, and identifiers that meet no other figure's.
    svg = out.getvalue()[out.getvalue().index("<svg") :]
    prefix = re.sub(r"\W", "-", f"{board.suite}-{board.part}-{board.n_trials}-{board.default}")
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\1{prefix}-", svg)


def draw_summary(shown: Sequence[Board], names: Mapping[str, str]) -> str:
    """Return a small chart as an SVG document: a panel a board, a curve for each contestant of `names`.

    It brings its own background, so that it can be read on a light page and on a dark one, and says its
    figures in `<desc>`, for those who cannot see it.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "bestguess", "svg.fonttype": "none", "font.size": 11}):
        figure = Figure(figsize=(8.6, 3.5), layout="constrained", facecolor="#ffffff")
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        described = []
        for axes, board in zip(panels, shown, strict=True):
            n = np.arange(1, board.n_trials + 1)
            labels = tuple(label for label in names if label in board.complete)
            looks = dict(zip(labels, _looks(labels), strict=True))
            for label in labels:
                mean = board.mean(label)
                axes.plot(n, np.maximum(mean, FLOOR), label=names[label], **looks[label])
                described.append(f"{board.suite}, {names[label]}: " + " ".join(f"{one:.3f}" for one in mean))
            axes.set(
                title=f"suite {board.suite}", xlabel="evaluations", yscale="log", xlim=(1, board.n_trials)
            )
            axes.set_yticks([0.05, 0.1, 0.2, 0.4], labels=["0.05", "0.1", "0.2", "0.4"])
            axes.minorticks_off()
            axes.grid(visible=True, color="#8884", linewidth=0.5)
            axes.spines[["top", "right"]].set_visible(False)
        panels[0].set_ylabel("mean regret (less is better)")
        handles, titles = panels[0].get_legend_handles_labels()
        figure.legend(handles, titles, loc="outside lower center", ncols=3, frameon=False, fontsize=10)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    words = "Mean normalized regret after 1, 2, … evaluations. " + ". ".join(described)
    head, closed, rest = svg.partition(">")
    return f"{head}{closed}\n <desc>{escape(words)}</desc>{rest}"


def _looks(labels: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Yield how each contestant's curve looks: ours and peers by colour, the others by dashes."""
    palettes = {"ours": OURS, "peer": PEERS, "control": CONTROLS, "published": PUBLISHED}
    counts = dict.fromkeys(palettes, 0)
    for label in labels:
        kind = kind_of(label)
        place = counts[kind]
        counts[kind] += 1
        yield {
            "color": palettes[kind][place % len(palettes[kind])],
            "linestyle": "-" if kind in ("ours", "peer") else DASHES[place % len(DASHES)],
            "linewidth": WIDTHS[kind],
        }
