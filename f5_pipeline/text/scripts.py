"""The scripts of a text, and the language that follows from them among those of a model. Pure and fast.

``language_parts`` splits a text in several languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby

#: The languages of each script, as primary subtags; the first is the default if the model knows none of them. A
#: language that is not listed is written in Latin letters.
_LANGUAGES = {
    "Latin": ("en", "sr", "az", "kk", "ku", "uz"),
    "Han": ("zh", "yue", "wuu", "nan", "hak", "ja"),
    "Kana": ("ja",),
    "Hangul": ("ko",),
    "Cyrillic": ("ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "mn", "tg", "tt", "ba", "cv", "os", "ce", "az", "uz"),
    "Greek": ("el",),
    "Arabic": ("ar", "fa", "ur", "ps", "sd", "ug", "ckb", "ku", "arz", "ary", "apc", "azb"),
    "Hebrew": ("he", "iw", "yi"),
    "Devanagari": ("hi", "mr", "ne", "sa", "bho", "mai", "kok", "doi"),
    "Bengali": ("bn", "as"),
    "Gurmukhi": ("pa",),
    "Gujarati": ("gu",),
    "Oriya": ("or",),
    "Tamil": ("ta",),
    "Telugu": ("te",),
    "Kannada": ("kn",),
    "Malayalam": ("ml",),
    "Sinhala": ("si",),
    "Thai": ("th",),
    "Lao": ("lo",),
    "Khmer": ("km",),
    "Myanmar": ("my",),
    "Tibetan": ("bo", "dz"),
    "Georgian": ("ka",),
    "Armenian": ("hy",),
    "Ethiopic": ("am", "ti"),
    "Thaana": ("dv",),
}
SCRIPTS = tuple(_LANGUAGES)
_SCRIPTS = {name.upper(): name for name in SCRIPTS}
_SCRIPTS |= {"CJK": "Han", "IDEOGRAPHIC": "Han", "BOPOMOFO": "Han", "HIRAGANA": "Kana", "KATAKANA": "Kana"}
# Words in a character of a script without spaces. Other scripts are counted in words: a Chinese sentence with a long
# English name has more Latin than Chinese letters.
WORDS_IN_CHARACTER = {"Han": 0.4, "Kana": 0.4, "Thai": 0.2, "Lao": 0.2, "Khmer": 0.2, "Myanmar": 0.2, "Tibetan": 0.4}
_NAME = 0.25  # the weight of a word with a capital: a name keeps its Latin letters in a text of any script
_KANA_SHARE = 0.15  # in Japanese, at least; Chinese names may have a single kana
_EAST_ASIAN_MARKS = "。，、！？；："  # they tell a short Chinese text with a Latin word from a Latin text
_PLAIN_TOKEN, _ADDRESS = re.compile("[!-~]+"), re.compile(r"://|@|[A-Za-z0-9]\.[A-Za-z]")  # of the web, mail, files
_LATIN_LETTER = re.compile("[A-Za-z]")


def detect(text: str, languages: Sequence[str]) -> tuple[str, str]:
    """The language of a text among those of a model, and its script: ``("en", "Latin")``.

    The dominant script decides, by words; of two that are equal, the one in which a language of the model is written.
    Of the languages in that script, the model's first is taken (of those in Han characters, Chinese before Japanese);
    if the model has none, the script's most common language. Without letters, both are "".
    """
    if text.isascii():
        script = "Latin" if _LATIN_LETTER.search(text) else ""
    else:
        weights = words_by_script(text, languages)
        script = max(weights, key=lambda name: (weights[name], _speaks(languages, name), name != "Latin"), default="")
    return (language_in(script, tuple(languages)), script) if script else ("", "")


def _speaks(languages: Sequence[str], script: str) -> bool:
    """True if one of the languages is written in a script."""
    return any(is_written_in(code, script) for code in languages)


def default_language(languages: Sequence[str]) -> str:
    """The language of a text without letters: English if the model knows it, else the model's first."""
    return next((language for language in languages if _primary(language) == "en"), languages[0])


