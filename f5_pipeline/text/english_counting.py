"""English: bare numbers as words, through num2words. What stands around them is in ``english_numbers``."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from num2words import num2words

# What a text must have one of for the rule to matter (a quick look first), a pattern, and how a match is said.
Rule = tuple[tuple[str, ...], str, Callable[[re.Match[str]], str]]

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<!\.)(?<!\w\w)\.\d+"
_LONGEST = 15  # digits; a longer number is read digit by digit


@lru_cache(maxsize=20_000)
def words(number: int, to: str = "cardinal") -> str:
    """A small number in words; ``to``: as num2words calls it."""
    return num2words(number, to=to).replace(",", "")


def _large(number: int) -> str:
    """A cardinal by groups of three digits: the groups are few and cached, large numbers are many."""
    if number < 1000:
        return words(number)
    groups: list[str] = []
    rest, last = divmod(number, 1000)
    for scale in ("thousand", "million", "billion", "trillion"):
        rest, group = divmod(rest, 1000)
        if group:
            groups.insert(0, f"{words(group)} {scale}")
    if last:
        groups.append(("and " if last < 100 else "") + words(last))
    return " ".join(groups)


def digits(text: str) -> str:
    """Digit by digit: "007" is "zero zero seven"."""
    return " ".join(words(int(digit)) for digit in text if digit.isdecimal())


def cardinal(text: str) -> str:
    """A number as written (thousands commas, a decimal point, leading zeros) in words."""
    whole, _, decimals = text.replace(",", "").partition(".")
    if not whole:
        return f"point {digits(decimals)}"
    leading_zero = len(whole) > 1 and whole[0] == "0"
    spoken = digits(whole) if leading_zero or len(whole) > _LONGEST else _large(int(whole))
    return f"{spoken} point {digits(decimals)}" if decimals else spoken


def ordinal(number: int) -> str:
    """ "third", "twenty-first"."""
    return words(number, "ordinal")


def year(text: str) -> str:
    """A year of 1100–2099 as years are said; any other number as a number."""
    return words(int(text), "year") if len(text) == 4 and 1100 <= int(text) <= 2099 else cardinal(text)


def plural(word: str) -> str:
    """ "fifty" is "fifties", "six" is "sixes"."""
    return word[:-1] + "ies" if word.endswith("y") else word + ("es" if word.endswith("x") else "s")


def apart(match: re.Match[str], spoken: str) -> str:
    """What is said for a match, with spaces where that touches letters (``mp3``)."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return (" " if before.isalpha() else "") + spoken + (" " if after.isalpha() else "")
