"""English: dates, quarters and decades in words; ``times`` has times of day. The rules are applied in order."""

from __future__ import annotations

import re
from collections.abc import Callable

from f5_pipeline.languages.english.counting import ordinal, plural, text_before, words, year
from f5_pipeline.languages.english.rules import Rule, after_digit, apply, compiled
from f5_pipeline.languages.english.times import CLOCK

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_FORMS = [form for name in MONTHS for form in (name, name[:3])] + ["Sept"]
# In capitals or small letters too; "may" and "march" are verbs, and have rules of their own.
_MONTH = "|".join(
    [*_FORMS, *map(str.upper, _FORMS), *(form.lower() for form in _FORMS if form not in ("May", "March", "Mar"))]
)
_ANY_MONTH = rf"{_MONTH}|may|march|mar"


def _month(name: str) -> str:
    return next(month for month in MONTHS if month.startswith(name[:3].capitalize()))


def _date(month: int, day: int, year_text: str | None) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    spoken = f"{MONTHS[month - 1]} {ordinal(day)}"
    return f"{spoken}, {year(year_text)}" if year_text else spoken


def _iso_date(match: re.Match[str]) -> str:
    """ "2024-01-05T10:30:00Z": reads the date and the zone; the rule for times reads the time."""
    spoken = _date(int(match[2]), int(match[3]), match[1])
    if spoken is None or not match["time"]:
        return spoken or match[0]
    return f"{spoken}, {match['time']}{_zone(match['zone'])}"


def _zone(written: str | None) -> str:
    """ "Z" is "UTC", "+05:30" is "UTC plus five thirty"."""
    if not written or written == "Z":
        return " UTC" if written else ""
    hours, minutes = int(written[1:3]), int(written[-2:])
    return f" UTC {'minus' if written[0] == '-' else 'plus'} {words(hours)}{f' {words(minutes)}' if minutes else ''}"


def _month_day(match: re.Match[str]) -> str:
    spoken = _date(MONTHS.index(_month(match[1])) + 1, int(match[2]), None)
    if spoken is None:
        return match[0]
    until = f" to {ordinal(int(match[3]))}" if match[3] else ""
    return f"{spoken}{until}, {year(match[4])}" if match[4] else spoken + until


def _month_year(match: re.Match[str]) -> str:
    return f"{_month(match[1])} {year(match[2])}"


def _day_month(match: re.Match[str]) -> str:
    if not 1 <= int(match[3]) <= 31:
        return match[0]
    since = f"{ordinal(int(match[2]))} to " if match[2] else ""
    spoken = f"{match[1] or 'the '}{since}{ordinal(int(match[3]))} of {_month(match[4])}"
    return f"{spoken}, {year(match[5])}" if match[5] else spoken


def _hyphened(match: re.Match[str]) -> str:
    """ "Jan-15-2020", "15-Jan-2020"."""
    month, day, year_text = match["month"] or match["month2"], match["day"] or match["day2"], match["y"] or match["y2"]
    spoken = _date(MONTHS.index(_month(month)) + 1, int(day), year_text if year_text and len(year_text) > 2 else None)
    short_year = f", {_short_year(year_text)}" if year_text and len(year_text) == 2 else ""
    return spoken + short_year if spoken else match[0]


def _year_first(match: re.Match[str]) -> str:
    """ "2016/07/03", "1998-3-4"."""
    return _date(int(match[3]), int(match[4]), match[1]) or match[0]


def _month_and_day(first: int, second: int, day_first: bool) -> tuple[int, int]:
    return (second, first) if (day_first or first > 12) and second <= 12 else (first, second)


def _short_year(written: str) -> str:
    """ "05" is "oh five"."""
    return f"{'oh ' if written[0] == '0' else ''}{words(int(written))}"


def _short_year_date(day_first: bool) -> Callable[[re.Match[str]], str]:
    """ "11/17/05" is in "oh five"."""

    def say(match: re.Match[str]) -> str:
        spoken = _date(*_month_and_day(int(match[1]), int(match[2]), day_first), None)
        return f"{spoken}, {_short_year(match[3])}" if spoken else match[0]

    return say


