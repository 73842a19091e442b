"""Polish: its words, its number formats and its own rules."""

from __future__ import annotations

import re

from f5_pipeline.languages.language import Language, words
from f5_pipeline.languages.number_words import ordinal
from f5_pipeline.languages.numbers import has_roman, roman
from f5_pipeline.languages.slavic import feminine, genitive
from f5_pipeline.languages.word_tables import word_table

_PLURALS = words(  # masculine and neuter
    "koty psy domy banany telefony komputery bilety stoły sny synowie lata miasta okna słowa jabłka krzesła jajka"
    " zdjęcia drzewa piwa zwierzęta"
)
_HOURS = (  # feminine ordinals
    *words(
        "zero pierwsza druga trzecia czwarta piąta szósta siódma ósma dziewiąta dziesiąta jedenasta dwunasta trzynasta"
        " czternasta piętnasta szesnasta siedemnasta osiemnasta dziewiętnasta dwudziesta"
    ),
    *(f"dwudziesta {unit}" for unit in words("pierwsza druga trzecia czwarta")),
)
_HOUR = re.compile(rf"\b((?:[Oo]|[Oo]d|[Dd]o|[Pp]o|[Oo]koło|godzinie) )({'|'.join(reversed(_HOURS[1:]))})\b")
_YEAR = re.compile(r"\b([Ww] )?([12]\d{3}) (?:roku\b|r(?=\.$)|r\.)(?! \d)")
_CENTURY = re.compile(r"\b([Ww] )?([IVX]{1,6}) (wieku|wiek)\b")
_DECADE = re.compile(r"\b([Ll]ata|[Ll]at|[Ll]atach) (\d0)\b(?:\.(?!$))?(?![.,]?\d)")
_RULERS = (
    "Henryk|Jan|Jan Paweł|Paweł|Zygmunt|Władysław|Kazimierz|August|Stanisław|Ludwik|Karol|Filip|Fryderyk|Wilhelm"
    "|Mikołaj|Aleksander|Piotr|Katarzyna|Elżbieta|Pius|Benedykt|Mieszko|Bolesław|Napoleon|Iwan|Leon|Grzegorz"
)
_RULER = re.compile(rf"\b({_RULERS}) ([IVX]{{1,6}})\b(?!\.\w)")


def _genitive(number: int) -> str:
    """ "piątego": the genitive, as in dates."""
    endings = {"gi": "giego", "ci": "ciego", "sty": "stego", "ty": "tego", "my": "mego", "wszy": "wszego", "ny": "nego"}
    return genitive(ordinal(number, "pl"), endings | {"ąty": "ątego", "rty": "rtego"})


def _year(match: re.Match[str]) -> str:
    """ "w 1791 roku": the locative; "1791 roku": the genitive."""
    return f"{match[1] or ''}{_locative(_genitive(int(match[2]))) if match[1] else _genitive(int(match[2]))} roku"


def _locative(genitive: str) -> str:
    """ "piątym" for "piątego", "drugim" for "drugiego"."""
    return re.sub(r"ego\b", "ym", re.sub(r"iego\b", "im", genitive))


def _century(match: re.Match[str]) -> str:
    """ "w XX wieku", "XX wieku", "XX wiek"."""
    value = roman(match[2]) or 0
    spoken = _genitive(value) if match[3] == "wieku" else ordinal(value, "pl")
    return f"{match[1] or ''}{_locative(spoken) if match[1] else spoken} {match[3]}"


def _rules(text: str) -> str:
    if has_roman(text):
        text = _CENTURY.sub(_century, text)
        text = _RULER.sub(lambda m: f"{m[1]} {_ordinal(roman(m[2]) or 0, m[1])}", text)
    text = re.sub(r"\b([Oo]|godz\.|[Oo]koło) (\d{1,2})\.([0-5]\d)\b(?!\.\d)", r"\1 \2:\3", text)
    text = _DECADE.sub(lambda m: f"{m[1]} {_decade(int(m[2]), m[1])}", text)
    return _YEAR.sub(_year, text)


def _decade(number: int, noun: str) -> str:
    """ "lata osiemdziesiąte", "w latach osiemdziesiątych"."""
    return re.sub("y$", "e" if noun.lower() == "lata" else "ych", ordinal(number, "pl"))


def _locative_hours(text: str) -> str:
    """ "o siódmej": an hour after a preposition."""
    return _HOUR.sub(lambda m: m[1] + " ".join(re.sub("a$", "ej", word) for word in m[2].split()), text)


def _ordinal(number: int, noun: str) -> str:
    """The nominative with the gender of the noun, by its ending: "trzecie piętro"."""
    spoken = ordinal(number, "pl")
    if noun.endswith("a"):
        return re.sub(
            r"(?<!c)[yi]\b(?!.*\b(?:tysi|sto))|(?<=c)i\b",
            lambda m: "ia" if m[0] == "i" and m.string[m.start() - 1] == "c" else "a",
            spoken,
        )
    return re.sub(r"(?<=[cg])i\b", "ie", re.sub(r"y\b", "e", spoken)) if noun.endswith(("o", "e")) else spoken


POLISH = Language(
    "pl",
    form=lambda noun: feminine(noun, _PLURALS),
    day=lambda day, _: _genitive(day),
    year=lambda number: f"{_genitive(number)} roku",
    year_word=r"roku|r\.",
    ordinal_point=_ordinal,
    to="do",
    hour_and_minutes="{h} {m}",
    hours=dict(enumerate(_HOURS)),
    and_subunit=" ",
    magnitudes="milionów|miliony|milion|miliardów|miliardy|miliard",
    large={
        "mln": ("milion", "miliony", "milionów", "miliona"),
        "mld": ("miliard", "miliardy", "miliardów", "miliarda"),
    },
    subunits={
        "PLN": ("grosz", "grosze", "groszy"),
        "EUR": ("cent", "centy", "centów"),
        "USD": ("cent", "centy", "centów"),
        "GBP": ("pens", "pensy", "pensów"),
    },
    currencies={"PLN": ("złoty", "złote", "złotych")},
    words=word_table("pl"),
    rules=_rules,
    after=_locative_hours,
)
