"""Swedish, Danish and Norwegian: their words, number formats and own rules."""

from __future__ import annotations

import re
from collections.abc import Mapping

from f5_pipeline.languages.language import Language, Names, words
from f5_pipeline.languages.number_words import cardinal, ordinal, year
from f5_pipeline.languages.numbers import has_roman, roman
from f5_pipeline.languages.units import locale
from f5_pipeline.languages.word_tables import word_table

_RULERS = (
    "Karl|Carl|Gustav|Gustaf|Erik|Johan|Oscar|Kristian|Christian|Frederik|Fredrik|Haakon|Håkon|Olav|Harald|Margrethe"
    "|Elisabeth|Ludvig|Henrik|Katarina|Johannes|Pius|Benedikt|Wilhelm|Alexander|Nikolaus"
)
_RULER = re.compile(rf"\b({_RULERS}) ([IVX]{{1,6}})\b(?!\.\w)")
_DOT_TIME = re.compile(r"\b(klockan |klokken |kl )(\d{1,2})\.([0-5]\d)\b", re.IGNORECASE)
_PLURAL = {"sv": "ar", "da": "e", "no": "er"}
_SHORT_DATE = re.compile(r"\b(den) (\d{1,2})/(\d{1,2})(?!\d|[/.,]\d)", re.IGNORECASE)
_NEUTER = frozenset(
    words(
        "hus år barn bord glas ord land träd djur kilo pund gram mål öga öra äpple rum språk brev ägg kort liv namn par"
        " stycke tecken öre fönster problem tåg hjärta huvud ben hotell museum program system val krig svar steg tal"
        " sätt kilogram"
    )
)
_NO_NOUN = frozenset(
    words("och eller av i på till från med som är var har för om men mot än att den det de vid under kl")
)


def _form(noun: str) -> str:
    """Only 1 differs in Swedish: "ett hus", "en katt"."""
    return "" if noun in _NO_NOUN else "neuter" if noun in _NEUTER else "reale"


SWEDISH = Language(
    "sv",
    day=lambda day, _: ordinal(day, "sv", "neuter"),
    year=lambda number: year(number, "sv"),
    bare_years=True,
    to="till",
    versus="mot",
    hour_and_minutes="{h} och {m}",
    ordinals=((":(?:e|a)", lambda number, _: ordinal(number, "sv", "neuter")),),
    form=_form,
    fraction=lambda numerator, denominator: _fraction(numerator, denominator, "sv"),
    mixed="{whole} och {fraction}",
    half=lambda whole, noun: f"{whole} och en halv {noun}" if whole else f"en halv {noun}",
    attached="tal",
    and_subunit=" och ",
    magnitudes="miljoner|miljon|miljarder|miljard",
    large={"mn": ("miljon", "miljoner"), "md": ("miljard", "miljarder")},
    subunits={"EUR": ("cent", "cent"), "USD": ("cent", "cent"), "GBP": ("penny", "pence"), "SEK": ("öre", "öre")},
    words=word_table("sv"),
    rules=lambda text: _rules(text, "sv"),
)


def _fraction(numerator: int, denominator: int, language: str) -> str:
    """ "en tredjedel", "två tredjedelar"."""
    name = ordinal(denominator, language, "neuter") + "del" if denominator > 2 else "halv"
    count = "en" if numerator == 1 else cardinal(numerator, language)
    return f"{count} {name}{'' if numerator == 1 else _PLURAL[language]}"


def _year(number: int, language: str) -> str:
    """In hundreds before 2000 only."""
    return year(number, language) if number < 2000 else cardinal(number, language)


def _short_date(match: re.Match[str], language: str) -> str:
    """ "den 24/12": the name of the month, whose date the generic rules read."""
    place, month = locale(language), int(match[3])
    if place is None or not 1 <= month <= 12:
        return match[0]
    return f"{match[1]} {match[2]} {place.months['format']['wide'][month]}"


def _rules(text: str, language: str) -> str:
    """ "klockan 14.30" has a period between hour and minutes; "Karl XII" is "Karl den tolfte"."""
    text = _DOT_TIME.sub(r"\1\2:\3", text)
    text = re.sub(r"(?<=\d)-(?=tal)", "", text)
    text = _SHORT_DATE.sub(lambda match: _short_date(match, language), text)
    if not has_roman(text):
        return text
    return _RULER.sub(lambda match: f"{match[1]} den {ordinal(roman(match[2]) or 0, language, 'neuter')}", text)


def _danish_or_norwegian(code: str, large: Mapping[str, Names], krone: str) -> Language:
    """Written alike but for their words, large numbers and the code of their krone."""
    return Language(
        code,
        day=lambda day, _: ordinal(day, code),
        day_month=True,
        year=lambda number: _year(number, code),
        bare_years=True,
        ordinal_point=lambda number, _: ordinal(number, code),
        fraction=lambda numerator, denominator: _fraction(numerator, denominator, code),
        mixed="{whole} og {fraction}",
        half=lambda whole, noun: f"{whole} og en halv {noun}" if whole else f"en halv {noun}",
        attached="tal",
        to="til",
        hour_and_minutes="{h} {m}",
        and_subunit=" og ",
        magnitudes="millioner|million|milliarder|milliard",
        large=large,
        subunits={"EUR": ("cent", "cent"), "USD": ("cent", "cent"), "GBP": ("penny", "pence"), krone: ("øre", "øre")},
        currencies={"kr": ("krone", "kroner"), krone: ("krone", "kroner")},
        words=word_table(code),
        rules=lambda text: _rules(text, code),
    )


DANISH = _danish_or_norwegian("da", {"mio": ("million", "millioner"), "mia": ("milliard", "milliarder")}, "DKK")
NORWEGIAN = _danish_or_norwegian("no", {"mill": ("million", "millioner"), "mrd": ("milliard", "milliarder")}, "NOK")
