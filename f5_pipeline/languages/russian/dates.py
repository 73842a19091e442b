"""Russian dates, years, centuries and times of day: "05.03.2024", "в 1996 г.", "XIX века", "1990-е", "10:30"."""

from __future__ import annotations

import re

from f5_pipeline.languages.rules import Rule, any_of
from f5_pipeline.languages.russian.agreement import around, ends_in, kept_period
from f5_pipeline.languages.russian.cardinal_words import cardinal
from f5_pipeline.languages.russian.numbers import counted
from f5_pipeline.languages.russian.ordinal_words import ordinal
from f5_pipeline.languages.russian.words import GENITIVE, MONTH_ABBREVIATIONS, MONTHS

_MONTH = rf"(?P<month>{'|'.join(MONTHS)}|(?:{any_of(MONTH_ABBREVIATIONS)})(?:\.|(?![а-яё])))"
_YEAR = r"(?:1[0-9]\d\d|20\d\d)"
_YEAR_MARK = r"(?P<mark> ?(?:г\.|гг\.|г(?![а-яё])|года?(?![а-яё])|году|годом|годе))"
_CASES_OF_YEAR = {"год": "", "года": "-genitive", "году": "-locative", "годом": "-ablative", "годе": "-locative"}
_NOUN_OF_CASE = {"": "год", "-genitive": "года", "-locative": "году", "-dative": "году", "-ablative": "годом"}
_PLURAL_OF_CASE = {"": "годы", "-genitive": "годов", "-locative": "годах", "-dative": "годам", "-ablative": "годами"}
_END = r"(?![\d/-]|[.,]\d)"


def _numeric(match: re.Match[str]) -> str:
    groups = match.groupdict()
    day, month = int(groups["d"] or groups["d2"]), int(groups["m"] or groups["m2"])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return match[0]
    return f"{_day(day, match)} {MONTHS[month - 1]}{_year_of_date(groups['y'] or groups['y2'])}"


def _year_of_date(written: str | None) -> str:
    if not written:
        return ""
    if len(written) == 2:
        zero = "ноль " if written[0] == "0" else ""
        return f" {zero}{ordinal(int(written), 'masculine-genitive') if int(written) else 'нулевого'} года"
    return f" {ordinal(int(written), 'masculine-genitive')} года"


def _day(day: int, match: re.Match[str]) -> str:
    before = around(match)[0]
    return ordinal(
        day,
        {"к": "neuter-dative", "ко": "neuter-dative", "по": "neuter", "на": "neuter"}.get(before, "neuter-genitive"),
    )


def _written(match: re.Match[str]) -> str:
    """ "24 июля 2013 г.", "с 1 по 5 мая", "3-4 мая"."""
    day = int(match["day"])
    if not 1 <= day <= 31:
        return match[0]
    first, link = match["first"], match["link"] or ""
    abbreviation = match["month"].rstrip(".").lower()
    month = MONTH_ABBREVIATIONS.get(abbreviation, match["month"])
    to = "по" if link.strip() == "по" else ""
    spoken = ordinal(day, "neuter") if to else _day(day, match)
    if first:
        link = link if link.strip() in ("по", "и", "до") else " – "
        spoken = f"{ordinal(int(first), 'neuter-genitive')}{link}{spoken}"
    return f"{spoken} {month}{_year_of_date(match['year'])}{kept_period(match)}"


def _year(match: re.Match[str]) -> str:
    """ "в 1996 г.", "1996 год", "в 1941-1945 гг."."""
    before = around(match)[0]
    mark = match["mark"].strip()
    if _is_amount(int(match["year"]), mark):
        return match[0]
    first, is_plural = match.groupdict().get("first"), mark == "гг."
    case = _CASES_OF_YEAR.get(mark) if not mark.startswith("г.") else None
    if case is None or mark in ("г", "гг."):
        case = _case_of_year(before)
    elif mark == "году" and before in ("к", "ко"):
        case = "-dative"
    noun = _PLURAL_OF_CASE[case] if is_plural else _NOUN_OF_CASE[case]
    spoken = ordinal(int(match["year"]), "masculine" + case)
    if first:
        spoken = f"{ordinal(int(first), 'masculine' + case)} – {spoken}"
    return f"{spoken} {noun}{kept_period(match)}"


