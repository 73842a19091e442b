"""Times of day in words: "10:30 Uhr", "10h30", "14:00:05", "3 p.m.", in languages other than English."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from f5_pipeline.languages.language import Language
from f5_pipeline.languages.number_words import cardinal
from f5_pipeline.languages.units import unit_pattern

HOUR = r"(?:[01]?\d|2[0-4])"


def times(text: str, rules: Language) -> str:
    return _clock(rules).sub(lambda match: _time(match, rules), text)


@lru_cache(maxsize=200)
def _clock(rules: Language) -> re.Pattern[str]:
    mark = rf"\s?(?:{rules.hour_mark or '(?!)'})"
    half = r"(?: ?(?P<half>[ap])\.? ?m\b\.?)" if rules.half_day else r"(?P<half>(?!))"
    with_colon = rf"(?P<h>{HOUR})(?::|\.(?=\d\d(?:{mark}(?!\w)|{half.replace('?P<half>', '?:')})))(?P<m>[0-5]\d)"
    hours = re.escape((unit_pattern("h", Decimal(2), rules) or "").replace("{0}", "").strip()) or "(?!)"
    seconds = rf"(?::(?P<s>[0-5]\d)(?P<hours> (?:{hours}|h)\b)?)?"
    with_mark = rf"(?P<h2>{HOUR}){mark}\s?(?P<m2>[0-5]\d)(?!\w| ?min)|(?P<h3>{HOUR}){mark}(?!\w)"
    with_half = rf"(?P<h4>{HOUR})(?={half.replace('?P<half>', '?:')})"
    return re.compile(
        rf"(?<![\w:.,/])(?:{with_colon}{seconds}(?:{mark}(?!\w)| h\b)?|{with_mark}|{with_half}){half}?(?![\d:])",
        re.IGNORECASE,
    )


def _time(match: re.Match[str], rules: Language) -> str:
    hour = int(match["h"] or match["h2"] or match["h3"] or match["h4"])
    minute = int(match["m"] or match["m2"] or 0)
    if match["s"]:
        return _with_seconds(
            hour, minute, int(match["s"]), rules, is_clock=not match["hours"] and match[0][-1].isalpha()
        )
    if match["half"] and rules.half_day:
        full_hour = rules.half_day_hour.format(h=_hour(hour, rules), s=_s(hour, rules))
        spoken = _hour_and_minutes(hour, minute, rules) if minute else full_hour
        return f"{spoken} {rules.half_day(hour, match['half'].lower())}"
    if not minute:
        full_hour = rules.full_clock if match["m"] and rules.full_clock else rules.full_hour
        return full_hour.format(h=_hour(hour, rules), s=_s(hour, rules))
    brief, template = rules.brief_time
    is_brief = brief and re.search(rf"\b(?:{brief}) $", match.string[max(0, match.start() - 12) : match.start()], re.I)
    return _hour_and_minutes(hour, minute, rules, template if is_brief else "")


def _s(hour: int, rules: Language) -> str:
    return "" if hour == 1 or (hour == 0 and not rules.zero_is_plural) else "s"


def _hour(hour: int, rules: Language) -> str:
    return rules.hours.get(hour) or cardinal(hour, rules.code)


def _hour_and_minutes(hour: int, minute: int, rules: Language, template: str = "") -> str:
    zero = f"{cardinal(0, rules.code)} " if minute < 10 and rules.zero_minutes else ""
    spoken = rules.minutes.get(minute) or zero + cardinal(minute, rules.code)
    return (template or rules.hour_and_minutes).format(h=_hour(hour, rules), s=_s(hour, rules), m=spoken)


def _with_seconds(hour: int, minute: int, second: int, rules: Language, is_clock: bool) -> str:
    """ "two hours, three minutes and four seconds", by CLDR's units; "zwei Uhr drei Minuten" for a time of day."""
    parts = []
    for amount, symbol in ((hour, "h"), (minute, "min"), (second, "s")):
        phrase = unit_pattern(symbol, Decimal(amount), rules) or "{0}"
        noun = phrase.replace("{0}", "").strip()
        parts.append(phrase.replace("{0}", cardinal(amount, rules.code, rules.form(noun) if noun else "")))
    if is_clock:
        parts[0] = rules.full_hour.format(h=_hour(hour, rules), s=_s(hour, rules))
    return rules.seconds.format(*parts)
