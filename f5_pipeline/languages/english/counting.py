"""English: plain numbers in words, by num2words. ``numbers`` handles money, units and other context."""

from __future__ import annotations

import re
from functools import lru_cache

from num2words import num2words

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<!\.)(?<!\w\w)\.\d+"
_LONGEST = 15  # digits; a longer number without separators is read digit by digit
_LONGEST_IN_GROUPS = 33


_SCALES = (
    *("thousand", "million", "billion", "trillion", "quadrillion", "quintillion", "sextillion", "septillion"),
    *("octillion", "nonillion"),
)


@lru_cache(maxsize=20_000)
def words(number: int, to: str = "cardinal") -> str:
    """A small number in words; ``to``: num2words's form, such as "cardinal"."""
    return num2words(number, to=to).replace(",", "")


def _large(number: int) -> str:
    """A cardinal number, composed of groups of three digits, which are few enough to be cached."""
    if number < 1000:
        return words(number)
    groups: list[str] = []
    rest, last = divmod(number, 1000)
    for scale in _SCALES:
        rest, group = divmod(rest, 1000)
        if group:
            groups.insert(0, f"{words(group)} {scale}")
    if last:
        groups.append(("and " if last < 100 else "") + words(last))
    return " ".join(groups)


def digits(text: str) -> str:
    """The number digit by digit: "007" is "zero zero seven"."""
    return " ".join(words(int(digit)) for digit in text if digit.isdecimal())


def cardinal(text: str) -> str:
    """A number in digits (with thousands separators, decimal point or leading zeros), in words."""
    whole, _, decimals = text.replace(",", "").partition(".")
    if not whole:
        return f"point {digits(decimals)}"
    leading_zero = len(whole) > 1 and whole[0] == "0"
    longest = _LONGEST_IN_GROUPS if "," in text else _LONGEST
    spoken = digits(whole) if leading_zero or len(whole) > longest else _large(int(whole))
    return f"{spoken} point {digits(decimals)}" if decimals else spoken


def ordinal(number: int) -> str:
    """ "third", "twenty-first"."""
    return words(number, "ordinal")


def year(text: str) -> str:
    """A year from 1100 to 2099 as "nineteen eighty"; any other number as a cardinal."""
    return words(int(text), "year") if len(text) == 4 and 1100 <= int(text) <= 2099 else cardinal(text)


def paired(text: str) -> str:
    """The number of a house, room or flight: "708" is "seven oh eight", "1428" "fourteen twenty-eight"."""
    if len(text) > 4 or text[0] == "0":
        return digits(text)
    if len(text) < 3 or text.endswith("000"):
        return words(int(text))
    first, last = words(int(text[:-2])), int(text[-2:])
    return f"{first} hundred" if not last else f"{first} {'oh ' if last < 10 else ''}{words(last)}"


def plural(word: str) -> str:
    """The plural of a number word: "fifties", "sixes"."""
    return word[:-1] + "ies" if word.endswith("y") else word + ("es" if word.endswith("x") else "s")


def text_before(match: re.Match[str], length: int = 1) -> str:
    """At most ``length`` characters before the match."""
    return match.string[max(0, match.start() - length) : match.start()]


def text_after(match: re.Match[str], length: int = 1) -> str:
    """At most ``length`` characters after the match."""
    return match.string[match.end() : match.end() + length]


def apart(match: re.Match[str], spoken: str) -> str:
    """``spoken`` with a space on each side where the match touches a letter ("mp3")."""
    before, after = text_before(match), text_after(match)
    return (" " if before.isalpha() else "") + spoken + (" " if after.isalpha() else "")
