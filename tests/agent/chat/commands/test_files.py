"""The best is written into the script it came from."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.agent.chat.commands.conftest import SCRIPT, Tell
from tests.agent.chat.conftest import Talk


@pytest.mark.slow
def test_the_best_goes_into_the_script_once_its_lines_were_seen(talk: Talk, told: Tell, folder: Path) -> None:
    told(0.2)
    told(0.1, lr=0.025, opt="sgd")
    talk.session.consents |= {"code", "space", "budget"}
    talk.say("/apply")
    card = talk.of("card")[-1]
    assert card.text == "Write trial 1 into train.py: lr 0.01 → 0.025, opt adam → sgd?"
    assert card.fields["consent"] == "once"
    assert (
        'train.py:3 + `p.add_argument("--lr", type=float, default=0.025)  # the rate`' in card.fields["lines"]
    )
    assert (folder / "train.py").read_text() == SCRIPT
    talk.say("yes")
    assert (folder / "train.py").read_text() == SCRIPT.replace("0.01", "0.025").replace('="adam"', '="sgd"')


@pytest.mark.slow
def test_what_was_changed_between_the_card_and_the_yes_is_asked_again(
    talk: Talk, told: Tell, folder: Path
) -> None:
    told(0.1, lr=0.025)
    talk.say("/apply")
    changed = SCRIPT.replace("default=0.01", "default=0.5")
    (folder / "train.py").write_text(changed)
    talk.say("yes")
    assert (folder / "train.py").read_text() == changed
    assert "lr 0.5 → 0.025" in talk.of("card")[-1].text


@pytest.mark.slow
def test_a_no_writes_nothing_and_what_stands_there_already_is_not_asked_about(
    talk: Talk, told: Tell, folder: Path
) -> None:
    told(0.1, lr=0.025)
    talk.say("/apply", "no")
    assert (folder / "train.py").read_text() == SCRIPT
    told(0.05)
    assert "Nothing was written" in talk.say("/apply 1").text
