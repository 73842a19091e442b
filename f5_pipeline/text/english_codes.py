"""English: numbers read digit by digit: telephone numbers, codes, accounts, flights and versions."""

from __future__ import annotations

import re

from f5_pipeline.text.english_counting import Rule, apart, cardinal, digits, words

_EMERGENCY = "911|999|112|111|101|988|411|311|211"
_NUMBER_NAMES = (
    r"(?:[Pp]ass)?[Cc]ode|PIN|ZIP|[Pp]ass(?:word|phrase)|[Ee]nding in|[Ee]xtension"
    r"|(?:[Aa]ccount|[Cc]ard|[Oo]rder|[Rr]eference|[Cc]onfirmation|[Tt]racking|[Tt]icket|[Cc]ase|[Mm]ember) number"
)
_NAME_MARKS = ("ode", "PIN", "ZIP", "ass", "nding in", "xtension", "number")


def _telephone(match: re.Match[str]) -> str:
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))


def _named(match: re.Match[str]) -> str:
    return match[1] + digits(match[2])


def _attached(match: re.Match[str]) -> str:
    """ "BA2490", "1Z999AA10123456784"; but "FY2024" has a year."""
    like_year = len(match[0]) == 4 and match[0][:2] in ("19", "20")
    return match[0] if like_year else apart(match, digits(match[0]))


def _dotted(match: re.Match[str]) -> str:
    """A version number or an IP address."""
    parts = match[0].split(".")
    return apart(match, (" dot " if len(parts) == 4 else " point ").join(map(cardinal, parts)))


def _resolution(match: re.Match[str]) -> str:
    """ "1080p" is "ten eighty p"."""
    return f"{words(int(match[1]))} {words(int(match[2]))} p"


def _hours(match: re.Match[str]) -> str:
    """ "0900 hours" is "zero nine hundred hours"."""
    hour = f"{'zero ' if match[1][0] == '0' and match[1] != '00' else ''}{words(int(match[1]))}"
    minute = int(match[2])
    return f"{hour} {'hundred' if not minute else words(minute) if minute > 9 else f'oh {words(minute)}'} hours"


def _telephone_in_letters(match: re.Match[str]) -> str:
    """ "1-800-FLOWERS"."""
    return f"one, {digits(match[1])}, {match[2].replace('-', ' ').lower()}"


CODE_RULES: list[Rule] = [
    (("1-8",), r"(?<![\w-])1-(8\d\d)-([A-Z](?:-?[A-Z]){3,14})\b", _telephone_in_letters),
    (
        (")",),
        r"(?<![\w-])(?:(?:\+?\d{1,3}[ .-]?)?\(\d{3}\)[ .-]?\d{3}[ .-]\d{4}|\(0\d{1,4}\)[ -]?\d{3,4}[ -]?\d{3,4})"
        r"(?![\w-])",
        _telephone,
    ),
    ((" ", "."), r"(?<![\w.,+-])(?:\+?1[ .])?\d{3}([ .])\d{3}\1\d{4}(?![\w-]|[.,]\d)", _telephone),
    (("-", ")"), r"(?<![\w-])(?:\+\d{1,3}[ -]?)?(?:1-)?\d{3}[ -]\d{3}[ -]\d{4}(?![\w-])", _telephone),
    (("+", "0"), r"(?<![\w.,+-])(?:\+\d{1,3}|0\d{2,4})(?:[ -]\d{2,5}){2,4}(?![\w-]|[.,]\d)", _telephone),
    (("-",), r"(?<![\w-])\d{3}-\d{4}(?![\w-])", _telephone),
    (("-",), r"\b\d+(?:-\d+){2,}\b", lambda match: match[0].replace("-", ", ")),
    (("ial ",), r"(\b[Dd]ial (?:star |pound )?)(\d{2,6})\b(?![.,:/-]?\d)", _named),
    (
        ("all ", "ial ", "ext ", "hone ", "ax "),
        r"(\b(?:[Cc]all|[Dd]ial|[Tt]ext|[Pp]hone|[Ff]ax)(?: us| me)?(?: at| on)? )(\d{10,11})\b(?![.,:/-]?\d)",
        _named,
    ),
    (("all ",), rf"(\b[Cc]all )({_EMERGENCY})\b(?![.,:/-]?\d| [a-z]+s\b)", _named),
    (_NAME_MARKS, rf"(\b(?:{_NUMBER_NAMES})(?: is|:)? #?)(\d{{3,}})\b(?![.,:/-]?\d)", _named),
    (("hours", "hrs"), r"\b([01]\d|2[0-3])([0-5]\d) (?:hours|hrs)\b", _hours),
    (("p",), r"\b(\d{1,2})([2-9]0)p\b", _resolution),
    ((".",), r"(?<![\d.])\d+(?:\.\d+){2,}(?!\d)", _dotted),
    (("",), r"(?<=[A-Z])\d{4,}(?![.,:/-]?\d)", _attached),
]