def _is_amount(value: int, mark: str) -> bool:
    """True for "33 года", "21 год": a number of years."""
    if value >= 1000:
        return False
    few = any(ends_in(value, last) for last in (2, 3, 4))
    return (mark == "года" and few) or (mark == "год" and ends_in(value, 1))


def _case_of_year(before: str) -> str:
    if before in ("в", "во", "о", "об"):
        return "-locative"
    if before in ("к", "ко"):
        return "-dative"
    return "-genitive" if before in GENITIVE or len(before) > 3 else ""  # after a noun: "война 1812 г."


def _span_of_years(match: re.Match[str]) -> str:
    first, last = int(match[1]), int(match[2])
    if first >= last:
        return match[0]
    case = _case_of_year(around(match)[0])
    return f"{ordinal(first, 'masculine' + case)} – {ordinal(last, 'masculine' + case)}"


def _time(match: re.Match[str]) -> str:
    """ "10:30", "до 18:00"; a full hour has its noun."""
    hour, minute, second = match[1], int(match[2]), match[3]
    case = "genitive" if around(match)[0] in GENITIVE else ""
    if not (minute or second):
        return counted(str(int(hour)), "час часа часов", case=case)
    form = f"masculine-{case}" if case else ""
    spoken = f"{cardinal(int(hour), form)} {_two_digits(minute, form)}"
    return f"{spoken} {_two_digits(int(second), form)}" if second else spoken


def _two_digits(value: int, form: str) -> str:
    if not value:
        return "ноль ноль"
    zero = "ноль " if value < 10 else ""
    return zero + cardinal(value, form)


DATES: tuple[Rule, ...] = (
    Rule(
        re.compile(
            rf"(?<![\w./-])(?:(?P<y>\d{{4}})([-/.])(?P<m>\d{{1,2}})\2(?P<d>\d{{1,2}})"
            rf"|(?P<d2>\d{{1,2}})([-/.])(?P<m2>\d{{1,2}})\6(?P<y2>\d{{4}}|\d{{2}})){_END}(?: ?(?:г\.|года?)(?![а-яё]))?"
        ),
        _numeric,
        "-/.",
    ),
    Rule(
        re.compile(
            r"(?<![\d.,/-])(?:(?P<first>\d{1,2})(?P<link> по | и | до |[-–]| [-–] ))?"
            rf"(?P<day>\d{{1,2}})(?:-го)?(?: |-){_MONTH}(?:[ -](?P<year>\d{{4}})(?!\d)(?: ?г(?:\.|ода)(?![а-яё]))?)?",
            re.IGNORECASE,
        ),
        _written,
    ),
    Rule(
        re.compile(rf"(?<![а-яё])([Сс]о? )({_YEAR})(?= (?:по|до) {_YEAR})"),
        lambda m: m[1] + ordinal(int(m[2]), "masculine-genitive"),
    ),
    Rule(re.compile(rf"(?<=го по )({_YEAR})(?! ?\d| ?г|[.,]\d)"), lambda m: ordinal(int(m[1]))),
    Rule(re.compile(rf"(?<=го до )({_YEAR})(?! ?\d| ?г|[.,]\d)"), lambda m: ordinal(int(m[1]), "masculine-genitive")),
    Rule(re.compile(rf"(?<![\d.,-])(?:(?P<first>{_YEAR}) ?[-–] ?)?(?P<year>{_YEAR}){_YEAR_MARK}"), _year, "г"),
    Rule(
        re.compile(
            r"(?<![\d.,-])(?P<year>\d{1,3})"
            r"(?P<mark> ?(?:г\.(?= (?:до )?нашей)|годом|году|года?))(?![а-яё])"
        ),
        _year,
        "г",
    ),
    Rule(re.compile(rf"(?<![\d.,/-])({_YEAR})\s?[-–]\s?({_YEAR}){_END}"), _span_of_years, "-–"),
    Rule(
        re.compile(r"(?<![а-яё])([Вв]о?) (1[5-9]\d\d|20\d\d)(?=[,.;:!?)]?(?:$| [^\d а-яё]|[,;:!?)]))"),
        lambda m: f"{m[1]} {ordinal(int(m[2]), 'masculine-locative')}",
        "Вв",
    ),
)
TIMES: tuple[Rule, ...] = (
    Rule(re.compile(r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?![\d:])"), _time, ":"),
)
