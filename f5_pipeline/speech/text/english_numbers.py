"""English: everything written with digits, as words. Rules are tables of (pattern, reading), tried in order.

The words for bare numbers come from num2words; here is only what surrounds them: dates, times, money, units, years.
Abbreviations, addresses and symbols are in ``english``, the tables of words in ``english_words``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from num2words import num2words

from f5_pipeline.speech.text.english_words import CURRENCIES, MAGNITUDES, UNITS

Rule = tuple[tuple[str, ...], re.Pattern[str], Callable[[re.Match[str]], str]]

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH = "|".join(f"{name}|{name[:3]}" for name in MONTHS) + "|Sept"
_LONGEST = 15  # digits; a longer number is read digit by digit

_FRACTIONS = {2: ("half", "halves"), 4: ("quarter", "quarters")}


@lru_cache(maxsize=20_000)
def _words(number: int, to: str = "cardinal") -> str:
    return num2words(number, to=to).replace(",", "")


def _large(number: int) -> str:
    """A cardinal by groups of three digits: the groups are few and cached, large numbers are many."""
    if number < 1000:
        return _words(number)
    groups: list[str] = []
    rest, last = divmod(number, 1000)
    for scale in ("thousand", "million", "billion", "trillion"):
        rest, group = divmod(rest, 1000)
        if group:
            groups.insert(0, f"{_words(group)} {scale}")
    if last:
        groups.append(("and " if last < 100 else "") + _words(last))
    return " ".join(groups)


def digits(text: str) -> str:
    """Digit by digit: "007" is "zero zero seven"."""
    return " ".join(_words(int(digit)) for digit in text if digit.isdecimal())


def cardinal(text: str) -> str:
    """A number as written (thousands commas, a decimal point, leading zeros) in words."""
    whole, _, decimals = text.replace(",", "").partition(".")
    if not whole:
        return f"point {digits(decimals)}"
    leading_zero = len(whole) > 1 and whole[0] == "0"
    spoken = digits(whole) if leading_zero or len(whole) > _LONGEST else _large(int(whole))
    return f"{spoken} point {digits(decimals)}" if decimals else spoken


def ordinal(number: int) -> str:
    return _words(number, "ordinal")


def year(text: str) -> str:
    """A year of 1100–2099 as years are said; any other number as a number."""
    return _words(int(text), "year") if len(text) == 4 and 1100 <= int(text) <= 2099 else cardinal(text)


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


def _decade(match: re.Match[str]) -> str:
    return _plural(year(match[1]) if len(match[1]) == 4 else _words(int(match[1])))


# --- dates and times ------------------------------------------------------------------------------------------


def _month(name: str) -> str:
    return next(month for month in MONTHS if month.startswith(name[:3]))


def _date(month: int, day: int, year_text: str | None) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    spoken = f"{MONTHS[month - 1]} {ordinal(day)}"
    return f"{spoken}, {year(year_text)}" if year_text else spoken


def _iso_date(match: re.Match[str]) -> str:
    return _date(int(match[2]), int(match[3]), match[1]) or match[0]


def _month_day(match: re.Match[str]) -> str:
    spoken = _date(MONTHS.index(_month(match[1])) + 1, int(match[2]), match[3])
    return match[0] if spoken is None else spoken


def _day_month(match: re.Match[str]) -> str:
    if not 1 <= int(match[2]) <= 31:
        return match[0]
    spoken = f"{match[1] or 'the '}{ordinal(int(match[2]))} of {_month(match[3])}"
    return f"{spoken}, {year(match[4])}" if match[4] else spoken


def _slash_date(day_first: bool) -> Callable[[re.Match[str]], str]:
    def say(match: re.Match[str]) -> str:
        first, second = int(match[1]), int(match[3])
        in_order = (second, first) if (day_first or match[2] == "." or first > 12) and second <= 12 else (first, second)
        return _date(*in_order, match[4]) or match[0]

    return say


def _half_of_day(text: str | None) -> str:
    return "" if not text else f" {text[0].upper()}M"


def _time(match: re.Match[str]) -> str:
    hour, minute, second, half = int(match[1]), int(match[2]), match[3], _half_of_day(match[4])
    spoken = _words(hour)
    if minute:
        spoken += f" oh {_words(minute)}" if minute < 10 else f" {_words(minute)}"
    elif not half:
        spoken += " o'clock" if 1 <= hour <= 12 else " hundred hours"
    if second and int(second):
        spoken += f" and {_words(int(second))} second{'s' if int(second) != 1 else ''}"
    return spoken + half


def _hour(match: re.Match[str]) -> str:
    return _words(int(match[1])) + _half_of_day(match[2])


# --- money, units, fractions, telephone numbers ---------------------------------------------------------------


def _money(match: re.Match[str]) -> str:
    one, many, cent, cents = CURRENCIES[match["before"] or match["after"]]
    sign = "minus " if match["minus"] else ""
    amount, upto, magnitude = match["amount"], match["upto"], MAGNITUDES.get(match["magnitude"] or "")
    if magnitude or upto:
        last = f" to {cardinal(upto)}" if upto else ""
        return f"{sign}{cardinal(amount)}{last}{' ' + magnitude if magnitude else ''} {many}"
    whole, _, part = amount.replace(",", "").partition(".")
    if len(part) != 2 or not cent:
        return f"{sign}{cardinal(amount)} {one if amount == '1' else many}"
    spoken = [f"{cardinal(whole)} {one if int(whole) == 1 else many}"] if whole.strip("0") else []
    if int(part) or not spoken:
        spoken.append(f"{_words(int(part))} {cent if int(part) == 1 else cents}")
    return sign + " and ".join(spoken)


def _unit(match: re.Match[str]) -> str:
    one, many = UNITS[match[3]]
    return f"{cardinal(match[1])} {one if match[1] == '1' or match[2] == '-' else many}"


def _feet(match: re.Match[str]) -> str:
    return f"{_words(int(match[1]))} foot {_words(int(match[2]))}"


def _fraction(match: re.Match[str]) -> str:
    whole, top, bottom = match[1], int(match[2]), int(match[3])
    if not (1 <= top < bottom and (bottom <= 10 or bottom in (12, 16, 20, 32, 64, 100))):
        return match[0]
    one, many = _FRACTIONS.get(bottom, (ordinal(bottom), ordinal(bottom) + "s"))
    spoken = f"{'a' if whole and top == 1 else _words(top)} {one if top == 1 else many}"
    return f"{cardinal(whole.strip())} and {spoken}" if whole else spoken


def _telephone(match: re.Match[str]) -> str:
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(group) for group in re.findall(r"\d+", match[0]))


def _dotted(match: re.Match[str]) -> str:
    return " point ".join(cardinal(part) for part in match[0].split("."))


def _bare(match: re.Match[str]) -> str:
    """Any number left, with spaces where it touches letters (``mp3``)."""
    spoken = year(match[0]) if match[0].isdecimal() else cardinal(match[0])
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return (" " if before.isalpha() else "") + spoken + (" " if after.isalpha() else "")


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_MONTH_STARTS = tuple(month[:3] for month in MONTHS)
_AMOUNT = rf"(?P<amount>{NUMBER})(?: to (?P<upto>{NUMBER}))?(?:\s?(?P<magnitude>{_any(MAGNITUDES)})(?![A-Za-z]))?"
_HALF = r"([AaPp][Mm])\b"
_MONEY_BEFORE = rf"(?P<minus>-)?(?<![A-Za-z])(?P<before>{_any(CURRENCIES)})\s?{_AMOUNT}(?P<after>)"
_MONEY_AFTER = rf"(?<![\w.])(?P<minus>-)?{_AMOUNT}\s?(?P<before>)(?P<after>{_any(CURRENCIES)})(?![A-Za-z])"


def _rules(day_first: bool) -> list[Rule]:
    """The rules in order. A rule begins with what a text must have one of for it to matter: a quick look first."""
    table: list[tuple[str | tuple[str, ...], str, Callable[[re.Match[str]], str]]] = [
        ("-", r"\b(\d{4})-(\d{2})-(\d{2})(?![\d-])", _iso_date),
        ("/.", r"\b(\d{1,2})([/.])(\d{1,2})\2(\d{4})\b", _slash_date(day_first)),
        (
            _MONTH_STARTS,
            rf"\b({_MONTH})\b\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?![.:,]?\d)(?:,?\s+(\d{{4}})\b)?",
            _month_day,
        ),
        (
            _MONTH_STARTS,
            rf"(\b[Tt]he )?\b(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTH})\b\.?(?:,?\s+(\d{{4}})\b)?",
            _day_month,
        ),
        (":", rf"\b([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?![:\d])(?:\s?{_HALF})?", _time),
        ("mM", rf"\b(1[0-2]|[1-9])\s?{_HALF}", _hour),
        ("-)", r"(?<![\w-])(?:\+\d{1,3}[ -]?)?(?:\(\d{3}\) ?|(?:1-)?\d{3}[ -])\d{3}[ -]\d{4}(?![\w-])", _telephone),
        ("-", r"(?<![\w-])\d{3}-\d{4}(?![\w-])", _telephone),
        ("-", r"\b\d+(?:-\d+){2,}\b", lambda match: match[0].replace("-", ", ")),
        ("-–", r"(?<=\d)(?:-| ?– ?)(?=\d)", lambda match: " to "),
        ("s", r"(?<!\d)'?\b((?:1[1-9]|20)\d0|[2-9]0)'?s\b", _decade),
        (tuple(CURRENCIES), _MONEY_BEFORE, _money),
        (tuple(CURRENCIES), _MONEY_AFTER, _money),
        ("-", r"(?<![\w.)])-(?=\.?\d)", lambda match: "minus "),
        ("'", r"\b(\d)'\s?(\d{1,2})(?:\"|'')", _feet),
        ("", rf"(?<![\w.,])({NUMBER})([ -]?)({_any(UNITS)})(?![\w²³/])", _unit),
        ("/", r"(?<![\d/])(\d+ )?(\d{1,3})/(\d{1,3})(?![\d/])", _fraction),
        (
            ("st", "nd", "rd", "th"),
            r"\b(\d{1,3}(?:,\d{3})*|\d+)(?:st|nd|rd|th)\b",
            lambda match: ordinal(int(match[1].replace(",", ""))),
        ),
        (".", r"\b\d+(?:\.\d+){2,}\b", _dotted),
        ("x×", rf"\b({NUMBER}) ?[x×] ?(?=\d)", lambda match: f"{cardinal(match[1])} by "),
        ("x×", rf"\b({NUMBER})[x×](?![A-Za-z])", lambda match: f"{cardinal(match[1])} times"),
        ("+", r"(?<=\d) ?[+] ?(?=\d)", lambda match: " plus "),
        ("=", r"(?<=\d) ?= ?(?=\d)", lambda match: " equals "),
        (":", r"(?<=\d):(?=\d)", lambda match: " to "),
        ("/", r"(?<=\d)/(?=\d)", lambda match: " slash "),
        ("", NUMBER, _bare),
    ]
    return [(tuple(marks) or ("",), re.compile(pattern), reading) for marks, pattern, reading in table]


_AMERICAN, _BRITISH = _rules(day_first=False), _rules(day_first=True)
_DIGIT = re.compile(r"\d")


def numbers_in_words(text: str, day_first: bool = False) -> str:
    """All digits of an English text in words. ``day_first``: 03/04/2024 is in April (British)."""
    if not _DIGIT.search(text):
        return text
    for marks, pattern, reading in _BRITISH if day_first else _AMERICAN:
        for mark in marks:
            if mark in text:
                text = pattern.sub(reading, text)
                break
    return text