def _day_of_year(day_first: bool) -> Callable[[re.Match[str]], str]:
    """ "ends 11/30"; "by 2/3" is a fraction."""

    def say(match: re.Match[str]) -> str:
        first, second = int(match[2]), int(match[3])
        fraction = match[1].lower().startswith(("by", "from", "after")) and first < second <= 10
        spoken = None if fraction else _date(*_month_and_day(first, second, day_first), None)
        return f"{match[1]}{spoken}" if spoken else match[0]

    return say


def _days_of_year(day_first: bool) -> Callable[[re.Match[str]], str]:
    """ "from 6/1 to 6/15"."""

    def say(match: re.Match[str]) -> str:
        first = _date(*_month_and_day(int(match[2]), int(match[3]), day_first), None)
        last = _date(*_month_and_day(int(match[5]), int(match[6]), day_first), None)
        between = match[4] if match[4][1:2].isalpha() else " to "
        return f"{match[1]}{first}{between}{last}" if first and last else match[0]

    return say


def _month_of_year(match: re.Match[str]) -> str:
    """ "1/2007"."""
    return f"{MONTHS[int(match[1]) - 1]} {year(match[2])}" if 1 <= int(match[1]) <= 12 else match[0]


def _quarter(match: re.Match[str]) -> str:
    """ "2Q22" is "the second quarter of twenty-two"."""
    article = "" if text_before(match, 4) in ("the ", "The ") else "the "
    return f"{article}{ordinal(int(match[1]))} quarter of {year(match[2])}"


def _slash_date(day_first: bool) -> Callable[[re.Match[str]], str]:
    def say(match: re.Match[str]) -> str:
        first, second = int(match[1]), int(match[3])
        in_order = (second, first) if (day_first or match[2] == "." or first > 12) and second <= 12 else (first, second)
        return _date(*in_order, match[4]) or match[0]

    return say


def _decade(match: re.Match[str]) -> str:
    decade = int(match[1])
    return plural("two thousand" if match[1] == "00" else year(match[1]) if decade > 99 else words(decade))


_MONTH_STARTS = tuple({form for month in MONTHS for form in (month[:3], month[:3].upper(), month[:3].lower())})
_BEFORE_DATE = "on|by|due|ends?|until|till|before|after|since|from|through|start(?:s|ing)?|expir(?:es?|ing)|dated?"
_BEFORE_DATE += "|effective|deadline|begins?|born|opens?|closes?|meet"
_TH = "(?:st|nd|rd|th)?"
# The full stop of "Jan.", not that of "in May."
_POINT = r"(?:(?:(?<=\b[Ss]ept)|(?<=\bSEPT)|(?<=\b(?!May|may|MAY)[A-Za-z]{3}))\.(?!\s*$|\s+[A-Z]))?"
_DAY = r"(?:[12]\d|3[01]|[1-9])"


def dates_in_words(text: str, day_first: bool) -> str:
    """The text with dates in words. ``day_first``: 03/04/2024 is in April (British usage)."""
    text = apply(text, _BRITISH if day_first else _AMERICAN)
    return apply(text, _MONTH_RULES) if any(start in text for start in _MONTH_STARTS) else text


def _numeric(day_first: bool) -> list[Rule]:
    return [
        (
            after_digit("-"),
            rf"\b(\d{{4}})-(\d{{2}})-(\d{{2}})(?:T(?P<time>{CLOCK}(?::[0-5]\d)?)(?:[.,]\d{{1,9}})?"
            rf"(?P<zone>Z|[+-]\d\d:?\d\d)?)?(?![\w-])",
            _iso_date,
        ),
        (after_digit("-/"), r"(?<![\w/.-])(1\d{3}|20\d\d)([/-])(\d{1,2})\2(\d{1,2})(?![\w/-])", _year_first),
        (after_digit("/.-"), r"(?<![\w.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?![\w-])", _slash_date(day_first)),
        (after_digit("/"), r"(?<![\w/.-])(\d{1,2})/(\d{1,2})/(\d{2})(?![\w/-]|\.\d)", _short_year_date(day_first)),
        (
            after_digit("/"),
            rf"(\b(?i:{_BEFORE_DATE}|between|open) )(\d{{1,2}})/(\d{{1,2}})( (?:to|through|until|till|and) | ?[-–] ?)"
            r"(\d{1,2})/(\d{1,2})(?![\w/-]|\.\d| of\b)",
            _days_of_year(day_first),
        ),
        (
            after_digit("/"),
            rf"(\b(?:(?i:{_BEFORE_DATE})|[A-Z][a-z]{{2,5}}day),? \(?)(\d{{1,2}})/(\d{{1,2}})(?![\w/-]|\.\d| of\b)",
            _day_of_year(day_first),
        ),
        (after_digit("/"), r"(?<![\w/.-])(\d{1,2})/((?:19|20)\d\d)(?![\w/-])", _month_of_year),
        (("Q",), r"\b([1-4])Q ?'?((?:19|20)?\d\d)\b", _quarter),
    ]


