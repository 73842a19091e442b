"""``Rule``: a pattern and its reading. A language is a sequence of rules, applied one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple


class Rule(NamedTuple):
    """What ``pattern`` matches is replaced by its reading. All repetitions are bounded: no input takes long."""

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], str]
    marks: str = ""  # the rule is applied only to a text with one of these characters; "": to each


def apply_rules(text: str, rules: Iterable[Rule]) -> str:
    """The text after each rule in turn."""
    present = set(text)
    for pattern, read, marks in rules:
        if not marks or not present.isdisjoint(marks):
            text, count = pattern.subn(read, text)
            if count:
                present = set(text)
    return text


def first_of(words: Iterable[str]) -> str:
    """The characters that begin these words, as the marks of a rule."""
    return "".join(sorted({word[0] for word in words}))


def any_of(words: Iterable[str]) -> str:
    """A pattern of these words, the longest first."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
