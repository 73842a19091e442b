"""Portuguese of Brazil and of Portugal: words, number formats and own rules. "pt" alone is Brazil's, as in CLDR."""

from __future__ import annotations

import re
from dataclasses import replace

from f5_pipeline.languages.language import Language, words
from f5_pipeline.languages.number_words import cardinal, ordinal
from f5_pipeline.languages.numbers import has_roman, roman
from f5_pipeline.languages.word_tables import word_table

_WORDS = word_table("pt")

_MONARCHS = (
    "João|Pedro|Afonso|Manuel|Luís|Carlos|Sancho|Dinis|Fernando|Duarte|Sebastião|Henrique|Filipe|José|Miguel|Paulo"
    "|João Paulo|Bento|Pio|Leão|Gregório|Clemente|Urbano|Inocêncio|Napoleão|Guilherme|Eduardo|Jorge|Ricardo|Nicolau"
    "|Alexandre|Frederico|Ramsés|Isabel|Elizabeth|Catarina|Maria"
)
_QUEENS = ("Isabel", "Elizabeth", "Catarina", "Maria")
_MONARCH = re.compile(rf"\b({_MONARCHS}) ([IVX]{{1,6}})\b(?!\.\w)")
_NUMBERED = re.compile(
    r"\b(séculos?|capítulo|tomo|volume|livro|ato|acto|artigo|título|anexo|parte|fase|cena) ([IVXLCDM]{1,9})\b",
    re.IGNORECASE,
)
_PARTS = {2: "meio", 3: "terço"}
_TAX_NUMBER = re.compile(r"\b(?:\d{3}\.\d{3}\.\d{3}|\d{2}\.\d{3}\.\d{3}/\d{4})-\d{2}\b")  # CPF, CNPJ
_RANK = re.compile(
    r"(?<![\w.,])(\d{1,4})°(?= [^\W\d]{3,}|$)(?! (?:Celsius|Fahrenheit|hoje|abaixo|acima|com|por|para|negativos))"
)
_ON_DAY = re.compile(r"\b(dia|em|no|até|desde|de) (\d{1,2})/(\d{1,2})(?!\d|[/.,]\d)")
_DOT_TIME = re.compile(r"(?<![\d.,$€£])([01]?\d|2[0-3])\.([0-5]\d)(?=$| ?h\b| da (?:manhã|tarde|noite))")


def _ordinal(number: int, suffix: str) -> str:
    return ordinal(number, "pt", "feminine" if suffix[-1] in "ªa" else "masculine")


def _day(day: int, _: str) -> str:
    return "primeiro" if day == 1 else cardinal(day, "pt")


def _monarch(match: re.Match[str]) -> str:
    """Ordinals up to ten, then cardinals: "Pedro segundo", "Luís catorze"."""
    value = roman(match[2]) or 0
    spoken = cardinal(value, "pt") if value > 10 else _ordinal(value, "a" if match[1] in _QUEENS else "o")
    return f"{match[1]} {spoken}"


def _numbered(match: re.Match[str]) -> str:
    value = roman(match[2])
    return f"{match[1]} {cardinal(value, 'pt')}" if value else match[0]


def _fraction(numerator: int, denominator: int) -> str:
    plural = "" if numerator == 1 else "s"
    if denominator in _PARTS:
        name = _PARTS[denominator] + plural
    elif denominator <= 10 or denominator in (100, 1000, 1_000_000):
        name = ordinal(denominator, "pt", "masculine") + plural
    else:
        name = f"{cardinal(denominator, 'pt')} avos"
    return f"{cardinal(numerator, 'pt')} {name}"


def _half(whole: str, noun: str) -> str:
    if not noun:
        return f"{whole} e um meio" if whole else "um meio"
    half = "meia" if _WORDS.nouns.form(noun) == "feminine" else "meio"
    return f"{whole} {noun} e {half}" if whole else f"{half} {noun}"


def _on_day(match: re.Match[str]) -> str:
    day, month = int(match[2]), int(match[3])
    exists = 1 <= day <= 31 and 1 <= month <= 12
    return f"{match[1]} {_day(day, '')} de {PORTUGUESE.months[month - 1]}" if exists else match[0]


def _rules(text: str) -> str:
    if has_roman(text):
        text = re.sub(rf"\bD\. (?=(?:{_MONARCHS}) [IVX])", "Dom ", text)
        text = _MONARCH.sub(_monarch, text)
        text = _NUMBERED.sub(_numbered, text)
    if not re.search(r"\d", text):
        return text
    text = re.sub(r"\b[Nn](?:\.º|º|°|o\.) ?(?=\d)", "número ", text)
    text = _TAX_NUMBER.sub(lambda m: " ".join(cardinal(int(digit), "pt") for digit in m[0] if digit.isdecimal()), text)
    text = _ON_DAY.sub(_on_day, text)
    text = _DOT_TIME.sub(r"\1:\2", text)
    return _RANK.sub(lambda m: _ordinal(int(m[1]), "o"), text)


def _half_day(hour: int, half: str) -> str:
    if half == "a":
        return "da manhã"
    return "da tarde" if hour == 12 or hour < 7 else "da noite"


_CENTAVOS = ("centavo", "centavos")
PORTUGUESE = Language(
    "pt",
    form=_WORDS.nouns.form,
    of=lambda noun: f"de {noun}",
    months=words("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
    day=_day,
    between=" de ",
    to="a",
    hour_mark="h",
    full_hour="{h} hora{s}",
    hour_and_minutes="{h} hora{s} e {m}",
    brief_time=("às|as|das|pelas", "{h} e {m}"),
    seconds="{0} e {1} e {2}",
    half_day=_half_day,
    half_day_hour="{h} hora{s}",
    hours={1: "uma", 2: "duas", 21: "vinte e uma", 22: "vinte e duas"},
    ordinals=((r"\.?([ºª])s?", _ordinal),),
    half=_half,
    fraction=_fraction,
    mixed="{whole} e {fraction}",
    zero_is_plural=True,
    and_subunit=" e ",
    magnitudes="mil milhões|milhões|milhão|bilhões|bilhão|biliões|bilião|trilhões|trilhão",
    large={
        "mi": ("milhão", "milhões"),
        "bi": ("bilhão", "bilhões"),
        "M": ("milhão", "milhões"),
        "bn": ("bilhão", "bilhões"),
        "k": ("mil", "mil"),
    },
    subunits={"EUR": _CENTAVOS, "USD": _CENTAVOS, "BRL": _CENTAVOS, "GBP": ("pêni", "pence")},
    currencies={"R$": ("real", "reais"), "BRL": ("real", "reais"), "JPY": ("iene", "ienes")},
    units={"kg": ("quilo", "quilos")},
    words=_WORDS,
    rules=_rules,
)
EUROPEAN_PORTUGUESE = replace(
    PORTUGUESE,
    code="pt-pt",
    large=dict(PORTUGUESE.large) | {"bn": ("mil milhões", "mil milhões")},
    subunits={"EUR": ("cêntimo", "cêntimos"), "USD": ("cêntimo", "cêntimos"), "GBP": ("péni", "pence")},
)