_AMERICAN, _BRITISH = compiled(_numeric(day_first=False)), compiled(_numeric(day_first=True))
_MONTH_RULES = compiled(
    [
        (("-", "–"), rf"(?<=\d) ?[-–] ?(?=(?:{_MONTH})\b\.? \d{{1,2}}\b(?!-))", " to "),
        (("-", "–"), rf"(\b(?:{_MONTH})\b\.?) ?[-–] ?(?=\d{{1,2}} (?:{_MONTH})\b)", r"\1 to "),
        (
            ("-", "–"),
            rf"\b({_MONTH})\b\.? ?[-–] ?({_MONTH})\b",
            lambda match: f"{_month(match[1])} to {_month(match[2])}",
        ),
        (("'",), rf"\b({_MONTH})\b\.? '(\d\d)\b", lambda match: f"{_month(match[1])} {_short_year(match[2])}"),
        (
            ("-",),
            rf"\b(?P<month>{_ANY_MONTH})-(?P<day>0?{_DAY})(?:-(?P<y>\d{{4}}))?(?![\w-])"
            rf"|\b(?P<day2>0?{_DAY})-(?P<month2>{_ANY_MONTH})(?:-(?P<y2>(?:\d\d)?\d\d))?(?![\w-])",
            _hyphened,
        ),
        (
            ("",),
            rf"\b({_MONTH})\b{_POINT}\s+(\d{{1,2}}){_TH}\b(?:\s?[-–]\s?({_DAY}){_TH}\b)?"
            rf"(?![.:,]?\d)(?:,?\s*(\d{{4}})\b)?",
            _month_day,
        ),
        (
            ("may", "mar"),
            rf"\b(may|march|mar)\b{_POINT}\s+(\d{{1,2}}){_TH}\b()(?:,?\s*((?:19|20)\d{{2}})\b)",
            _month_day,
        ),
        (
            ("may", "march"),
            rf"(?<=\b[Oo]n )(may|march)\s+(\d{{1,2}}){_TH}\b()()(?![.:,]?\d| [a-z]+s\b)",
            _month_day,
        ),
        (
            ("",),
            rf"(\b[Tt]he )?\b(?:({_DAY}){_TH}\s?[-–]\s?)?(\d{{1,2}}){_TH}\s+(?:of\s+)?({_MONTH})\b"
            rf"{_POINT}(?:,?\s*(\d{{4}})\b)?",
            _day_month,
        ),
        (
            ("may", "mar"),
            rf"(\b[Tt]he )?\b()(\d{{1,2}}){_TH}\s+(?:of\s+)?(may|march|mar)\b{_POINT},?\s*((?:19|20)\d{{2}})\b",
            _day_month,
        ),
        (("",), rf"\b({_MONTH})\b\.?,?\s+(\d{{4}})\b(?![,.]?\d)", _month_year),
    ]
)
DECADE_RULES: list[Rule] = [
    (("0S",), r"(?<=\b1[1-9]\d0|\b20\d0)S\b", "s"),
    ((" s",), r"\b((?:1[1-9]|20)\d0) s\b(?!\.)", r"\1s"),
    (("0s",), r"(?<=0s)[-–](?='?\d\d)", " to "),
    (("0s", "0's"), r"(?<!\d)(?<!\d-)'?\b((?:1[1-9]|20)\d0|(?:[2-9]|(?<=')[01]|(?<=the )0)0)'?s\b", _decade),
    (("-Q", "–Q"), r"(?<=\bQ[1-4])[-–](?=Q[1-4]\b)", " to "),
    (("'",), r"(?<=\bQ[1-4])'(?=\d\d\b)", " "),
    (("'0",), r"(?<![\w'])'(0[1-9])\b(?!['\d])", lambda match: _short_year(match[1])),
    (("'",), r"(?<![\w'])'(?=\d\d\b(?!['\d]))", ""),
]
