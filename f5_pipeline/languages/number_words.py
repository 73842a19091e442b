"""Numbers in words, in about 100 languages: the only module that calls the libraries for it.

``unicode_rbnf`` (the spell-out rules of Unicode CLDR) knows genders and cases; num2words reads the languages that CLDR
lacks and those in ``_NUM2WORDS``. No function raises an error: a number that no library can read is returned in digits.

A ``form`` is the end of CLDR's name for a rule set: "feminine", "neuter", "feminine-genitive", "partitive"; "" is the
number on its own. An unknown form gives the number on its own. ``language`` is a code in lower case ("pt", "pt-pt").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unicode_rbnf import RbnfEngine

LONGEST = 15  # digits; a longer number is read digit by digit

# Kinds of numbers that num2words reads better than CLDR does. CLDR has no ordinals of some other languages.
_NUM2WORDS: Mapping[str, frozenset[str]] = {
    "cardinal": frozenset({"cs", "lv", "ro"}),
    "ordinal": frozenset({"de", "hu"}),
}
_CORRECTIONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "da": (("etog", "enog"),),
    "es": ((r"^un (?=millonésim)", ""), ("octingés", "octingentés"), (r"^dos mil(?=ésim)", "dosmil")),
    "de masculine": ((r"(?<=\w)ein$", "eins"),),
    "de feminine": ((r"(?<=\w)eine$", "eins"),),
    "es feminine": ((r"ientos(?!.*mill)", "ientas"),),
    "fr": (("-et-", " et "), (r"^un (?=milli(?:on|ard)ième)", "")),
    "pt": (("noning", "nong"), (r"^uma? (?=(?:mi|bi|tri)lionésim)", ""), (r"^(?:um mil)(?= mi)", "mil")),
    "it": (("centoott", "centott"), (r"(?<=\w)una?$", "uno")),
    "ko": (("^공$", "영"),),
    "hu initial": (("kettő$", "két"),),
    "sv reale": ((r"(?<=\w)en$", "ett"),),
    "ro feminine": (("^una$", "o"),),
    "ro masculine": (("^unu$", "un"),),
    "ru": (("четверт", "четвёрт"), ("четырех", "четырёх"), ("трех", "трёх")),
    "ro": (("ş", "ș"), ("ţ", "ț"), ("șasesprezece", "șaisprezece"), ("șasezeci", "șaizeci")),
}
_EVERYWHERE = str.maketrans({"\u200b": "", "\u00ad": "", "\u02bc": "'"})


@lru_cache(maxsize=50_000)
def cardinal(number: int, language: str, form: str = "") -> str:
    """How many: "zwei", "deux"; more than ``LONGEST`` digits are read one by one."""
    if abs(number) >= 10**LONGEST:
        return digits(str(number), language)
    return _words(number, language, "cardinal", form)


def readable(language: str) -> bool:
    """True if a library has the numbers of the language."""
    return cardinal(1, language) != "1"


def regional(language: str) -> bool:
    """True if CLDR has number words of the code's region: "fr-ch"."""
    engine = _engine(language)
    return engine is not None and "_" in engine.language


@lru_cache(maxsize=10_000)
def ordinal(number: int, language: str, form: str = "") -> str:
    """Which one: "zweite", "deuxième"; digits if neither library has ordinals of the language."""
    return _words(number, language, "ordinal", form)


@lru_cache(maxsize=5_000)
def year(number: int, language: str) -> str:
    """The number of a year: "neunzehnhundertvierundachtzig"."""
    return _words(number, language, "year", "")


def digits(text: str, language: str) -> str:
    """The digits of a text one by one, everything else left out: "sieben null null"."""
    spoken = " ".join(cardinal(int(digit), language) for digit in text if digit.isdecimal())
    return spoken.replace("영", "공") if language == "ko" else spoken  # a zero among digits has its own word


@lru_cache(maxsize=200)
def decimal_word(language: str) -> str:
    """The word between whole number and decimals: "Komma", "virgule"; "" if unknown."""
    for form in ("", "masculine", "neuter"):
        whole, decimals = cardinal(2, language, form), cardinal(5, language, form)
        spoken = _library(2.5, language, "cardinal", form) or ""
        if spoken.startswith(whole) and spoken.endswith(decimals):
            return spoken.removeprefix(whole).removesuffix(decimals).strip()
    return ""


@lru_cache(maxsize=200)
def minus_word(language: str) -> str:
    """The word before a negative number; "" if unknown."""
    spoken = _library(-2, language, "cardinal", "") or ""
    return spoken.removesuffix(cardinal(2, language)).strip()


def _words(number: int, language: str, kind: str, form: str) -> str:
    spoken = _library(number, language, kind, form) if abs(number) < 10**LONGEST else None
    return str(number) if spoken is None else spoken


def _library(number: float, language: str, kind: str, form: str) -> str | None:
    """The words; None if no library has any. Libraries raise errors of many kinds for numbers that they cannot read."""
    base = language.partition("-")[0]
    plain = not form or abs(number) >= 1000  # num2words ignores forms, which matter little in large numbers
    readers = (_num2words, _cldr) if base in _NUM2WORDS.get(kind, ()) and plain else (_cldr, _num2words)
    for reader in readers:
        try:
            spoken = reader(number, language, kind, form)
        except ImportError:
            raise
        except Exception:  # noqa: BLE001 – the next reader is the handler
            continue
        if spoken:
            return _corrected(spoken, base, form)
    return None


def _corrected(spoken: str, base: str, form: str) -> str:
    spoken = spoken.translate(_EVERYWHERE)
    for pattern, right in (*_CORRECTIONS.get(base, ()), *_CORRECTIONS.get(f"{base} {form}", ())):
        spoken = re.sub(pattern, right, spoken)
    return spoken


def _cldr(number: float, language: str, kind: str, form: str) -> str | None:
    engine = _engine(language)
    rule_set = _rule_set(engine, kind, form) if engine else None
    return engine.format_number(number, ruleset_names=[rule_set]).text if engine and rule_set else None


@lru_cache(maxsize=200)
def _engine(language: str) -> RbnfEngine | None:
    """CLDR's rules of a language, by its code with region or script, else without."""
    from unicode_rbnf import RbnfEngine

    base, _, region = language.partition("-")
    names = {name.lower(): name for name in RbnfEngine.get_supported_languages()}
    base = {"nb": "no"}.get(base, base)
    name = names.get(f"{base}_{region}") or names.get(base)
    return RbnfEngine.for_language(name) if name else None


def _rule_set(engine: RbnfEngine, kind: str, form: str) -> str | None:
    """The name of the rule set that fits best; None if there is none of this kind."""
    if kind == "year":
        names = ["spellout-numbering-year"]
    elif kind == "ordinal":
        names = [f"spellout-ordinal-{form}", "spellout-ordinal", "spellout-ordinal-masculine"]
        names += [name for name in engine.rulesets if name.startswith("spellout-ordinal")]
    else:
        names = [f"spellout-cardinal-{form}"] if form else []
        names += ["spellout-numbering", "spellout-cardinal"]
    return next((name for name in names if name in engine.rulesets), None)


def _num2words(number: float, language: str, kind: str, form: str) -> str | None:
    from num2words import CONVERTER_CLASSES, num2words

    base = language.partition("-")[0]
    name = next((name for name in (language.replace("-", "_"), base) if name in CONVERTER_CLASSES), None)
    return num2words(number, lang=name, to=kind) if name else None
