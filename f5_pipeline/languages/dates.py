"""Dates in words: "5. März 2024", "24/07/2013", "2024-03-05", in languages other than English."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

from f5_pipeline.languages.language import Language
from f5_pipeline.languages.number_words import cardinal
from f5_pipeline.languages.rules import any_of
from f5_pipeline.languages.units import locale

_NUMERIC = re.compile(
    r"(?<![\d./-])(?:"
    r"(?P<y>\d{4})(?P<mark>[-/.])(?P<m>\d{1,2})(?P=mark)(?P<d>\d{1,2})"
    r"|(?P<d2>\d{1,2})(?P<mark2>\. ?|[-/])(?P<m2>\d{1,2})(?P=mark2)(?P<y2>[12]\d{3})"
    r"|(?P<d3>[0-3]\d)(?P<mark3>[./-])(?P<m3>0[1-9]|1[0-2])(?P=mark3)(?P<y3>\d\d))(?![\d/-]|\.\d)"
)
_DAY_MONTH = re.compile(r"(?<![\w.,/-])(\d{1,2})\. ?(1[0-2]|[1-9])\.(?:(?=,? [^\W\dA-Z])|( ?[-–] ?)(?=\d))")
_JOINS = "do|a|i|až|und|bis|og|til|och|till|ja|un|līdz|la|și|y|al|e|et|au|та|по"  # between the first and the last day
_MONTH = re.compile(r"(?<![\w./-])([12]\d{3})-(0[1-9]|1[0-2])(?![\w/-]|[.,]\d)")


def dates(text: str, rules: Language) -> str:
    """The text with its dates in words; a day or month that does not exist stays in digits."""
    if months(rules) == ():
        return text
    if rules.day_month and "." in text:
        text = _DAY_MONTH.sub(lambda match: _without_year(match, rules), text)
    if "-" in text or "/" in text or "." in text:
        text = _NUMERIC.sub(lambda match: _numeric(match, rules), text)
    if "-" in text:
        text = _MONTH.sub(lambda match: f"{months(rules)[int(match[2]) - 1]} {_year(int(match[1]), rules)}", text)
    text = _first_day(rules).sub(lambda match: _opening(match, rules), text)
    return _written_date(rules).sub(lambda match: _written(match, rules), text)


@lru_cache(maxsize=200)
def months(rules: Language) -> tuple[str, ...]:
    """The names of the months after a day: the language's own, else Babel's."""
    place = locale(rules.code)
    return rules.months or (tuple(place.months["format"]["wide"].values()) if place else ())


@lru_cache(maxsize=200)
def _month_numbers(rules: Language) -> dict[str, int]:
    """All written names of months in lower case, also short, → their number."""
    numbers = {name.lower(): number for number, name in enumerate(months(rules), 1)}
    for place in filter(None, [locale(rules.code)]):
        for context, width in itertools.product(("format", "stand-alone"), ("wide", "abbreviated")):
            names = place.months[context][width]
            numbers |= {name.lower().rstrip("."): number for number, name in names.items()}
    return {name: number for name, number in numbers.items() if not name.isdecimal()}


def date(day: int, month: int, year: int | None, rules: Language, before: str = "") -> str:
    """A date in words, as it follows the word ``before``, which is not part of it."""
    parts = [rules.day(day, before) if rules.day else cardinal(day, rules.code), months(rules)[month - 1]]
    if year is not None:
        parts.append(_year(year, rules))
    return rules.between.join(reversed(parts) if rules.year_first else parts)


def _before(match: re.Match[str]) -> str:
    """The word before a match."""
    words = match.string[max(0, match.start() - 20) : match.start()].split(" ")
    return words[-2] if len(words) > 1 and not words[-1] else ""


def _year(year: int, rules: Language) -> str:
    return rules.year(year) if rules.year else cardinal(year, rules.code)


def _numeric(match: re.Match[str], rules: Language) -> str:
    year = int(match["y"] or match["y2"] or match["y3"])
    year += 2000 if year < 30 else 0
    day, month = int(match["d"] or match["d2"] or match["d3"]), int(match["m"] or match["m2"] or match["m3"])
    if month > 12 and match["mark2"] == "/":
        day, month = month, day
    exists = 1 <= day <= 31 and 1 <= month <= 12
    return date(day, month, year, rules, _before(match)) if exists else match[0]


def _without_year(match: re.Match[str], rules: Language) -> str:
    day, month = int(match[1]), int(match[2])
    if not 1 <= day <= 31:
        return match[0]
    return date(day, month, None, rules, _before(match)) + (f" {rules.to or '–'} " if match[3] else "")


@lru_cache(maxsize=200)
def _first_day(rules: Language) -> re.Pattern[str]:
    """The first of two days of one month: "3. do" in "3. do 12. maja", "3–" in "3–12 maj"."""
    names = any_of(_month_numbers(rules))
    join = rf"(?: ?([-–]) ?| ({_JOINS}) )"
    return re.compile(
        rf"(?<![\w.,/-])(\d{{1,2}})(?:\.?º|er)?\.?{join}(?=\d{{1,2}}\.?(?: de | di | )(?:{names})\b)", re.IGNORECASE
    )


def _opening(match: re.Match[str], rules: Language) -> str:
    day, join = int(match[1]), match[3] or rules.to
    if not 1 <= day <= 31 or not join:
        return match[0]
    spoken = rules.day(day, _before(match)) if rules.day else cardinal(day, rules.code)
    return f"{spoken} {join} "


@lru_cache(maxsize=200)
def _written_date(rules: Language) -> re.Pattern[str]:
    """ "am 5. März 2024", "le 5 mars", "5 de marzo de 2024", "3. dec. 2022"."""
    names = any_of(_month_numbers(rules))
    year_word = rf"(?: (?:{rules.year_word}))?" if rules.year_word else ""
    link = r"(?: de | di |\.? )"
    return re.compile(
        rf"(?<![\w.,/-])(?=\d)(?P<days>(?:\d{{1,2}}\.?[/-]){{0,3}})(?P<day>\d{{1,2}})"
        r"(?:er|\.?º|°|:[ae]|ste|de|e)?"
        rf"{link}(?P<month>{names})\b(?:\.(?= \d))?(?:,? (?:de |del )?(?P<year>\d{{4}})\b{year_word})?",
        re.IGNORECASE,
    )


def _written(match: re.Match[str], rules: Language) -> str:
    day, year = int(match["day"]), match["year"]
    if not 1 <= day <= 31:
        return match[0]
    number = _month_numbers(rules)[match["month"].lower()]
    before = _before(match)
    earlier = [rules.day(int(each), before) if rules.day else each for each in re.findall(r"\d+", match["days"])]
    spoken = " ".join((*earlier, date(day, number, int(year) if year else None, rules, before)))
    full = months(rules)[number - 1]
    return spoken.replace(full, match["month"], 1) if len(match["month"]) >= len(full) else spoken
