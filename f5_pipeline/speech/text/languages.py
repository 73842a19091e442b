"""Languages other than English: numbers, percentages, money and dates in words, through num2words.

A language is a row of the table below. One that has no row gets its numbers read if num2words knows it; where that
does not either, digits stay. Chinese, which num2words lacks, is in ``chinese``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from num2words import CONVERTER_CLASSES, num2words

from f5_pipeline.speech.text.chinese import chinese


@dataclass(frozen=True)
class Language:
    """How a language writes and says what is made of digits."""

    percent: str = "%"
    decimal_comma: bool = True
    months: tuple[str, ...] = ()  # in the form that follows the day
    day: Callable[[int, str], str] | None = None  # day of the month and the word before it, to how it is said
    year: Callable[[int], str] | None = None  # of a date; None: as a number
    between: str = " "  # day, month and year
    bare_years: bool = False  # 1100–1999 alone are said like years


_LONGEST = 15  # digits; a longer number is read digit by digit
_CURRENCIES = {"€": "EUR", "EUR": "EUR", "$": "USD", "USD": "USD", "£": "GBP", "GBP": "GBP"}
_AFTER_WEAK_ARTICLE = ("am", "dem", "den", "vom", "zum", "beim", "bis", "seit", "ab", "im")  # German: "am fünften"


def _say(number: float, language: str, to: str = "cardinal", **options: str) -> str:
    return num2words(number, lang=language, to=to, **options)


def _german_day(day: int, before: str) -> str:
    ordinal = _say(day, "de", "ordinal")
    if before.lower() in _AFTER_WEAK_ARTICLE:
        return ordinal + "n"
    return ordinal if before.lower() in ("der", "die", "das") else ordinal + "r"


def _russian_year(year: int) -> str:
    return _say(year, "ru", "ordinal", case="g", gender="m") + " года"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_LANGUAGES = {
    "de": Language(
        "Prozent",
        months=_words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        day=_german_day,
        year=lambda year: _say(year, "de", "year"),
        bare_years=True,
    ),
    "fr": Language(
        "pour cent",
        months=_words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        day=lambda day, _: "premier" if day == 1 else _say(day, "fr"),
    ),
    "es": Language(
        "por ciento",
        months=_words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        day=lambda day, _: _say(day, "es"),
        between=" de ",
    ),
    "it": Language(
        "per cento",
        months=_words("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
        day=lambda day, _: "primo" if day == 1 else _say(day, "it"),
    ),
    "ru": Language(
        "процентов",
        months=_words("января февраля марта апреля мая июня июля августа сентября октября ноября декабря"),
        day=lambda day, _: _say(day, "ru", "ordinal", case="g", gender="n"),
        year=_russian_year,
    ),
    "fi": Language(
        "prosenttia",
        months=tuple(
            f"{month}kuuta" for month in _words("tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu")
        ),
        day=lambda day, _: _say(day, "fi", "ordinal"),
    ),
    "lv": Language("procenti"),
    "pt": Language("por cento"),
    "nl": Language("procent"),
    "pl": Language("procent"),
    "sv": Language("procent"),
    "ja": Language("パーセント", decimal_comma=False),
    "hi": Language("प्रतिशत", decimal_comma=False),
    **{name: Language() for name in ("cs", "da", "hu", "no", "tr", "uk")},
}
_COMMA_NUMBER = r"\d{1,3}(?:[. \u202f']\d{3})+(?![\d])(?:,\d+)?|\d+(?:,\d+)?"
_POINT_NUMBER = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"
_ISO_DATE = re.compile(r"(?:\b(\w+) )?\b(\d{4})-(\d{2})-(\d{2})\b")
_NUMERIC_DATE = re.compile(r"(?:\b(\w+) )?\b(\d{1,2})([./])(\d{1,2})\3(\d{4})\b")


def other_language(text: str, language: str) -> str:
    """The text with what is made of digits in words; unchanged where the language is not known."""
    short = language[:2]
    if short == "zh":
        return chinese(text)
    if not re.search(r"\d", text):
        return text
    rules = _LANGUAGES.get(short, Language(decimal_comma=False))
    number = _COMMA_NUMBER if rules.decimal_comma else _POINT_NUMBER
    text = _dates(text, rules)
    text = re.sub(r"(?<=\d)\s?%", f" {rules.percent}", text)
    if short not in CONVERTER_CLASSES:
        return text
    text = _money(text, short, number, rules.decimal_comma)
    return re.sub(number, lambda match: _number(match[0], short, rules), text)


def _dates(text: str, rules: Language) -> str:
    if not rules.months or rules.day is None:
        return text
    text = _ISO_DATE.sub(lambda m: _date(m, m[1], int(m[4]), int(m[3]), int(m[2]), rules), text)
    text = _NUMERIC_DATE.sub(lambda m: _date(m, m[1], int(m[2]), int(m[4]), int(m[5]), rules), text)
    return _written_date(rules.months).sub(lambda m: _written(m, rules), text)


def _date(match: re.Match[str], before: str | None, day: int, month: int, year: int, rules: Language) -> str:
    if rules.day is None or not (1 <= day <= 31 and 1 <= month <= 12):
        return match[0]
    spoken_year = rules.year(year) if rules.year else str(year)
    spoken = rules.between.join((rules.day(day, before or ""), rules.months[month - 1], spoken_year))
    return f"{before} {spoken}" if before else spoken


@lru_cache(maxsize=32)
def _written_date(months: tuple[str, ...]) -> re.Pattern[str]:
    """ "am 5. März 2024", "le 5 mars", "5 марта 2024 года"."""
    return re.compile(
        rf"(?:\b(\w+) )?\b(\d{{1,2}})(?:\.|er|º|°)? (de )?({'|'.join(months)})\b(?: (?:de )?(\d{{4}})\b(?: года)?)?"
    )


def _written(match: re.Match[str], rules: Language) -> str:
    before, day, month, year = match[1], int(match[2]), match[4], match[5]
    if rules.day is None or not 1 <= day <= 31:
        return match[0]
    parts = [rules.day(day, before or ""), month]
    if year:
        parts.append(rules.year(int(year)) if rules.year else year)
    return (f"{before} " if before else "") + rules.between.join(parts)


def _money(text: str, language: str, number: str, decimal_comma: bool) -> str:
    signs = "|".join(re.escape(sign) for sign in _CURRENCIES)

    def say(match: re.Match[str]) -> str:
        amount, sign = match["before"] or match["after"], match["sign"] or match["sign_after"]
        return _currency(_plain(amount, decimal_comma), language, _CURRENCIES[sign]) or match[0]

    pattern = rf"(?P<sign>{signs})\s?(?P<before>{number})|(?P<after>{number})\s?(?P<sign_after>{signs})(?!\w)"
    return re.sub(pattern, say, text)


@lru_cache(maxsize=20_000)
def _currency(plain: str, language: str, currency: str) -> str | None:
    """The amount in words; None if num2words cannot say it."""
    try:
        spoken = _say(float(plain), language, "currency", currency=currency)
        if float(plain).is_integer():  # "fünf Euro", not "fünf Euro und null Cent"
            spoken = re.split(rf"(?:,| \w+) {_say(0, language)} ", spoken)[0]
        return spoken
    except (NotImplementedError, OverflowError, ValueError, TypeError, KeyError):
        return None


def _plain(written: str, decimal_comma: bool) -> str:
    return re.sub(r"[. \u202f']", "", written).replace(",", ".") if decimal_comma else written.replace(",", "")


@lru_cache(maxsize=20_000)
def _number(written: str, language: str, rules: Language) -> str:
    plain = _plain(written, rules.decimal_comma)
    if len(plain) > _LONGEST or (len(plain) > 1 and plain[0] == "0" and "." not in plain):
        return " ".join(_number(digit, language, rules) for digit in plain if digit.isdecimal())
    try:
        if rules.bare_years and len(written) == 4 and written.isdecimal() and 1100 <= int(written) <= 1999:
            return _say(int(written), language, "year")
        return _say(float(plain) if "." in plain else int(plain), language)
    except (NotImplementedError, OverflowError, ValueError, TypeError, KeyError):
        return written
