"""The grade of a study's model: known from an earlier exam, or found by one while the study goes on.

The exam runs on a thread of its own, behind everything else that the model is asked; its tokens count to the
study's budget, and what it will cost is said before. A model is examined by itself only where it is served:
what an object or a folder of the user's own is worth, `bestguess models exam` finds out.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from filelock import Timeout

from bestguess.agent.advice.exam.examination import PROBLEMS, estimate_tokens, examine, grade_for, kept_of
from bestguess.agent.llm import LLM, Reply, Request
from bestguess.agent.llm.grades import Grade, Word
from bestguess.agent.llm.shared import SharedLLM
from bestguess.tools.errors import ModelError, ModelUnavailable

_log = logging.getLogger(__name__)

LOOK_S = 5.0
"""How long a proposal waits, once, until it is known whether a server's model was examined before."""

AGAIN_S = 30.0
"""After so long a server that could not be asked which model it is is asked again."""


class Examiner:
    """Knows the grade of `model` as soon as there is one; `asked` is the model with budget and journal.

    `room` says how many tokens and requests the study may still spend; `say` is told of an exam in sentences.
    """

    def __init__(
        self,
        model: SharedLLM,
        asked: LLM,
        *,
        room: Callable[[], tuple[float, float]],
        say: Callable[[str], object] = _log.warning,
    ) -> None:
        self._model = model
        self._asked = asked
        self._room = room
        self._say = say
        self._stopped = threading.Event()
        self._looked = threading.Event()
        self._grade = model.grade
        if not model.is_server:
            self._look()

    @property
    def grade(self) -> Grade | None:
        """The grade, if it is known by now."""
        return self._grade

    def word(self, wait_s: float) -> Word:
        """Return the grade, that of a model that failed while there is none.

        The first call that may wait does so, up to `wait_s`, for what is kept of a server's model.
        """
        if wait_s > 0 and not self._looked.is_set():
            self._looked.wait(min(wait_s, LOOK_S))
            self._looked.set()
        return self._grade.word if self._grade else "failed"

    def begin(self, *, may_examine: bool) -> None:
        """Ask a server in the background which model it is, and examine that if need be and it may be."""
        if self._model.is_server:
            threading.Thread(
                target=self._run, args=(may_examine,), name="bestguess-exam", daemon=True
            ).start()

    def stop(self) -> None:
        """Ask nothing more; the marks so far are kept."""
        self._stopped.set()

    def generate(self, request: Request) -> Reply:
        """Ask the model, unless the study is over."""
        if self._stopped.is_set():
            raise ModelUnavailable("the study is over")
        return self._asked.generate(request)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    def close(self) -> None:
        """Do as `stop` does."""
        self.stop()

    def _run(self, may_examine: bool) -> None:
        while not self._look() and not self._stopped.wait(AGAIN_S):
            pass
        if self._grade is None and may_examine and not self._stopped.is_set():
            self._examine()

    def _look(self) -> bool:
        """Read what is kept of the model's exam; return whether the model could be asked who it is."""
        try:
            self._grade = grade_for(self._model)
        except ModelError:
            return False
        finally:
            self._looked.set()
        return True

    def _examine(self) -> None:
        what = f"{self.name} was not examined yet, so it has the rights of a model that failed"
        try:
            kept = kept_of(self._model)
            left = sum(name not in kept.marks for name in PROBLEMS)
            tokens, (most_tokens, most_requests) = estimate_tokens(left), self._room()
            if tokens > most_tokens or left > most_requests:
                self._say(f"{what}; the budget has no room for an exam of about {tokens} tokens")
                return
            with kept.lock().acquire(blocking=False):
                self._say(
                    f"{what}. It is examined now, behind the search's own requests: {left} small problems, "
                    f"about {tokens} tokens; exam=False (--exam off) leaves that out"
                )
                self._grade = examine(self, kept)
        except Timeout:
            self._say(f"{what}; another process examines it")
        except (ModelError, OSError) as error:
            if not self._stopped.is_set():
                self._say(f"{what}; its exam was broken off, the marks are kept: {error}")
        else:
            self._say(f"{self.name} is {self._grade.sentence}")
