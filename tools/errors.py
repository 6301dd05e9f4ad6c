"""Every exception that BestGuess raises on purpose.

The command line exits with 2 on an InputError, and with 4 on a StudyUnavailable that is no StudyDamaged.
"""

from __future__ import annotations

from bestguess.tools.words.cleaning import clean
from bestguess.tools.words.redaction import redact


class BestGuessError(Exception):
    """The root of all errors that BestGuess raises on purpose.

    Their words may come from outside: they are cleaned for terminals, and secrets in them blanked.
    """

    def __str__(self) -> str:
        return redact(clean(Exception.__str__(self)))  # that of a KeyError would be in quotes


class InputError(BestGuessError, ValueError):
    """What the caller gave is wrong; the message names the thing, its value and the mend."""


class SpaceError(InputError):
    """The definition of a space is wrong."""


class ParamsError(InputError):
    """Params do not fit the space."""


class UnknownNameError(ParamsError, KeyError):
    """No parameter of the space has this name; a KeyError too, as of any mapping."""


class CommandError(InputError):
    """A command template, a metric pattern or an objective's import path is wrong."""


class StudyError(InputError):
    """The storage cannot be opened, or the study in it is not the one asked for."""


class StudyUnavailable(StudyError):
    """The storage of an open study cannot be used: full, locked, away, deleted or damaged.

    `patience_s` is how long what failed is worth trying again.
    """

    def __init__(self, words: str, patience_s: float = 0.0) -> None:
        super().__init__(words)
        self.patience_s = patience_s


class StudyDamaged(StudyUnavailable):
    """The storage of a study holds what cannot be read: it was damaged, or is something else."""


class ModelSpecError(InputError):
    """A language model was named that does not exist."""


class WeightsError(BestGuessError):
    """Model weights could not be had, or are not what they should be."""


class ModelError(BestGuessError):
    """The language model let us down; the tuner records why and goes on without it."""


class ModelUnavailable(ModelError):
    """The language model gave no answer: it refused, timed out or died."""


class ModelRefused(ModelUnavailable):
    """The language model does not take this request, such as one that is too long, and may take others."""


class BudgetSpent(ModelError):
    """The language model was not asked, because what it may cost is spent."""


class ReplyError(ModelError):
    """The language model's answer is not a usable proposal."""
