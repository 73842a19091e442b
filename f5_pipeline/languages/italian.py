"""Italian: its words, its number formats and its own rules."""

from __future__ import annotations

import re

from f5_pipeline.languages.language import Language, words
from f5_pipeline.languages.number_words import cardinal, ordinal
from f5_pipeline.languages.numbers import has_roman, roman
from f5_pipeline.languages.word_tables import word_table

_WORDS = word_table("it")

_MONARCHS = (
    "Luigi|Carlo|Vittorio Emanuele|Umberto|Amedeo|Ferdinando|Francesco|Enrico|Filippo|Federico|Giovanni"
    "|Paolo|Giovanni Paolo|Benedetto|Pio|Leone|Gregorio|Clemente|Urbano|Innocenzo|Bonifacio|Giulio|Napoleone|Guglielmo"
    "|Edoardo|Giorgio|Riccardo|Giacomo|Alessandro|Nicola|Ottone|Corrado|Leopoldo|Cosimo|Ramses|Elisabetta|Caterina|Maria"
)
_QUEENS = ("Elisabetta", "Caterina", "Maria")
_MONARCH = re.compile(rf"\b({_MONARCHS}) ([IVX]{{1,6}})\b(?!\.\w)")
_NUMBERED = re.compile(
    r"\b(capitolo|tomo|volume|libro|atto|articolo|titolo|canto|secolo|scena|sezione|parte|fase) ([IVXLC]{1,7})\b",
    re.IGNORECASE,
)
_CENTURY = re.compile(r"\b([IVX]{1,6}) (?=secolo\b|capitolo\b|canto\b|edizione\b|legislatura\b|arrondissement\b)")
_ONE = re.compile(r"(?<![\d.,:/-])1 (?=([^\W\d]{2,30}))")
_IMPURE = re.compile(r"s[bcdfglmnpqrtv]|z|gn|ps|pn|x|y")  # initials of nouns that follow "uno"
_RANK = re.compile(
    r"(?<![\w.,])(\d{1,4})°(?= [^\W\d]{3,}| e \d|$)(?! (?:Celsius|Fahrenheit|di|all|nel|sotto|sopra|con|per|oggi))"
)
_DOT_TIME = re.compile(r"\b(ore |alle |dalle |le )(\d{1,2})\.([0-5]\d)\b", re.IGNORECASE)
_ON_DAY = re.compile(r"\b(il|dal|al|del|entro il|giorno) (\d{1,2})[/.](\d{1,2})(?!\d|[/.,]\d)", re.I)


def _ordinal(number: int, suffix: str) -> str:
    return ordinal(number, "it", "feminine" if suffix in ("ª", "a") else "masculine")


def _day(day: int, _: str) -> str:
    return "primo" if day == 1 else cardinal(day, "it")


def _monarch(match: re.Match[str]) -> str:
    return f"{match[1]} {_ordinal(roman(match[2]) or 0, 'a' if match[1] in _QUEENS else 'o')}"


def _numbered(match: re.Match[str]) -> str:
    value, suffix = roman(match[2]), "a" if match[1].lower() in ("scena", "sezione", "parte", "fase") else "o"
    return f"{match[1]} {_ordinal(value, suffix)}" if value else match[0]


def _century(match: re.Match[str]) -> str:
    following = match.string[match.end() : match.end() + 10]
    suffix = "a" if following.startswith(("edizione", "legislatura")) else "o"
    return f"{_ordinal(roman(match[1]) or 0, suffix)} "


def _fraction(numerator: int, denominator: int) -> str:
    count = cardinal(numerator, "it", "masculine")
    name = "mezzo" if denominator == 2 else ordinal(denominator, "it", "masculine")
    return f"{count} {name if numerator == 1 else name[:-1] + 'i'}"


def _half(whole: str, noun: str) -> str:
    half = "mezza" if noun and (_WORDS.nouns.form(noun) == "feminine" or (whole and noun.endswith("e"))) else "mezzo"
    if whole:
        return f"{whole} {noun} e {half}" if noun else f"{whole} e {half}"
    return f"{half} {noun}" if noun else f"un {half}"


