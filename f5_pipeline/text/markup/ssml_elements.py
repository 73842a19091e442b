"""What the elements of SSML become: tags, other words, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Callable

from f5_pipeline.settings.fields import LANGUAGE, PATTERN_REASONS, SLUG
from f5_pipeline.text.markup.common import BadMarkup, ended, literal, shown
from f5_pipeline.text.markup.element import Element
from f5_pipeline.text.markup.say_as import say_as
from f5_pipeline.text.tag_syntax import SHORTEST_PAUSE, language_tag, pause_tag, speed_tag, voice_tag

_STRENGTHS = {"none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.8, "x-strong": 1.2}  # seconds
_RATES = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.5}  # factors
_TIME = re.compile(r"\+?(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})\s*(ms|s)", re.IGNORECASE | re.ASCII)
_RATE = re.compile(r"([+-]?)(\d{1,4}(?:\.\d{1,4})?)(%?)", re.ASCII)


def spoken(element: Element, inner: str, notes: list[str]) -> str:
    """The text of an element, given the text in it.

    Raises:
        BadMarkup: an attribute is invalid, or the element cannot be spoken.
    """
    text = _ELEMENTS[element.name](element, inner, notes)
    if code := element.get("xml:lang"):
        text = f"{language_tag(_valid(code))}{text}{language_tag(element.outer_language)}"
    return text


def _valid(code: str) -> str:
    if not re.fullmatch(LANGUAGE, code, re.ASCII):
        raise BadMarkup(f"The xml:lang {shown(code)} {PATTERN_REASONS[LANGUAGE]}")
    return code


def _unchanged(element: Element, inner: str, notes: list[str]) -> str:
    return inner


def _nothing(element: Element, inner: str, notes: list[str]) -> str:
    return ""


def _paragraph(element: Element, inner: str, notes: list[str]) -> str:
    return f"\n\n{inner.strip()}\n\n"


def _sentence(element: Element, inner: str, notes: list[str]) -> str:
    return f"{ended(inner)} "


def _break(element: Element, inner: str, notes: list[str]) -> str:
    time, strength = element.get("time"), element.get("strength").lower() or "medium"
    if not time:
        if strength not in _STRENGTHS:
            raise BadMarkup(f"The strength {strength!r} of a <break> is unknown; use one of {', '.join(_STRENGTHS)}")
        seconds = _STRENGTHS[strength]
    elif match := _TIME.fullmatch(time):
        seconds = float(match[1]) / (1000 if match[2].lower() == "ms" else 1)
    else:
        raise BadMarkup(f"The time {time!r} of a <break> is invalid; write 800ms or 0.8s")
    return pause_tag(seconds) + inner if seconds >= SHORTEST_PAUSE else inner


def _prosody(element: Element, inner: str, notes: list[str]) -> str:
    ignored = [name for name in ("pitch", "volume", "range", "contour", "duration") if element.get(name)]
    if ignored:
        notes.append(f"F5-TTS has no control of {' and '.join(ignored)}; the <prosody> is spoken as usual.")
    if not element.get("rate"):
        return inner
    return f"{speed_tag(_speed(element))}{inner}{speed_tag(_speed(element.outer))}"


def _speed(element: Element | None) -> float:
    """The factor of the speed in an element: a percentage is relative to the element around it, a word is not."""
    if element is None:
        return 1.0
    rate = element.get("rate").lower() if element.name == "prosody" else ""
    if rate in _RATES:
        return _RATES[rate]
    outer = _speed(element.outer)
    if not rate:
        return outer
    match = _RATE.fullmatch(rate)
    if match is None:
        raise BadMarkup(f"The rate {rate!r} of a <prosody> is unknown; use a percentage or one of {', '.join(_RATES)}")
    value = float(match[2]) / (100 if match[3] else 1)
    change = {"": value, "+": 1 + value, "-": 1 - value}[match[1]]
    return round(outer * change, 4)


def _voice(element: Element, inner: str, notes: list[str]) -> str:
    name = element.get("name")
    if not re.fullmatch(SLUG, name, re.ASCII):
        raise BadMarkup('A <voice> does not name a voice of the store; write <voice name="NAME">')
    return f"{voice_tag(name)}{inner}{voice_tag(element.outer_voice)}"


def _alias(element: Element, inner: str, notes: list[str]) -> str:
    if not (alias := element.get("alias")):
        raise BadMarkup(f'The <sub> of {shown(inner)} has no alias; write <sub alias="WORDS TO SPEAK">')
    return literal(alias)


def _say_as(element: Element, inner: str, notes: list[str]) -> str:
    return say_as(inner, element.get("interpret-as"), element.get("format"), element.language, notes)


def _phoneme(element: Element, inner: str, notes: list[str]) -> str:
    raise BadMarkup(
        f"The <phoneme> of {shown(inner)} cannot be spoken, because F5-TTS reads letters and not phonemes;"
        " put a respelling into the pronunciation dictionary"
    )


def _audio(element: Element, inner: str, notes: list[str]) -> str:
    source = shown(element.get("src"))
    if not inner.strip():
        raise BadMarkup(f"The <audio> {source} cannot be played in a line, and has no text in its place; add one")
    notes.append(f"The <audio> {source} is replaced by the text in it.")
    return inner


def _lexicon(element: Element, inner: str, notes: list[str]) -> str:
    notes.append("A <lexicon> is ignored; pronunciations come from the pronunciation dictionary.")
    return inner


_ELEMENTS: dict[str, Callable[[Element, str, list[str]], str]] = {
    "p": _paragraph,
    "s": _sentence,
    "break": _break,
    "prosody": _prosody,
    "voice": _voice,
    "sub": _alias,
    "say-as": _say_as,
    "phoneme": _phoneme,
    "audio": _audio,
    "lexicon": _lexicon,
    **dict.fromkeys(("speak", "lang", "emphasis", "w", "token", "lookup", "mark", "bookmark"), _unchanged),
    **dict.fromkeys(("desc", "metadata", "meta"), _nothing),
}
NAMES = frozenset(_ELEMENTS)
