"""Latvian: its words, its number formats and its own rules."""

from __future__ import annotations

import re

from f5_pipeline.languages.language import Language, words
from f5_pipeline.languages.number_words import cardinal
from f5_pipeline.languages.word_tables import word_table

_ORDINALS = words(
    "nult pirm otr treš ceturt piekt sest septīt astot devīt desmit vienpadsmit divpadsmit trīspadsmit četrpadsmit"
    " piecpadsmit sešpadsmit septiņpadsmit astoņpadsmit deviņpadsmit"
)
_ENDINGS = (  # ending of the noun → ending of the ordinal before it, both in the same case and gender
    (r"[ae]s", "ās"),
    (r"os", "ajos"),
    (r"us", "os"),
    (r"[sš]", "ais"),
    (r"[āēī]", "ajā"),
    (r"[uo]", "o"),
    (r"i", "ie"),
)
_POINT = re.compile(r"(?<![\w.,])(\d{1,4})\. (?=([a-zāčēģīķļņšūž]{2,30})\b)")
_UNITS = words("nulle vien div tr četr piec seš septiņ astoņ deviņ")  # without their endings
_PLURAL_ENDINGS = ((r"[āēī]s", "ās"), ("os", "os"), ("us", "us"), (r"[āēī]m", "ām"), ("iem", "iem"), ("u", "u"))
_DECLINED = re.compile(r"(?<![\w.,:/-])(\d{1,3}) (?=([a-zāčēģīķļņšūž]{2,30}(?:[āēīou]s|[āēī]m|iem|u))\b)")
_DOT_TIME = re.compile(r"\b(plkst\. |pulksten )(\d{1,2})\.([0-5]\d)\b", re.IGNORECASE)


def _ordinal(number: int, noun: str) -> str:
    """The ordinal in the form of a noun: "piektais stāvs", "piektajā martā", "piektā klase"."""
    ending = next((end for pattern, end in _ENDINGS if re.fullmatch(rf"\w*{pattern}", noun)), "ā")
    last = number % 100 if 0 < number % 100 < 20 else number % 10
    if not last:
        return f"{cardinal(number, 'lv')}{ending}"
    before = cardinal(number - last, "lv") + " " if number > last else ""
    return f"{before}{_ORDINALS[last]}{ending}"


def _declined(match: re.Match[str]) -> str:
    """A number from 1 to 9, or with these at its end, in the case of a plural noun: "piecos gados"."""
    number, noun = int(match[1]), match[2]
    last = number % 10
    if not last or 10 < number % 100 < 20:
        return match[0]
    ending = next(end for pattern, end in _PLURAL_ENDINGS if re.fullmatch(rf"\w*{pattern}", noun))
    before = cardinal(number - last, "lv") + " " if number > last else ""
    return f"{before}{'trij' if last == 3 else _UNITS[last]}{ending} "


def _rules(text: str) -> str:
    text = _DOT_TIME.sub(r"\1\2:\3", text)
    text = _POINT.sub(lambda match: f"{_ordinal(int(match[1]), match[2])} ", text)
    return _DECLINED.sub(_declined, text)


def _form(noun: str) -> str:
    is_feminine = re.fullmatch(r"\w+(?:as|es|a|e)", noun) and noun != "Celsija"
    return "feminine" if is_feminine else "masculine"


def _fraction(numerator: int, denominator: int) -> str:
    """ "viena trešdaļa", "divas piektdaļas"."""
    stem = _ORDINALS[denominator] if denominator < len(_ORDINALS) else f"{cardinal(denominator, 'lv')}"
    part = "puse" if denominator == 2 else f"{stem}daļa"
    return f"{cardinal(numerator, 'lv', 'feminine')} {part}{'' if numerator == 1 else 's'}"


LATVIAN = Language(
    "lv",
    fraction=_fraction,
    half=lambda whole, noun: f"{whole} ar pusi {noun}" if whole else f"puse {noun}",
    mixed="{whole} un {fraction}",
    form=_form,
    to="līdz",
    versus="pret",
    hour_and_minutes="{h} un {m}",
    and_subunit=" un ",
    magnitudes="miljoni|miljons|miljonu|miljardi|miljards|miljardu",
    large={"milj": ("miljons", "miljoni"), "mljrd": ("miljards", "miljardi")},
    subunits={"EUR": ("cents", "centi"), "USD": ("cents", "centi"), "GBP": ("penss", "pensi")},
    words=word_table("lv"),
    rules=_rules,
)
