"""The tags of a text: ``[pause 0.8s]``, ``[voice: NAME]``, ``[language: de]`` and ``[speed: 80%]``.

``[/voice]``, ``[/language]`` and ``[/speed]`` return to the value of the row; ``[[`` and ``]]`` are brackets. A tag is
never read aloud and never ignored: an invalid tag is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from f5_pipeline.settings.fields import LANGUAGE, PATTERN_REASONS

SHORTEST_PAUSE, LONGEST_PAUSE = 0.01, 60.0  # seconds
LOWEST_FACTOR, HIGHEST_FACTOR = 0.1, 10.0  # of the row's speed
TAG_NAMES = ("pause", "voice", "language", "speed")
_MARK = re.compile(r"(?P<literal>\[\[|\]\])|\[(?P<tag>[^\[\]]*)\]|(?P<open>\[)")
_TAG = re.compile(r"\s*(?P<name>[A-Za-z]+)\s*(?P<colon>:?)\s*(?P<value>.*?)\s*", re.DOTALL)
_END = re.compile(r"\s*/\s*(?P<name>voice|language|speed)\s*", re.IGNORECASE)
# Tags of other systems: [/em], [style=sad], [plural one="a" /], [emotion: sad], [hold 500ms]; not [the 90s].
_OTHER_TAG = re.compile(
    r"/.*|.*/|.*\w=\S.*|break|(?:[a-z]+ )?(?!\d*0s)\d{0,4}\.?\d{1,3} ?(?:ms|s|sec|secs|seconds?)"
    r"|(?:accent|actor|break|character|delay|effect|emotion|expression|lang|locale|mood|narrator|pitch|rate|silence|sleep"
    r"|speaker|style|tempo|tone|volume|wait|whisper)\s*[:\d].*",
    re.IGNORECASE | re.ASCII,
)
_FIRST_WORD = re.compile(r"[\s/]*([A-Za-z]+)")
_DURATION = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})\s*(?P<unit>ms|s)", re.IGNORECASE | re.ASCII)
_PERCENT = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,9})?)\s*%", re.ASCII)
_SHOWN = 40  # characters of a tag in a message


class BadTag(Exception):
    """A text has an invalid tag. The message is one sentence without its full stop."""


@dataclass(frozen=True)
class VoiceTag:
    name: str | None  # None: the row's voice again
    tag: str = ""  # as written


@dataclass(frozen=True)
class LanguageTag:
    code: str | None  # None: the row's language again


@dataclass(frozen=True)
class SpeedTag:
    factor: float


#: A pause in seconds, or a change of voice, language or speed.
Tag = float | VoiceTag | LanguageTag | SpeedTag
#: Words or a tag.
Part = str | Tag
_ENDS: dict[str, Tag] = {"voice": VoiceTag(None), "language": LanguageTag(None), "speed": SpeedTag(1.0)}


def parts_of(text: str) -> Iterator[Part]:
    """The words and tags of a text, in order.

    Raises:
        BadTag: a tag is unknown, malformed or not closed.
    """
    words, position = "", 0
    for mark in _MARK.finditer(text):
        words, position = words + text[position : mark.start()], mark.end()
        if mark["literal"]:
            words += mark["literal"][0]
        elif mark["open"]:
            excerpt = text[position : position + 20].strip()
            raise BadTag(f"The '[' before {excerpt!r} is not closed; write [[ for a bracket")
        else:
            yield words
            yield _tag(mark["tag"])
            words = ""
    yield words + text[position:]


def is_like_tag(inner: str) -> bool:
    """True for the inside of brackets that is a tag, a misspelt one, or one of another system."""
    if _OTHER_TAG.fullmatch(inner.strip()):
        return True
    match = _FIRST_WORD.match(inner)
    word = match[1].lower() if match else ""
    is_plural = word.removesuffix("s") in TAG_NAMES and word not in TAG_NAMES  # [voices in the distance]
    return not is_plural and bool(get_close_matches(word, TAG_NAMES, n=1, cutoff=0.8))


def voices_in(text: str) -> list[str]:
    """The voices that the tags of a text name, even if other tags are invalid."""
    tags = (_TAG.fullmatch(mark["tag"]) for mark in _MARK.finditer(text) if mark["tag"] is not None)
    return [tag["value"] for tag in tags if tag and tag["name"].lower() == "voice"]


def pause_tag(seconds: float) -> str:
    """The tag of a pause: ``[pause 0.8s]``."""
    return f"[pause {seconds:g}s]"


def voice_tag(name: str | None) -> str:
    """The tag of a voice: ``[voice: anna]``; ``[/voice]`` for the row's."""
    return "[/voice]" if name is None else f"[voice: {name}]"


def language_tag(code: str | None) -> str:
    """The tag of a language: ``[language: de]``; ``[/language]`` for the row's."""
    return "[/language]" if code is None else f"[language: {code}]"


def speed_tag(factor: float) -> str:
    """The tag of a speed, as a factor of the row's: ``[speed: 80%]``; ``[/speed]`` for the row's."""
    return "[/speed]" if factor == 1 else f"[speed: {factor * 100:g}%]"


def _tag(inner: str) -> Tag:
    """The meaning of a tag, given without its brackets."""
    shown = f"[{inner if len(inner) <= _SHOWN else inner[:_SHOWN] + '…'}]"
    if end := _END.fullmatch(inner):
        return _ENDS[end["name"].lower()]
    match = _TAG.fullmatch(inner)
    name, value = (match["name"].lower(), match["value"]) if match else ("", "")
    if name == "pause":
        return _seconds(value, shown)
    if name == "language":
        return LanguageTag(_code(value, shown))
    if name == "speed":
        return SpeedTag(_factor(value, shown))
    if name == "voice":
        return VoiceTag(_voice_name(value, shown), shown)
    known = "[pause 0.8s], [voice: NAME], [language: de] or [speed: 80%]"
    raise BadTag(f"The tag {shown!r} is unknown; use {known}, and [[ and ]] for brackets in a text")


def _voice_name(value: str, shown: str) -> str:
    if not value:
        raise BadTag(f"The tag {shown!r} has no voice name; write [voice: NAME]")
    return value


def _seconds(value: str, shown: str) -> float:
    match = _DURATION.fullmatch(value)
    if match is None:
        raise BadTag(f"The tag {shown!r} has no valid duration; write [pause 0.8s] or [pause 800ms]")
    seconds = float(match["number"]) / (1000 if match["unit"].lower() == "ms" else 1)
    if not SHORTEST_PAUSE <= seconds <= LONGEST_PAUSE:
        raise BadTag(f"The pause of the tag {shown!r} must be {SHORTEST_PAUSE:g} to {LONGEST_PAUSE:g} seconds long")
    return seconds


def _code(value: str, shown: str) -> str:
    if not re.fullmatch(LANGUAGE, value, re.ASCII):
        raise BadTag(f"The language of the tag {shown!r} {PATTERN_REASONS[LANGUAGE]}")
    return value


def _factor(value: str, shown: str) -> float:
    match = _PERCENT.fullmatch(value)
    if match is None:
        raise BadTag(f"The tag {shown!r} has no valid speed; write [speed: 80%] or [speed: 125%]")
    factor = float(match["number"]) / 100
    if not LOWEST_FACTOR <= factor <= HIGHEST_FACTOR:
        raise BadTag(f"The speed of the tag {shown!r} must be {LOWEST_FACTOR:.0%} to {HIGHEST_FACTOR:.0%}")
    return factor
