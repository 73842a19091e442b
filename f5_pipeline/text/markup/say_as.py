"""``<say-as interpret-as="…">`` of SSML: the text in a form that the language's rules read as asked.

Where no form is unambiguous in every language, num2words gives the words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from f5_pipeline.text.markup.common import BadMarkup

_DATE_PARTS = re.compile(r"\d+")
_INTEGER = re.compile(r"[+-]?\d+(?:[,\u202f\u00a0' ]\d{3})*", re.ASCII)
_SPELLED = ("characters", "character", "spell-out", "spellout", "spell", "verbatim", "letters", "number_digit")
_AS_WRITTEN = ("time", "fraction", "unit", "currency", "address", "name", "net", "text", "interjection", "duration")


def say_as(text: str, kind: str, format: str, language: str, notes: list[str]) -> str:
    """The text in the form that the language's rules read as ``interpret-as`` asks.

    Args:
        text: the content of the element.
        kind: the value of ``interpret-as``.
        format: the value of ``format`` (the order of a date: "mdy", "dm", …), or "".
        language: its code.
        notes: gets a sentence if the kind is unknown and the text is spoken as written.

    Raises:
        BadMarkup: the kind asks for a sound that is not speech.
    """
    kind, text = kind.strip().lower().removeprefix("vxml:"), text.strip()
    if kind == "number" and format in _READERS:
        kind = format  # as Azure writes a telephone number
    if kind in ("expletive", "bleep"):
        raise BadMarkup(f"A <say-as> asks to hide {text!r} by a beep, which speech cannot do; leave the word out")
    if kind in _READERS:
        return _READERS[kind](text, language)
    if kind == "date":
        return _date(text, format.strip().lower(), language)
    if kind not in _AS_WRITTEN:
        notes.append(f"A <say-as> of the unknown kind {kind!r} is spoken as written.")
    return text


def _spelled(text: str, language: str) -> str:
    """Single characters, letters as capitals: "A 1 B"."""
    return " ".join(c.upper() if len(c.upper()) == 1 else c for c in text if not c.isspace())


def _telephone(text: str, language: str) -> str:
    """Single digits, with a comma where the written number has a mark: "+4 4, 5 5 5, 1 2 3"."""
    groups = re.findall(r"(\+?)(\d+)|([A-Za-z]+)", text)
    return ", ".join(word or plus + " ".join(digits) for plus, digits, word in groups)


def _cardinal(text: str, language: str) -> str:
    number = _integer(text)
    if number is None:
        return text
    if language.lower().startswith("en"):
        return f"{number:,}"  # without the comma, a number of four digits may be a year
    return _words(number, language, "cardinal") or str(number)


def _ordinal(text: str, language: str) -> str:
    number = _integer(text.rstrip("."))
    if number is None:
        return text
    if language.lower().startswith("en"):
        return f"{number:,}{_english_ending(number)}"
    if language.lower().startswith("zh"):
        return f"第{number}"
    return _words(number, language, "ordinal") or text


def _english_ending(number: int) -> str:
    if 11 <= abs(number) % 100 <= 13:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(abs(number) % 10, "th")


def _integer(text: str) -> int | None:
    """The value of an integer of at most 15 digits, with or without separators of thousands."""
    if not _INTEGER.fullmatch(text) or len(text) > 20:
        return None
    return int(re.sub(r"[^\d+-]", "", text))


def _words(number: int, language: str, form: str) -> str:
    """The number in words; "" if num2words does not know the language or the form."""
    from num2words import num2words

    try:
        return str(num2words(number, to=form, lang=language.replace("-", "_")))
    except (NotImplementedError, OverflowError, LookupError, TypeError, ValueError):
        return ""


def _date(text: str, format: str, language: str) -> str:
    """Three parts as 2024-03-04, which has one meaning in all languages; two as "March 4"; others as written."""
    parts = _DATE_PARTS.findall(text)
    if len(parts) == 1 and len(parts[0]) == 8 and format in ("", "ymd", "yyyymmdd"):
        parts, format = [parts[0][:4], parts[0][4:6], parts[0][6:]], "ymd"
    order = "".join(dict.fromkeys(c for c in format if c in "dmy"))
    if len(order) != len(parts) or len(order) < 2 or "m" not in order:
        return text
    named = dict(zip(order, parts, strict=True))
    if "y" in named and len(named["y"]) != 4:
        named["y"] = f"20{named['y']:0>2}"
    if len(order) == 2:
        return _with_month_name(named, language) or text
    return f"{named['y']}-{named['m']:0>2}-{named['d']:0>2}" if int(named["m"]) <= 12 else text


def _with_month_name(named: dict[str, str], language: str) -> str:
    """A month and a day, or a month and a year, in the form of a language; "" if there is none."""
    from babel import UnknownLocaleError
    from babel.dates import format_skeleton

    try:
        day = date(int(named.get("y", "2000")), int(named["m"]), int(named.get("d", "1")))
        skeleton = "MMMMd" if "d" in named else "yMMMM"
        return str(format_skeleton(skeleton, day, locale=language.replace("-", "_")))
    except (UnknownLocaleError, LookupError, ValueError):
        return ""


_READERS: dict[str, Callable[[str, str], str]] = {
    **dict.fromkeys((*_SPELLED, "digits", "digit"), _spelled),
    "telephone": _telephone,
    "phone": _telephone,
    **dict.fromkeys(("cardinal", "number"), _cardinal),
    "ordinal": _ordinal,
}
