"""Languages other than English: numbers, times, percentages, money and dates in words, by num2words.

Each language is an entry of ``language_table``. For a language without an entry only numbers are read, if num2words
supports it; else digits stay. num2words lacks Chinese, which has its own module, ``chinese``.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial

from num2words import CONVERTER_CLASSES

from f5_pipeline.text.chinese import chinese
from f5_pipeline.text.language_table import LANGUAGES, Language, Ordinal, say

_LONGEST = 15  # digits; a longer number is read digit by digit
_CURRENCIES = {"€": "EUR", "EUR": "EUR", "$": "USD", "USD": "USD", "£": "GBP", "GBP": "GBP", "¥": "JPY"}
_UNKNOWN = Language(decimal_comma=False)
_HOUR = r"(?:[01]?\d|2[0-4])"
_COMMA_NUMBER = r"\d{1,3}(?:[. \u202f']\d{3})+(?![\d])(?:,\d+)?|\d+(?:,\d+)?"
_POINT_NUMBER = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"
_ISO_DATE = re.compile(r"(?:\b(\w+) )?\b(\d{4})-(\d{2})-(\d{2})\b")
_NUMERIC_DATE = re.compile(r"(?:\b(\w+) )?\b(\d{1,2})([./])(\d{1,2})\3(\d{4})\b")


def other_language(text: str, language: str) -> str:
    """The text with everything written in digits in words; unchanged if the language is not supported."""
    short = language[:2]
    if short == "zh":
        return chinese(text)
    if not re.search(r"\d", text):
        return text
    rules = LANGUAGES.get(short, _UNKNOWN)
    number = _COMMA_NUMBER if rules.decimal_comma else _POINT_NUMBER
    text = _dates(text, rules)
    if short in CONVERTER_CLASSES:
        text = _signs(_times(_ranges(text, number, rules), short, rules), rules)
    text = re.sub(r"(?<=\d)\s?%", f" {rules.percent}", text)
    if short not in CONVERTER_CLASSES:
        return text
    text = _ordinals(_ones(_money(text, short, number, rules), rules), rules)
    return re.sub(number, lambda match: _apart(match, _number(match[0], short, rules), rules), text)


def _times(text: str, language: str, rules: Language) -> str:
    """ "10:30 Uhr", "10h30", "14:00"."""

    def say_time(match: re.Match[str]) -> str:
        hour = int(match["h"] or match["h2"] or match["h3"])
        minute = int(match["m"] or match["m2"] or 0)
        values = {"h": rules.hours.get(hour) or say(hour, language), "s": "" if hour == 1 else "s"}
        if not minute:
            return rules.full_hour.format(**values)
        zero = f"{say(0, language)} " if minute < 10 and rules.zero_minutes else ""
        return rules.hour_and_minutes.format(**values, m=zero + say(minute, language))

    return _clock(rules).sub(say_time, text)


@lru_cache(maxsize=32)
def _clock(rules: Language) -> re.Pattern[str]:
    mark = rf"\s?(?:{rules.hour_mark or '(?!)'})"
    with_colon = rf"(?P<h>{_HOUR})(?::|\.(?=\d\d{mark}(?!\w)))(?P<m>[0-5]\d)(?:{mark}(?!\w))?"
    with_mark = rf"(?P<h2>{_HOUR}){mark}\s?(?P<m2>[0-5]\d)(?!\w)|(?P<h3>{_HOUR}){mark}(?!\w)"
    return re.compile(rf"(?<![\w:.,])(?:{with_colon}|{with_mark})(?![\d:])")


def _ranges(text: str, number: str, rules: Language) -> str:
    """ "10-20", "10%-20%", "10:00-12:00"; applied before times, for "14-16 Uhr"."""

    def span(match: re.Match[str]) -> str:
        first, last = (_plain(match[group], rules.decimal_comma) for group in (1, 3))
        return f"{match[1]}{match[2]}{gap}{rules.to}{gap}{match[3]}" if float(first) < float(last) else match[0]

    if not rules.to:
        return text
    gap = " " if rules.spaces else ""
    mark = rf"\s?(?:{rules.hour_mark or '(?!)'})"
    times = rf"(?<=\d)(:[0-5]\d(?:{mark})?|{mark})\s?[-–]\s?(?={_HOUR}(?::[0-5]\d|{mark}))"
    text = re.sub(times, rf"\1{gap}{rules.to}{gap}", text)
    sign = r"(\s?[%€°$£]|)"
    return re.sub(rf"(?<![\w.,:/-])(?!0\d)({number}){sign}\s?[-–]\s?(?!0\d)({number})(?![\d/:-])", span, text)


def _signs(text: str, rules: Language) -> str:
    """ "3:2" and "-5"."""
    gap = " " if rules.spaces else ""
    if versus := rules.versus or rules.to:
        text = re.sub(r"(?<=\d):(?=\d)", f"{gap}{versus}{gap}", text)
    return re.sub(r"(?<![\w.,)-])-(?=\d)", rules.minus + gap, text) if rules.minus else text


def _ones(text: str, rules: Language) -> str:
    for words, one in rules.ones:
        text = re.sub(rf"(?<![\d.,:/-])1 (?=(?:{words})\b)", one, text)
    return text


def _ordinals(text: str, rules: Language) -> str:
    for pattern, ordinal in rules.ordinals:
        say_ordinal = partial(_ordinal, ordinal)
        text = re.sub(rf"(?<![\w.,])(\d{{1,4}}){pattern}(?!\w)", say_ordinal, text)
    if rules.ordinal_after and (day := rules.day):
        pattern = rf"\b({rules.ordinal_after}) (\d{{1,2}})\.(?= \w)"
        text = re.sub(pattern, lambda m: f"{m[1]} {day(int(m[2]), m[1])}", text, flags=re.IGNORECASE)
    return text


def _ordinal(ordinal: Ordinal, match: re.Match[str]) -> str:
    return ordinal(int(match[1]), match[2])


def _apart(match: re.Match[str], spoken: str, rules: Language) -> str:
    """``spoken`` with a space where the number touches a letter that is not part of its word."""
    if not rules.spaces:
        return spoken
    before, after = match.string[: match.start()][-1:], match.string[match.end() :]
    joined = rules.attached and re.match(rules.attached, after)
    return (" " if before.isalpha() else "") + spoken + (" " if after[:1].isalpha() and not joined else "")


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


def _money(text: str, language: str, number: str, rules: Language) -> str:
    signs = "|".join(re.escape(sign) for sign in _CURRENCIES)

    def say_money(match: re.Match[str]) -> str:
        amount, sign = match["before"] or match["after"], match["sign"] or match["sign_after"]
        if name := rules.currencies.get(_CURRENCIES[sign]):
            return amount + name
        return _currency(_plain(amount, rules.decimal_comma), language, _CURRENCIES[sign]) or match[0]

    pattern = rf"(?P<sign>{signs})\s?(?P<before>{number})|(?P<after>{number})\s?(?P<sign_after>{signs})(?!\w)"
    return re.sub(pattern, say_money, text)


@lru_cache(maxsize=20_000)
def _currency(plain: str, language: str, currency: str) -> str | None:
    """The amount in words; None if num2words does not support it."""
    try:
        spoken = say(float(plain), language, "currency", currency=currency)
        if float(plain).is_integer():  # "fünf Euro", not "fünf Euro und null Cent"
            spoken = re.split(rf"(?:,| \w+) {say(0, language)} ", spoken)[0]
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
            return say(int(written), language, "year")
        if rules.comma and "." in plain:
            whole, _, decimals = plain.partition(".")
            return " ".join(
                (say(int(whole), language), rules.comma, *(say(int(digit), language) for digit in decimals))
            )
        return say(float(plain) if "." in plain else int(plain), language)
    except (NotImplementedError, OverflowError, ValueError, TypeError, KeyError):
        return written
