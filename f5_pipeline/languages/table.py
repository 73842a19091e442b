"""The languages that ``generic`` reads, by their codes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from importlib import import_module

from f5_pipeline.languages.language import Language
from f5_pipeline.languages.number_words import regional
from f5_pipeline.languages.units import locale

# Code → the module of the language in this folder, which is loaded when a text needs it.
_MODULES = {
    "de": "german", "fr": "french", "es": "spanish", "it": "italian", "pt": "portuguese", "pt-pt": "portuguese",
    "fi": "finnish", "lv": "latvian", "sv": "nordic", "da": "nordic", "no": "nordic", "pl": "polish", "cs": "slavic",
    "uk": "slavic", "nl": "others", "hu": "others", "ro": "others", "tr": "others", "ko": "others", "vi": "others",
    "th": "others",
}  # fmt: skip


@cache
def _known(code: str) -> Language | None:
    """The language of the table with exactly this code."""
    if code not in _MODULES:
        return None
    found = vars(import_module(f"f5_pipeline.languages.{_MODULES[code]}")).values()
    return next(each for each in found if isinstance(each, Language) and each.code == code)


@lru_cache(maxsize=500)
def language_of(code: str) -> Language:
    """The language of a code with or without a region; for one that is not in the table, what CLDR knows."""
    base = code.partition("-")[0]
    known = _known(code) or _known({"nb": "no", "nn": "no"}.get(base, base))
    if known:
        return replace(known, code=code) if code != known.code and regional(code) else known
    place = locale(code)
    symbols = place.number_symbols.get("latn", {}) if place else {}
    return Language(code, decimal_comma=symbols.get("decimal") == ",")
