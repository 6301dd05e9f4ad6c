"""A toy model whose answers follow a known rule: what a prompt is worth is known, and a call costs nothing.

An item is answered rightly where the prompt's strength for its kind exceeds its difficulty. The strength is
the sum of what the layout, the words of the instruction and the worked examples are worth; each example has a
worth of its own, counts more for items of its kind, and the less the more there are. All of it is drawn from
the seed, and a little of it anew for each prompt and item, as no model is that regular.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np

from bestguess.agent.llm import Reply, Request

KINDS = 5
ITEMS = 400
_MARK = re.compile(r"case (\d+)-(\d+)")

PHRASES = (
    "Be brief.", "Think first.", "Check the answer.", "Use the same form.", "Give no reasons.", "Be exact.",
    "Use plain words.", "Do not guess.", "Answer at once.", "Read it.", "Mind the kind.", "Keep the order.",
)  # fmt: skip


class ToyModel:
    """The toy with a seed, which is one task; `share` says how its worth is spread over the three parts."""

    name = "toy"

    def __init__(self, seed: int) -> None:
        self._seed = seed
        rng = np.random.default_rng((seed, 1))
        scales = rng.dirichlet((1.0, 1.0, 2.5)) * 3.0
        self._layouts = rng.normal(0.0, 0.7 * scales[0], size=4)
        self._phrases = rng.normal(0.0, 0.5 * scales[1], size=len(PHRASES) + 3)
        self._worths = rng.normal(0.0, 0.6 * scales[2], size=ITEMS)
        self._of_kind = abs(rng.normal(0.5 * scales[2], 0.2, size=KINDS))
        self._difficulties = rng.normal(0.9, 1.0, size=ITEMS)
        self.calls = 0

    @staticmethod
    def rows() -> list[dict[str, str]]:
        """Return the items; the mark in each says its kind and number."""
        return [
            {"input": f"case {number % KINDS}-{number}", "output": f"yes {number}"} for number in range(ITEMS)
        ]

    def generate(self, request: Request) -> Reply:
        """Answer a prompt: the last item in it is the question, those before are worked examples."""
        self.calls += 1
        text = "\n".join(message.content for message in request.messages)
        items = [int(number) for _, number in _MARK.findall(text)]
        *examples, asked = items
        right = self._strength(text, len(request.messages), examples, asked) > self._difficulties[asked]
        return Reply((f"yes {asked}" if right else "no",))

    def close(self) -> None:
        """Hold nothing."""

    def _strength(self, text: str, turns: int, examples: Sequence[int], asked: int) -> float:
        layout = (
            1
            if turns > 1
            else 2
            if " ->" in text
            else 3
            if not text.rstrip().endswith(f"-{asked}\nOutput:")
            else 0
        )
        words = [index for index, phrase in enumerate(PHRASES) if phrase in text]
        words += [
            len(PHRASES) + index
            for index, part in enumerate(("Answer as", "Give only", "Work it"))
            if part in text
        ]
        each = [
            self._worths[example] + self._of_kind[asked % KINDS] * (example % KINDS == asked % KINDS)
            for example in examples
        ]
        learned = sum(each) / np.sqrt(max(len(each), 1))
        noise = np.random.default_rng((self._seed, zlib.crc32(text.encode()))).normal(0.0, 0.4)
        return float(self._layouts[layout] + self._phrases[words].sum() + learned + noise)
