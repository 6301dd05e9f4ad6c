"""Words as people write them, folded so that the spellings of one thing are equal.

Case, accents, hyphens and spaces between parts (Light GBM, light-gbm), plurals, British and American
spelling, a version behind a name (pg16), an estimator's ending (LGBMRanker) and one slip of the pen in a long
name do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

MOST_CHARS = 2000
"""What a text says is said by then, and more takes long."""

LONGEST = 6
"""Words of the longest phrase that is looked for."""

SLIP_CHARS, LONGEST_NAME = 7, 30
"""In a shorter name one other letter makes another word."""

_BREAK = re.compile(r"[^\w\s'\u2019=.+-]+|\.(?!\w)|\s-\s")
"""No phrase goes on behind it."""

_NOT = re.compile(
    r"\b(?:not|unlike|instead of|rather than|than|without|no longer|replac(?:es|ed|ing))\b"
    r"(?:\s+(?!(?:but|by|with|we|is|only|just|on|for|in)\b)[\w+-]+){1,3}",
    re.IGNORECASE,
)
"""What is named in order to say that it is something else."""

_FILLING = re.compile(
    r"\b(?:an?|the|our|my|tun(?:e|ing)|optimi[sz](?:e|ing)|hyper-?parameters|of|for)\b", re.IGNORECASE
)

_AMERICAN = (
    (re.compile(r"our(?!$|s$)|(?<=..)our(?=s?$)"), "or"),
    (re.compile(r"is(?=(e[drs]?|ing|ations?)$)"), "iz"),
    (re.compile(r"ll(?=(ed|ing|er)$)"), "l"),
    (re.compile(r"([bt])re$"), r"\1er"),
)
_ENDING = re.compile(r"(?<=..)(?:classifier|regressor|ranker)?(?:cv)?$")
_PLURAL = re.compile(r"(?<=[a-z]{2})(?<![suix])s$")


@dataclass(frozen=True)
class Words:
    """What a text says: every few words of it in a row, joined and folded."""

    said: frozenset[str]
    all: str
    """The whole of it, without words such as "tune our"."""

    run: str
    """Every word of it, folded."""

    @cached_property
    def nearly(self) -> frozenset[str]:
        """The long ones, also with each letter left out in turn."""
        long = (joined for joined in self.said if SLIP_CHARS <= len(joined) + 1 <= LONGEST_NAME)
        return frozenset(slip for joined in long for slip in _slips(joined))

    def names(self, phrase: str, *, exactly: bool = False) -> bool:
        """Whether the phrase is said, or a long one but for a slip within it."""
        sought = fold(phrase)
        if sought in self.said:
            return True
        if _is_sentence(phrase):
            return _run(phrase) in self.run
        return not exactly and len(sought) >= SLIP_CHARS and not self.nearly.isdisjoint(_slips(sought))

    def names_any(self, phrases: Iterable[str], *, exactly: bool = False) -> bool:
        """Whether one of the phrases is said."""
        return any(self.names(phrase, exactly=exactly) for phrase in phrases)


@lru_cache(maxsize=64)
def read_words(text: str) -> Words:
    """Return what the first MOST_CHARS of a text say, without what they say it is not."""
    said: set[str] = set()
    for stretch in _BREAK.split(_NOT.sub(";", text[:MOST_CHARS])):
        words = split_words(stretch)
        folded = [fold_word(word) for word in words]
        for end, word in enumerate(words):
            for start in range(max(0, end + 1 - LONGEST), end + 1):
                before = "".join(folded[start:end])
                said |= {before + way for way in _ways(word)}
    given = text[:MOST_CHARS]
    return Words(frozenset(said), fold(" ".join(_FILLING.split(given))), f" {_run(given)} ")


@lru_cache(maxsize=4096)
def fold(phrase: str) -> str:
    """Return a phrase's words, folded and joined."""
    return "".join(fold_word(word) for word in split_words(phrase))


@lru_cache(maxsize=4096)
def _is_sentence(phrase: str) -> bool:
    """Whether a phrase is longer than what is joined, has breaks, or is of a script without spaces."""
    broken = _BREAK.search(phrase.strip()) or _NOT.search(phrase)
    return bool(broken) or len(split_words(phrase)) > LONGEST or not fold(phrase).isascii()


@lru_cache(maxsize=4096)
def _run(text: str) -> str:
    words = " ".join(map(fold_word, split_words(text)))
    return f" {words} " if words.isascii() else words


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case, without accents, cut at what is no letter or digit."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    plain = re.sub(r"['\u2019]s\b|(?<=[A-Z]{2})s\b", "", plain)  # RFs, SVM's
    return re.findall(r"[^\W_]+", plain.casefold())


@lru_cache(maxsize=4096)
def fold_word(word: str) -> str:
    """Return a word in the singular, in American spelling."""
    word = re.sub(r"ies$", "y", word) if len(word) > 4 else word
    word = _PLURAL.sub("", word) if len(word) > 3 else word
    for british, american in _AMERICAN:
        word = british.sub(american, word)
    return word


def _ways(word: str) -> Iterator[str]:
    """Yield a word folded, and the name in it without a version or an estimator's ending."""
    yield fold_word(word)
    yield fold_word(_ENDING.sub("", word))
    if name := re.fullmatch(r"([^\W\d]{2,})\d+", word):
        yield fold_word(name[1])


@lru_cache(maxsize=4096)
def _slips(joined: str) -> frozenset[str]:
    """Return what two words share that differ by one letter left out, put in, changed or moved by one.

    The first letter and the last stay: the last is where another word begins (transformer, transformed).
    """
    return frozenset(
        joined[:1] + middle + joined[-1:]
        for within in [joined[1:-1]]
        for middle in [within, *(within[:at] + within[at + 1 :] for at in range(len(within)))]
    )
