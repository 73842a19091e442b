"""Finnish: its words, its number formats and its own rules. A number stands in the case of its noun."""

from __future__ import annotations

import re

from f5_pipeline.languages.language import Language, words
from f5_pipeline.languages.number_words import cardinal, ordinal
from f5_pipeline.languages.numbers import has_roman, roman
from f5_pipeline.languages.word_tables import word_table

_SUFFIXES = {
    "ssa": "inessive", "ssä": "inessive", "sta": "elative", "stä": "elative", "lla": "adessive", "llä": "adessive",
    "lta": "ablative", "ltä": "ablative", "lle": "allative", "ksi": "translative", "na": "essive", "nä": "essive",
    "een": "illative", "iin": "illative", "seen": "illative", "aan": "illative", "ään": "illative", "n": "genitive",
    "a": "partitive", "ä": "partitive", "ta": "partitive", "tä": "partitive",
}  # fmt: skip
_CASES = {
    "ssa",
    "ssä",
    "lla",
    "llä",
    "lta",
    "ltä",
    "lle",
    "ksi",
}  # ends of nouns that are sure; "asukasta" is partitive
_NO_NOUN = frozenset(
    words(
        "kuin niin noin vain ennen sitten ihan aivan melkein kanssa tai eli mutta sekä hänellä minulla sinulla meillä"
        " teillä heillä siellä täällä tuolla sillä tällä yhdessä edessä missä tässä hänelle minulle sinulle meille"
        " teille heille"
    )
)
_GENITIVES = {"%": "prosentin", "km": "kilometrin", "m": "metrin", "cm": "senttimetrin", "kg": "kilon", "g": "gramman",
              "€": "euron", "l": "litran", "h": "tunnin", "min": "minuutin", "°C": "celsiusasteen"}  # fmt: skip
_UNIT_GENITIVE = re.compile(rf"(?<![\d.,])(\d{{1,6}}) ?({'|'.join(map(re.escape, _GENITIVES))}):n\b")
_RULERS = "Kustaa|Kaarle|Aleksanteri|Nikolai|Henrik|Juhana|Paavali|Eerik|Ludvig|Elisabet|Katariina|Pius|Benedictus"
_RULER = re.compile(rf"\b({_RULERS}) ([IVX]{{1,6}})\b(?!\.\w)")
_IN_YEAR = re.compile(r"\b(vuonna |vuosina )(\d{3,4})\b(?!-)", re.IGNORECASE)
_DOT_TIME = re.compile(r"\b(klo |kello )(\d{1,2})\.([0-5]\d)\b", re.IGNORECASE)


def _form(noun: str) -> str:
    """The case of a noun by its end; after a number in the nominative the noun is a partitive."""
    if noun in _NO_NOUN:
        return ""
    if noun[-3:] in _CASES and len(noun) > 4:
        return _SUFFIXES[noun[-3:]]
    return "genitive" if re.fullmatch(r"\w{3,}[aäeiouyö]n", noun) and not noun.endswith("nen") else ""


def _with_suffix(number: int, suffix: str) -> str:
    """ "5:n", "10:ssä"; "3:s" and "3:nnen" are ordinals."""
    if suffix in ("s", "nnen"):
        return ordinal(number, "fi", "genitive" if suffix == "nnen" else "")
    return cardinal(number, "fi", _SUFFIXES[suffix])


def _ordinal(number: int, noun: str) -> str:
    """ "3. kerros", "3. kerroksessa"; before a month the nominative."""
    return ordinal(number, "fi", "" if noun.endswith("kuuta") else _form(noun))


def _half(whole: str, noun: str) -> str:
    return f"{whole} ja puoli {noun}" if whole else f"puoli {noun}"


def _fraction(numerator: int, denominator: int) -> str:
    part = f"{ordinal(denominator, 'fi')}osa"
    return f"yksi {part}" if numerator == 1 else f"{cardinal(numerator, 'fi')} {part}a"


def _rules(text: str) -> str:
    text = _DOT_TIME.sub(r"\1\2:\3", text)
    if has_roman(text):
        text = _RULER.sub(lambda match: f"{match[1]} {ordinal(roman(match[2]) or 0, 'fi')}", text)
    text = _IN_YEAR.sub(lambda match: match[1] + cardinal(int(match[2]), "fi"), text)
    if ":n" in text:
        text = _UNIT_GENITIVE.sub(lambda m: f"{cardinal(int(m[1]), 'fi', 'genitive')} {_GENITIVES[m[2]]}", text)
    return re.sub(r"(?<=\d)-(?=lu[kv]u)", "", text)


FINNISH = Language(
    "fi",
    day=lambda day, _: ordinal(day, "fi"),
    day_month=True,
    form=_form,
    ordinals=((rf":(?:{'|'.join(_SUFFIXES)}|s|nnen)", _with_suffix),),
    ordinal_point=_ordinal,
    half=_half,
    fraction=_fraction,
    attached="luku|luvu",
    to="viiva",
    hour_and_minutes="{h} {m}",
    and_subunit=" ",
    magnitudes="miljoonaa|miljoona|miljardia|miljardi",
    large={"milj": ("miljoona", "miljoonaa"), "mrd": ("miljardi", "miljardia")},
    subunits={"EUR": ("sentti", "senttiä"), "USD": ("sentti", "senttiä"), "GBP": ("penny", "pennyä")},
    words=word_table("fi"),
    rules=_rules,
)
