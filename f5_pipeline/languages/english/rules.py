"""English: a rule is a pattern with its reading, applied only to texts that have one of the rule's marks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

Reading = str | Callable[[re.Match[str]], str]
# A quick check that a text must pass for the rule to apply: strings of which it must contain one, or characters
# (a frozenset) of which one must follow a digit.
Marks = tuple[str, ...] | frozenset[str]
Rule = tuple[Marks, str, Reading]  # marks, pattern, replacement
CompiledRule = tuple[Marks, re.Pattern[str], Reading]
_AFTER_DIGIT = re.compile(r"\d(\D)")


def compiled(rules: Iterable[Rule]) -> list[CompiledRule]:
    return [(marks, re.compile(pattern), reading) for marks, pattern, reading in rules]


def apply(text: str, rules: Iterable[CompiledRule]) -> str:
    """The text after all rules, in their order."""
    following: set[str] | None = None
    for marks, pattern, reading in rules:
        if isinstance(marks, frozenset):
            if following is None:
                following = set(_AFTER_DIGIT.findall(text))
            if marks.isdisjoint(following):
                continue
        else:
            for mark in marks:
                if mark in text:
                    break
            else:
                continue
        if (changed := pattern.sub(reading, text)) != text:
            text, following = changed, None
    return text


def after_digit(characters: str) -> frozenset[str]:
    """Marks: one of the characters after a digit."""
    return frozenset(characters)