@lru_cache(maxsize=4096)
def is_written_in(language: str, script: str) -> bool:
    """True if a language may be written in a script."""
    parts = language.lower().replace("_", "-").split("-")
    if "latn" in parts:
        return script == "Latin"
    listed = parts[0] in _LANGUAGES[script]
    return listed or (script == "Latin" and not any(parts[0] in others for others in _LANGUAGES.values()))


def has_letters_of(text: str, language: str) -> bool:
    """True if a text has a letter of a script in which a language is written, or no letter at all."""
    if text.isascii() and is_written_in(language, "Latin"):
        return True
    scripts = scripts_of(text)
    return not scripts or any(is_written_in(language, script) for script in scripts)


def transcript_language(transcript: str, voice_language: str | None, language: str, languages: Sequence[str]) -> str:
    """The language of a voice's transcript: the voice's, else that of the text to speak if the scripts agree.

    Args:
        transcript: of the reference recording.
        voice_language: from the voice's settings.
        language: of the text that the voice speaks.
        languages: those of the model.
    """
    if voice_language or has_letters_of(transcript, language):
        return voice_language or language
    return detect(transcript, languages)[0]


def words_by_script(text: str, languages: Sequence[str]) -> dict[str, float]:
    """The number of words in each script. Han and Kana together are Kana in Japanese, Han in Chinese."""
    scripts = scripts_of(text)
    if len(scripts) == 1 and "Greek" not in scripts:
        return dict.fromkeys(scripts, 1.0)
    weights: dict[str, float] = {}
    words = _PLAIN_TOKEN.sub(lambda token: " " if _ADDRESS.search(token[0]) else token[0], text)
    for script, part in split_by_script(unicodedata.normalize("NFC", words)):
        if weight := word_count(script, part):
            weights[script] = weights.get(script, 0.0) + weight
    if "Han" in weights:
        weights["Han"] += WORDS_IN_CHARACTER["Han"] * sum(map(text.count, _EAST_ASIAN_MARKS))
    if "Kana" in weights and "Han" in weights:
        kana, both = weights["Kana"], weights.pop("Kana") + weights.pop("Han")
        is_japanese = kana > _KANA_SHARE * both or any(_primary(code) == "ja" for code in languages)
        weights["Kana" if is_japanese else "Han"] = both
    return weights


def word_count(script: str, part: str) -> float:
    """The number of words that letters in one script are worth."""
    if not script or (script == "Greek" and len(part) == 1):  # a mathematical symbol
        return 0.0
    if in_character := WORDS_IN_CHARACTER.get(script):
        return in_character * len(part)
    return 1.0 if part == part.lower() else _NAME


def split_by_script(text: str) -> Iterator[tuple[str, str]]:
    """The scripts of a text, and the letters in each, in order; the script of what is between letters is ""."""
    return ((script, "".join(letters)) for script, letters in groupby(text, _script))


def scripts_of(text: str) -> set[str]:
    """The scripts of the letters of a text."""
    others = {script for character in set(text) if character > "\x7f" and (script := _script(character))}
    return others | {"Latin"} if _LATIN_LETTER.search(text) else others


@lru_cache(maxsize=65_536)
def _script(character: str) -> str:
    """The script of a letter or of a mark on letters, from its Unicode name; "" for any other character."""
    if not (character.isalpha() or unicodedata.category(character)[0] == "M"):
        return ""
    words = unicodedata.name(character, "").replace("-", " ").split()
    return next((_SCRIPTS[word] for word in words if word in _SCRIPTS), "")


@lru_cache(maxsize=1024)
def language_in(script: str, languages: tuple[str, ...]) -> str:
    """The language of texts in a script: one of a model's languages, else the script's most common one."""
    known = [code for code in languages if is_written_in(code, script)]
    if script == "Han":
        known.sort(key=lambda code: _primary(code) == "ja")
    return known[0] if known else _LANGUAGES[script][0]


def _primary(language: str) -> str:
    return language.lower().replace("_", "-").partition("-")[0]
