"""English: fractions, ratings and other numbers with a slash between them."""

from __future__ import annotations

import re

from f5_pipeline.languages.english.counting import cardinal, ordinal, words
from f5_pipeline.languages.english.rules import Rule, after_digit

FRACTION = re.compile(r"(\d+ )?(\d{1,3})/(\d{1,3})")
_NAMES = {1: ("over one", "over one"), 2: ("half", "halves"), 4: ("quarter", "quarters")}
_USUAL = (12, 16, 20, 32, 64, 100)  # denominators above 10
_LARGEST_DAY = 31
_PERFECT_SIGHT = 20  # "20/20"


def fraction_in_words(match: re.Match[str]) -> str:
    """A match of ``FRACTION``: "1 1/2", "22/3"; as it is written if it may be a date or the like."""
    whole, top, bottom = match[1], int(match[2]), int(match[3])
    if not top and bottom:
        return f"zero out of {words(bottom)}"
    if 0 < top == bottom and not whole:
        return f"{words(top)} {words(top)}" if top == _PERFECT_SIGHT else f"{words(top)} out of {words(bottom)}"
    if top + bottom == 100 and top > bottom and not whole:  # "80/20"
        return f"{words(top)} {words(bottom)}"
    if top > bottom > 0 and match.string.startswith(("=", " =", " equals"), match.end()):
        return f"{words(top)} divided by {words(bottom)}"
    if not (bottom and top) or (is_improper(match) and not (whole or 1 < bottom <= 10)):
        return f"{words(top)} over {words(bottom)}" if top > bottom > _LARGEST_DAY else match[0]
    if bottom in (10, 100) and 1 < top < bottom and not whole and not _is_part(match):
        return f"{words(top)} out of {words(bottom)}"
    return f"{cardinal(whole.strip())} and {_parts(top, bottom, whole)}" if whole else _parts(top, bottom, whole)


def _parts(top: int, bottom: int, whole: str | None) -> str:
    one, many = _NAMES.get(bottom, (ordinal(bottom), ordinal(bottom) + "s"))
    return f"{'a' if whole and top == 1 and bottom > 1 else words(top)} {one if top == 1 else many}"


def _is_part(match: re.Match[str]) -> bool:
    return match.string.startswith((" of a", " of the"), match.end())


def is_improper(match: re.Match[str]) -> bool:
    """True for a score, a date or the like rather than a fraction."""
    top, bottom = int(match[2]), int(match[3])
    certain = bottom <= 10 or bottom in _USUAL or (bottom < 100 and (top > 12 or bottom > _LARGEST_DAY))
    return not (1 <= top < bottom and certain)


def _with_ordinal(match: re.Match[str]) -> str:
    """ "1/4th of it" is "a quarter of it"."""
    fraction = FRACTION.fullmatch(match[1])
    if fraction and int(fraction[3]) in (10, 100) and not fraction[1]:
        return _parts(int(fraction[2]), int(fraction[3]), None)
    spoken = fraction_in_words(fraction) if fraction else match[0]
    return spoken.replace("one ", "a ", 1) if match.string.startswith(" of", match.end()) else spoken


def _out_of(match: re.Match[str]) -> str:
    return f"{cardinal(match[1])} out of {cardinal(match[2])}"


# What a number "out of" another follows.
_GAUGES = (
    "[Rr]ated|[Ss]cored?|SCORE|[Aa]mmo|AMMO|HP|MP|XP|SP|[Mm]ana|[Hh]ealth|[Ss]tamina|[Ee]nergy|[Ss]hields?|[Pp]rogress"
)
FRACTION_RULES: list[Rule] = [
    (
        ("/",),  # "4.5/5 stars", "rated 9/10"
        r"(?<![\d/.])(\d{1,4}(?:\.\d{1,2})?)/(\d{1,4})(?= (?:stars?|points?|rating|score|marks?|XP|HP|MP|EXP|SP)\b)"
        rf"|(?<![\d/.])\b((?:{_GAUGES}):? )(\d{{1,4}}(?:\.\d{{1,2}})?)/(\d{{1,4}})(?![\d/]| of\b)",
        lambda match: f"{match[3] or ''}{cardinal(match[1] or match[4])} out of {cardinal(match[2] or match[5])}",
    ),
    (after_digit("/"), r"(?<![\d/.])(\d{1,2}\.\d{1,2})/(5|10|20|100)(?![\d/.])", _out_of),
    (
        ("/",),
        r"(?<![\d/])(\d{1,3}) ?/ ?(\d{2,3})(?= ?(?:mm|over|blood)\b)|(?<![\d/])(\d{4,12})/(\d{4,12})(?![\d/])",
        lambda match: f"{cardinal(match[1] or match[3])} over {cardinal(match[2] or match[4])}",
    ),
    (after_digit("/"), r"(?<=\b[Gg]ot )(\d{1,3})/([2-9]\d|1[1-9])(?![\d/]| of\b)", _out_of),
    (after_digit("/"), r"(?:(?<=odds of )|(?=\d+/\d+ odds))(\d{1,3})/(\d{1,2})(?![\d/])", r"\1 to \2"),
    (
        ("/",),  # "1/4th"
        r"(?<![\d/])(\d{1,3}/\d{1,3})(?:st|nd|rd|th|ST|ND|RD|TH)s?\b",
        _with_ordinal,
    ),
    (after_digit("/"), r"(?<![\w/.])(\d{1,3} )?(\d{1,3})/(\d{1,3})(?![\d/]|\.\d)", fraction_in_words),
]
