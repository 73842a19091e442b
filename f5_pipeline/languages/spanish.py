"""Spanish: its words, its number formats and its own rules."""

from __future__ import annotations

import re

from f5_pipeline.languages.language import Language, words
from f5_pipeline.languages.number_words import cardinal, ordinal
from f5_pipeline.languages.numbers import has_roman, roman
from f5_pipeline.languages.word_tables import word_table

_WORDS = word_table("es")

_KINGS = (
    "Felipe|Carlos|Alfonso|Fernando|Juan|Pablo|Luis|Enrique|Pedro|Sancho|Ramiro|Jaime|Amadeo|Benedicto|Pío|León|Gregorio"
    "|Clemente|Urbano|Inocencio|Napoleón|Guillermo|Eduardo|Jorge|Ricardo|Nicolás|Alejandro|Federico|José|Ramsés|Isabel"
    "|Catalina|María|Juana|Cristina|Margarita|Haakon|Gustavo|Harald"
)
_QUEENS = ("Isabel", "Catalina", "María", "Juana", "Cristina", "Margarita")
_ROMAN = "[IVXLCDM]{1,9}"
_CENTURY = re.compile(
    r"\b(siglos?|año|capítulo|cap[ií]tulos|tomo|volumen|libro|título|acto|artículo|anexo|parte|fase|tipo|nivel|página)"
    r" ([IVXLCDM]{1,12}|[ivxlcdm]{1,12})\b",
    re.IGNORECASE,
)
_KING = re.compile(rf"\b({_KINGS}) ([IVX]{{1,6}})\b(?!\.\w)")
_RANK = re.compile(r"\b(el|la|del|al|El|La|Al|Del) ([IVX]{1,6}) (?=([a-záéíóúñA-ZÁÉÍÓÚÑ]\w+))")
_TEENS = {3: "decimotercer", 4: "decimocuart", 5: "decimoquint", 6: "decimosext", 7: "decimoséptim", 8: "decimoctav",
          9: "decimonoven"}  # fmt: skip
_TWENTIES = {0: "vigésim", 1: "vigesimoprimer", 2: "vigesimosegund", 3: "vigesimotercer", 4: "vigesimocuart",
             5: "vigesimoquint", 6: "vigesimosext", 7: "vigesimoséptim", 8: "vigesimoctav",
             9: "vigesimonoven"}  # fmt: skip
_TWELFTH = {11: "undécim", 12: "duodécim"}
_ADJECTIVE = re.compile(r"(?<![\w.,])([13]|\d?\d[13])\.?[ºo] (?=([a-záéíóúñ]\w+))")
_PARTS = {2: ("medio", "medios"), 3: ("tercio", "tercios")}
_ON_DAY = re.compile(r"\b(el|del|al|día|de) (\d{1,2})[/.](\d{1,2})(?!\d|[/.,]\d)", re.I)
_DOT_TIME = re.compile(r"(?<![\d.,$€£])(\d{1,2})\.([0-5]\d)(?=$| (?:est|h|horas|[ap]\.))")


def _ordinal(number: int, suffix: str) -> str:
    """With the gender of the written suffix; "er" is the short form before a noun: "primer"."""
    gender = "a" if suffix[-1] in "aª" else "o"
    short = suffix == "er"
    stem = _TWELFTH.get(number) or (_TEENS.get(number - 10) if number < 20 else _TWENTIES.get(number - 20))
    if stem:
        return stem if short and stem.endswith("er") else stem + gender
    form = "feminine" if gender == "a" else "masculine-adjective" if short else "masculine"
    return ordinal(number, "es", form)


def _regnal(match: re.Match[str]) -> str:
    """Ordinals up to ten, then cardinals: "Felipe segundo", "Alfonso trece"."""
    value = roman(match[2]) or 0
    if value > 10:
        return f"{match[1]} {cardinal(value, 'es')}"
    return f"{match[1]} {_ordinal(value, 'a' if match[1] in _QUEENS else 'o')}"


def _counted_roman(match: re.Match[str]) -> str:
    value = roman(match[2])
    return f"{match[1]} {cardinal(value, 'es')}" if value else match[0]


def _rank(match: re.Match[str]) -> str:
    value = roman(match[2]) or 0
    suffix = "a" if match[1].lower() == "la" else "er" if match[3][0].islower() or value in (1, 3) else "o"
    return f"{match[1]} {_ordinal(value, suffix)} "


def _fraction(numerator: int, denominator: int) -> str:
    count = cardinal(numerator, "es", "masculine")
    if denominator > 100 and denominator % 1000 and denominator not in range(200, 1000, 100):
        return f"{cardinal(numerator, 'es')} sobre {cardinal(denominator, 'es')}"
    if denominator in _PARTS:
        return f"{count} {_PARTS[denominator][numerator != 1]}"
    if denominator <= 10 or denominator % 100 == 0:
        name = ordinal(denominator, "es", "masculine")
    else:
        name = cardinal(denominator, "es").replace("ós", "os").replace("é", "e").replace(" y ", "i")
        name = name.removesuffix("o" if name.endswith("uno") else "a") + "avo"
    return f"{count} {name}{'' if numerator == 1 else 's'}"


