"""French: its words, its number formats and its own rules."""

from __future__ import annotations

import re

from f5_pipeline.languages.language import Language, words
from f5_pipeline.languages.number_words import cardinal, ordinal
from f5_pipeline.languages.numbers import has_roman, roman
from f5_pipeline.languages.word_tables import word_table

_WORDS = word_table("fr")

_MONARCHS = (
    "Louis|Charles|Henri|François|Philippe|Jean|Napoléon|Robert|Hugues|Guillaume|Édouard|Richard|Jacques|Georges|Pierre"
    "|Paul|Alexandre|Nicolas|Frédéric|Léopold|Albert|Baudouin|Benoît|Pie|Grégoire|Léon|Urbain|Clément|Innocent|Ferdinand"
    "|Joseph|Christian|Gustave|Alphonse|Ramsès|Catherine|Élisabeth|Elisabeth|Rodolphe|Maximilien|Mohammed|Hassan"
)
_PIECES = "siècle|chapitre|tome|volume|acte|livre|article|partie|titre|scène|section|arrondissement|République"
_CENTURY = re.compile(r"\b(?:([IVX]{2,6}|[VX])(i?èmes?|es?)|(I)(ers?|res?|ères?))\b")
_MONARCH = re.compile(rf"\b((?:{_MONARCHS})) (Ier|Ire|[IVX]{{1,6}})\b(?!\.\w)")
_NUMBERED = re.compile(
    r"\b(chapitre|tome|volume|acte|livre|article|titre|scène|section|partie|annexe) ([IVXLC]{1,7})\b", re.IGNORECASE
)
_SHORT_DATE = re.compile(
    r"\b(le|du|au|ce|dès le) (\d{1,2})[./](\d{1,2})(?!\d|[/.,]\d)|(?<![\d.,/])(\d{1,2})\.(0[1-9]|1[0-2])(?![\d.,])"
)


def _ordinal(number: int, suffix: str) -> str:
    plural = "s" if suffix.endswith("s") else ""
    if number == 1:
        return ("première" if suffix.rstrip("s") in ("re", "ère") else "premier") + plural
    own = {"nd": "second", "nde": "seconde"}.get(suffix.rstrip("s"))
    return (own or ordinal(number, "fr", "masculine")) + plural


def _century(match: re.Match[str]) -> str:
    """ "XVIIe siècle", "Ier"."""
    value = roman(match[1] or match[3])
    return _ordinal(value, match[2] or match[4]) if value else match[0]


def _monarch(match: re.Match[str]) -> str:
    value = roman(match[2].removesuffix("er").removesuffix("re"))
    if value is None:
        return match[0]
    first = "première" if match[1] in ("Catherine", "Élisabeth", "Elisabeth") else "premier"
    return f"{match[1]} {first if value == 1 else cardinal(value, 'fr')}"


def _numbered(match: re.Match[str]) -> str:
    value = roman(match[2])
    return f"{match[1]} {cardinal(value, 'fr')}" if value else match[0]


def _fraction(numerator: int, denominator: int) -> str:
    name = {2: "demi", 3: "tiers", 4: "quart"}.get(denominator) or ordinal(denominator, "fr", "masculine")
    plural = "" if numerator < 2 or name == "tiers" else "s"
    return f"{cardinal(numerator, 'fr')} {name}{plural}"


def _half(whole: str, noun: str) -> str:
    half = "demie" if noun and _WORDS.nouns.form(noun) == "feminine" else "demi"
    if whole:
        return f"{whole} {noun} et {half}" if noun else f"{whole} et demi"
    return f"{'une' if half == 'demie' else 'un'} demi-{noun}" if noun else "un demi"


def _of(noun: str) -> str:
    return ("d'" if noun[0] in "aeiouyéèêh" else "de ") + noun


def _short_date(match: re.Match[str]) -> str:
    day, month = int(match[2] or match[4]), int(match[3] or match[5])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return match[0]
    return (
        f"{match[1]} " if match[1] else ""
    ) + f"{FRENCH.day(day, '') if FRENCH.day else day} {FRENCH.months[month - 1]}"


def _rules(text: str) -> str:
    text = re.sub(r"\b[Ss]t[ -](?=[A-ZÉÈ])", lambda m: ("Saint" if m[0][0] == "S" else "saint") + m[0][2], text)
    text = re.sub(r"\bMe (?=[A-ZÉÈ][a-zéè])", "Maître ", text)
    text = re.sub(r"\bSte[ -](?=[A-ZÉÈ])", lambda m: "Sainte" + m[0][3], text)
    if has_roman(text):
        text = _CENTURY.sub(_century, text)
        text = _MONARCH.sub(_monarch, text)
        text = _NUMBERED.sub(_numbered, text)
    if not re.search(r"\d", text):
        return text
    text = re.sub(r"\b[Nn](?:°|º|o\.)s? ?(?=\d)", "numéro ", text)
    text = re.sub(r"\bde (?=1(?:[ .\u202f]000){2,4}\b)", "d'", text)
    text = re.sub(r"(?<=\d) ?h ?/ ?(?=24\b)", " heures sur ", text)
    text = re.sub(r"(?<=\d) ?j ?/ ?(?=7\b)", " jours sur ", text)
    text = re.sub(r"\bannées 80\b", "années quatre-vingt", text)
    text = _SHORT_DATE.sub(_short_date, text)
    return re.sub(r"^(\d{1,3})°$", lambda m: _ordinal(int(m[1]), ""), text)


def _half_day(hour: int, half: str) -> str:
    if half == "a":
        return "du matin"
    return "de l'après-midi" if hour == 12 or hour < 6 else "du soir"


FRENCH = Language(
    "fr",
    paired_decimals=True,
    paired_phones=True,
    form=_WORDS.nouns.form,
    of=_of,
    months=words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
    day=lambda day, _: "premier" if day == 1 else cardinal(day, "fr"),
    to="à",
    hour_mark="h",
    full_hour="{h} heure{s}",
    hour_and_minutes="{h} heure{s} {m}",
    seconds="{0} {1} et {2}",
    half_day=_half_day,
    half_day_hour="{h} heure{s}",
    hours={1: "une", 21: "vingt et une"},
    ordinals=(("(ers?|res?|ères?|i?èmes?|es?|è|nde?s?)", _ordinal),),
    half=_half,
    fraction=_fraction,
    mixed="{whole} et {fraction}",
    magnitudes="millions?|milliards?|billions?",
    large={
        "M": ("million", "millions"),
        "Md": ("milliard", "milliards"),
        "Mds": ("milliard", "milliards"),
        "bn": ("milliard", "milliards"),
        "k": ("mille", "mille"),
    },
    subunits={
        "EUR": ("centime", "centimes"),
        "USD": ("cent", "cents"),
        "CAD": ("cent", "cents"),
        "GBP": ("penny", "pence"),
        "CHF": ("centime", "centimes"),
    },
    units={
        "kg": ("kilo", "kilos"),
        "Mo": ("mégaoctet", "mégaoctets"),
        "Go": ("gigaoctet", "gigaoctets"),
        "To": ("téraoctet", "téraoctets"),
        "Ko": ("kilooctet", "kilooctets"),
        "ko": ("kilooctet", "kilooctets"),
        "kWh": ("kilowattheure", "kilowattheures"),
    },
    words=_WORDS,
    rules=_rules,
    after=lambda text: text.replace(" d' ", " d'"),
)