def _on_day(match: re.Match[str]) -> str:
    day, month = int(match[2]), int(match[3])
    exists = 1 <= day <= 31 and 1 <= month <= 12
    return f"{match[1]} {_day(day, '')} {ITALIAN.months[month - 1]}" if exists else match[0]


def _one(match: re.Match[str]) -> str:
    """ "un'ora", "uno zio"."""
    noun = match[1].lower()
    form = _WORDS.nouns.form(noun)
    if noun == "ora" or (form == "feminine" and noun[0] in "aeiou"):
        return "un'"
    return "uno " if form == "masculine" and _IMPURE.match(noun) else match[0]


def _elided(text: str) -> str:
    """ "alle 1:15", "1 h": "all'una e quindici", "un'ora"."""
    text = re.sub(r"\b([Aa]|[Dd]a|[Dd]e)lle una\b(?! [^\W\d]{2,30}a\b)", r"\1ll'una", text)
    return text.replace("uno ora", "un'ora").replace("al cento chilometri", "ogni cento chilometri")


def _rules(text: str) -> str:
    if has_roman(text):
        text = _MONARCH.sub(_monarch, text)
        text = _NUMBERED.sub(_numbered, text)
        text = _CENTURY.sub(_century, text)
    if not re.search(r"\d", text):
        return text
    text = re.sub(r"\b[Nn](?:\.|°|º|\.º) ?(?=\d)", "numero ", text)
    text = re.sub(r"(?<!\w)'(?=\d{2,3}\b)", "", text)
    text = _DOT_TIME.sub(r"\1\2:\3", text)
    text = _ON_DAY.sub(_on_day, text)
    text = re.sub(r"(?<=\d)h(?=[0-5]\d\b)", ":", text)
    text = re.sub(r"\b([Aa]|[Dd]a|[Dd]e)lle 1\b(?![.:,]\d)", r"\1ll'una", text)
    text = _ONE.sub(_one, text)
    return _RANK.sub(lambda m: _ordinal(int(m[1]), "o"), text)


def _half_day(hour: int, half: str) -> str:
    if half == "a":
        return "di notte" if hour in (12, 1, 2, 3) else "di mattina"
    return "del pomeriggio" if hour == 12 or hour < 7 else "di sera"


ITALIAN = Language(
    "it",
    paired_decimals=True,
    form=_WORDS.nouns.form,
    of=lambda noun: f"di {noun}",
    months=words("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
    day=_day,
    to="a",
    hour_and_minutes="{h} e {m}",
    seconds="{0}, {1} e {2}",
    half_day=_half_day,
    hours={1: "una", 21: "ventuno"},
    ordinals=((r"\.?(º|ª)|[oa](?= [a-z]{3})", _ordinal),),
    half=_half,
    fraction=_fraction,
    mixed="{whole} e {fraction}",
    magnitudes="milioni|milione|miliardi|miliardo|bilioni|bilione|mila",
    large={
        "mln": ("milione", "milioni"),
        "mld": ("miliardo", "miliardi"),
        "M": ("milione", "milioni"),
        "bn": ("miliardo", "miliardi"),
        "k": ("mila", "mila"),
    },
    subunits={
        "EUR": ("centesimo", "centesimi"),
        "USD": ("centesimo", "centesimi"),
        "CHF": ("centesimo", "centesimi"),
        "GBP": ("penny", "penny"),
        "RUB": ("copeca", "copechi"),
    },
    currencies={"GBP": ("sterlina", "sterline")},
    units={
        "kg": ("chilo", "chili"),
        "ha": (),
        "hg": ("etto", "etti"),
        "km/s": ("chilometro al secondo", "chilometri al secondo"),
        "%": ("per cento", "per cento"),
    },
    words=_WORDS,
    rules=_rules,
    after=_elided,
)