def _half(whole: str, noun: str) -> str:
    half = "media" if noun and _WORDS.nouns.form(noun) == "feminine" else "medio"
    if whole:
        return f"{whole} {noun} y {half}" if noun else f"{whole} y {half}"
    return f"{half} {noun}" if noun else half


def _on_day(match: re.Match[str]) -> str:
    day, month = int(match[2]), int(match[3])
    exists = 1 <= day <= 31 and 1 <= month <= 12
    return f"{match[1]} {_day(day, '')} de {SPANISH.months[month - 1]}" if exists else match[0]


def _day(day: int, _: str) -> str:
    return "primero" if day == 1 else cardinal(day, "es")


def _half_day(hour: int, half: str) -> str:
    if half == "a":
        return "de la noche" if hour == 12 else "de la mañana"
    return "del mediodía" if hour == 12 else "de la tarde" if hour < 8 else "de la noche"


def _rules(text: str) -> str:
    if has_roman(text):
        text = _CENTURY.sub(_counted_roman, text)
        text = _KING.sub(_regnal, text)
        text = _RANK.sub(_rank, text)
    if not re.search(r"\d", text):
        return text
    text = re.sub(r"\b[Nn]\.?[º°o]s?\.? ?(?=\d)", "número ", text)
    text = re.sub(r"\b[Cc]/ ?(?=[A-ZÁÉÍÓÚ])", "calle ", text)
    text = _ON_DAY.sub(_on_day, text)
    text = re.sub(r"\b([Ll]a) 1(?=\W*$|[,;] | (?:y|de|en|menos)\b)", r"\1 una", text)
    text = _DOT_TIME.sub(r"\1:\2", text)
    text = _ADJECTIVE.sub(lambda m: f"{_ordinal(int(m[1]), 'er')} ", text)
    return re.sub(r"(?<![\w.,])(\d{1,4})°(?=$| [a-záéíóú]{4})", lambda m: _ordinal(int(m[1]), "o"), text)


_LATIN_AMERICAN = ("centavo", "centavos")
SPANISH = Language(
    "es",
    comma="coma",
    paired_decimals=True,
    form=_WORDS.nouns.form,
    of=lambda noun: f"de {noun}",
    months=words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
    day=_day,
    between=" de ",
    to="a",
    hour_mark="h|horas",
    full_hour="{h} hora{s}",
    full_clock="{h}",
    zero_is_plural=True,
    hour_and_minutes="{h} y {m}",
    seconds="{0} {1} y {2}",
    hours={1: "una", 21: "veintiuna"},
    minutes={15: "cuarto", 30: "media"},
    half_day=_half_day,
    ordinals=((r"\.?(º|ª|er|[rdtmv]?[oa]|no|na|°(?= [a-z]))s?", _ordinal),),
    half=_half,
    fraction=_fraction,
    mixed="{whole} y {fraction}",
    magnitudes="mil millones|millones|millón|billones|billón|trillones",
    large={
        "M": ("millón", "millones"),
        "bn": ("mil millones", "mil millones"),
        "k": ("mil", "mil"),
    },
    subunits={
        "EUR": ("céntimo", "céntimos"),
        "GBP": ("penique", "peniques"),
        "CHF": ("céntimo", "céntimos"),
        "USD": _LATIN_AMERICAN,
        "MXN": _LATIN_AMERICAN,
        "JPY": _LATIN_AMERICAN,
        "GTQ": _LATIN_AMERICAN,
        "BRL": _LATIN_AMERICAN,
        "ARS": _LATIN_AMERICAN,
        "COP": _LATIN_AMERICAN,
    },
    currencies={
        "NIO": ("córdoba", "córdobas"),
        "PAB": ("balboa", "balboas"),
        "GTQ": ("quetzal", "quetzales"),
        "HNL": ("lempira", "lempiras"),
        "HKD": ("dólar de Hong Kong", "dólares de Hong Kong"),
        "rs": ("rupia", "rupias"),
        "₧": ("peseta", "pesetas"),
        "ptas": ("peseta", "pesetas"),
        "mex$": ("peso mexicano", "pesos mexicanos"),
        "MX$": ("peso mexicano", "pesos mexicanos"),
        "S/": ("sol", "soles"),
        "fr": ("franco", "francos"),
        "JPY": ("yen", "yenes"),
        "₩": ("won", "wones"),
    },
    units={"ha": (), "seg": ("segundo", "segundos")},  # "ha" is a verb
    words=_WORDS,
    rules=_rules,
)
