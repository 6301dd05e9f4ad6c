"""The verifier over texts: what it expects follows the words."""

from __future__ import annotations

import numpy as np
import pytest

from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.parameters import Choice, Float, Text
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Outcome, Proposal, Trial

JSON = [f"Answer in JSON with {what} alone." for what in ("the date", "a total", "its unit", "one label")]
POEM = [f"Write me a long poem about {what}." for what in ("spring", "the sea", "your cat", "old trains")]
SPACE = Space(prompt=Text(default=JSON[0]), heat=Float(0, 1))


def history(values: dict[str, float], space: Space = SPACE, *, failed: tuple[str, ...] = ()) -> History:
    trials = [
        Trial(number, Proposal(space.complete({"prompt": text}), "user"), Outcome(value))
        for number, (text, value) in enumerate(values.items())
    ]
    trials += [
        Trial(len(trials) + at, Proposal(space.complete({"prompt": text}), "user"), Outcome.failure("broken"))
        for at, text in enumerate(failed)
    ]
    return History("minimize", tuple(trials))


def fitted(past: History, space: Space = SPACE) -> Verifier:
    verifier = Verifier.fit(space, past)
    assert verifier is not None
    return verifier


def test_what_is_expected_of_a_new_text_follows_the_texts_that_it_is_like() -> None:
    past = history(dict(zip(JSON[:3] + POEM[:3], (0.1, 0.12, 0.11, 0.9, 0.88, 0.91), strict=True)))
    verifier = fitted(past)

    good, bad = (verifier.predict(SPACE.complete({"prompt": text})).median for text in (JSON[3], POEM[3]))

    assert good < 0.4 < 0.6 < bad


def test_a_text_like_failed_ones_is_likelier_to_fail() -> None:
    past = history(dict(zip(JSON[:3], (0.1, 0.2, 0.3), strict=True)), failed=tuple(POEM[:3]))
    verifier = fitted(past)

    like_good, like_failed = (
        verifier.judge(SPACE.complete({"prompt": text}), None).feasible for text in (JSON[3], POEM[3])
    )

    assert like_failed < 0.5 < like_good


def test_the_surrogate_chooses_among_new_texts_that_it_is_given() -> None:
    past = history(dict(zip(JSON[:3] + POEM[:3], (0.1, 0.12, 0.11, 0.9, 0.88, 0.91), strict=True)))
    new = [{"prompt": JSON[3]}, {"prompt": POEM[3]}]

    chosen = fitted(past).choose(np.random.default_rng(0), texts=new)

    assert chosen is not None
    assert chosen["prompt"] in JSON


def test_a_space_of_options_is_believed_as_before_whatever_it_is_called() -> None:
    space = Space(prompt=Choice([*JSON, *POEM], default=JSON[0]), heat=Float(0, 1))
    past = history(dict(zip(JSON[:3] + POEM[:3], (0.1, 0.12, 0.11, 0.9, 0.88, 0.91), strict=True)), space)
    verifier = fitted(past, space)

    new = [verifier.predict(space.complete({"prompt": text})).median for text in (JSON[3], POEM[3])]

    assert new[0] == pytest.approx(new[1])
