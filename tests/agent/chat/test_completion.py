"""What Tab offers at the prompt, and what the line below it has room for."""

from __future__ import annotations

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.completion import NameCompleter
from bestguess.agent.chat.status import fitted


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        ("/impo", ["/importance"]),
        ("/scan tr", ["train.py"]),
        ("/pin boo", ["booster"]),
        ("/pin booster=", ["gbtree", "dart"]),
        ("/forbid depth=3 booster=d", ["dart"]),
        ("/export s", ["script", "study"]),
        ("/run m", ["minutes="]),
        ("/help narr", ["narrow"]),
        ("don't use da", ["dart"]),
        ("tune tr", ["train.py"]),
        ("tune src/m", ["src/model.py"]),
        ("tune ../", []),
    ],
)
def test_names_are_offered_where_they_may_stand(talk: Talk, before: str, offered: list[str]) -> None:
    talk.say("/new train.py val_loss minimize", "no")
    (talk.session.bench.folder / "src").mkdir()
    (talk.session.bench.folder / "src" / "model.py").write_text("")
    (talk.session.bench.folder / ".secret.py").write_text("")
    found = NameCompleter(talk.session).get_completions(Document(before), CompleteEvent())
    assert [one.text for one in found][: len(offered) or 1] == offered


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (80, "train · running 3, 12 s · 7 to go · best loss 0.1 · a question is open"),
        (40, "running 3, 12 s · a question is open"),
        (20, "a question is open"),
        (8, "a quest…"),
    ],
)
def test_a_narrow_line_keeps_what_matters_most(columns: int, line: str) -> None:
    parts = {"study": "train", "trial": "running 3, 12 s", "left": "7 to go", "best": "best loss 0.1"}
    shown = fitted({**parts, "question": "a question is open"}, columns)
    assert len(shown) <= columns
    assert shown == line
