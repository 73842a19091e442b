"""Parses the tags of a text, ``[pause 0.8s]`` and ``[voice: NAME]``, into passages. ``[[`` and ``]]`` are brackets.

A tag is never read aloud and never ignored: any other tag is an error. ``manifests.resolve`` looks up the voices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from f5_pipeline.text.chunking import PARAGRAPH_PAUSE_SECONDS

SHORTEST_PAUSE, LONGEST_PAUSE = 0.01, 60.0  # seconds
LONGEST_PAUSES = 600.0  # seconds, in one text
_MARK = re.compile(r"(?P<literal>\[\[|\]\])|\[(?P<tag>[^\[\]]*)\]|(?P<open>\[)")
_TAG = re.compile(r"\s*(?P<name>[A-Za-z]+)\s*(?P<colon>:?)\s*(?P<value>.*?)\s*", re.DOTALL)
_DURATION = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})\s*(?P<unit>ms|s)", re.IGNORECASE | re.ASCII)
_CLOSING = re.compile(r"\s*(?P<marks>[,.;:!?…。，、！？；：)»”’\"']+)(?=\s|$)")  # marks that end the words before a tag
_PARAGRAPH_BEFORE = re.compile(r"\n[^\S\n]*\n\s*$|\u2029\s*$")
_PARAGRAPH_AFTER = re.compile(r"\s*?\n[^\S\n]*\n|\s*?\u2029")
_SHOWN = 40  # characters of a tag in a message


class BadTag(Exception):
    """A text has an invalid tag. The message is one sentence without its full stop."""


@dataclass
class TaggedPassage:
    """The text between two tags, with its voice and pauses."""

    text: str
    voice: str | None  # None: no voice is named
    pause_before_seconds: float = 0.0  # of the first passage only
    pause_after_seconds: float = 0.0


@dataclass(frozen=True)
class _Voice:
    name: str
    tag: str


def split_at_tags(text: str, voice: str | None = None) -> list[TaggedPassage]:
    """Split a text at its tags.

    A text without tags is one passage, unchanged. Marks after a tag end the words before it ("Wait [pause 1s]."). A
    paragraph that ends at a tag is followed by the usual pause, unless the tag is a pause. A tag that names the
    current voice has no effect.

    Args:
        text: as written.
        voice: the voice until the first voice tag.

    Raises:
        BadTag: a tag is unknown or malformed, the pauses are too long, or no text follows a voice tag.
    """
    if "[" not in text:
        return [TaggedPassage(text, voice)]
    splitter = _Splitter(voice)
    for part in _parts(text):
        if isinstance(part, str):
            splitter.add_words(part)
        elif isinstance(part, float):
            splitter.add_pause(part)
        else:
            splitter.add_voice(part)
    return splitter.finish()


def without_tags(text: str) -> str:
    """The text without tags and with single brackets; unchanged if a tag is invalid."""
    if "[" not in text:
        return text
    try:
        return " ".join(passage.text.strip() for passage in split_at_tags(text))
    except BadTag:
        return text


def voices_in(text: str) -> list[str]:
    """The voices that the tags of a text name, even if other tags are invalid."""
    tags = (_TAG.fullmatch(mark["tag"]) for mark in _MARK.finditer(text) if mark["tag"] is not None)
    return [tag["value"] for tag in tags if tag and tag["name"].lower() == "voice"]


def pause_tag(seconds: float) -> str:
    """The tag of a pause: ``[pause 0.8s]``."""
    return f"[pause {seconds:g}s]"


def voice_tag(name: str) -> str:
    """The tag of a voice: ``[voice: anna]``."""
    return f"[voice: {name}]"


class _Splitter:
    """Builds passages from words, pauses and voices in order."""

    def __init__(self, voice: str | None) -> None:
        self._passages: list[TaggedPassage] = []
        self._voice, self._voice_tag = voice, ""  # the tag only until words follow it
        self._lead, self._pauses, self._marks = 0.0, 0.0, ""  # pause before the first words, all pauses, first marks
        self._open = False  # True while words continue the last passage

    def add_words(self, text: str) -> None:
        if self._passages and not self._open:
            text = self._end_with_marks(text)
        if not any(c.isalnum() for c in text):
            self._add_marks(text)
        elif self._open:
            self._passages[-1].text += text
        else:
            self._begin(self._marks + text)

    def add_pause(self, seconds: float) -> None:
        self._pauses += seconds
        if self._pauses > LONGEST_PAUSES:
            raise BadTag(f"The pauses of the text add up to more than {LONGEST_PAUSES:g} seconds")
        if self._passages:
            self._passages[-1].pause_after_seconds += seconds
            self._open = False
        else:
            self._lead += seconds

    def add_voice(self, voice: _Voice) -> None:
        if self._voice_tag:
            raise BadTag(f"Nothing is said between {self._voice_tag} and {voice.tag}")
        if voice.name != self._voice:
            self._voice, self._voice_tag, self._open = voice.name, voice.tag, False

    def finish(self) -> list[TaggedPassage]:
        if self._voice_tag:
            raise BadTag(f"Nothing is said after {self._voice_tag}")
        return self._passages or [TaggedPassage(self._marks, self._voice)]

    def _begin(self, text: str) -> None:
        if self._passages:
            last = self._passages[-1]
            if not last.pause_after_seconds and (_PARAGRAPH_BEFORE.search(last.text) or _PARAGRAPH_AFTER.match(text)):
                last.pause_after_seconds = PARAGRAPH_PAUSE_SECONDS
        self._passages.append(TaggedPassage(text, self._voice, 0.0 if self._passages else self._lead))
        self._open, self._voice_tag, self._marks = True, "", ""

    def _end_with_marks(self, text: str) -> str:
        """Move the marks at the start of ``text`` to the words before the tag; returns the rest."""
        if match := _CLOSING.match(text):
            self._passages[-1].text = self._passages[-1].text.rstrip() + match["marks"]
            return text[match.end() :]
        return text

    def _add_marks(self, text: str) -> None:
        """Text without letters belongs to the words before it or, at the beginning, to those after it."""
        if self._passages:
            self._passages[-1].text += text
        else:
            self._marks += text


def _parts(text: str) -> Iterator[str | float | _Voice]:
    """Words, pauses (seconds) and voices, in order."""
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


def _tag(inner: str) -> float | _Voice:
    """The pause (seconds) or voice of a tag, given without its brackets."""
    shown = f"[{inner if len(inner) <= _SHOWN else inner[:_SHOWN] + '…'}]"
    match = _TAG.fullmatch(inner)
    name = match["name"].lower() if match else ""
    if match and name == "pause":
        return _seconds(match["value"], shown)
    if match and name == "voice" and match["value"]:
        return _Voice(match["value"], shown)
    if name == "voice":
        raise BadTag(f"The tag {shown!r} has no voice name; write [voice: NAME]")
    raise BadTag(
        f"The tag {shown!r} is unknown; use [pause 0.8s] or [voice: NAME], and [[ and ]] for brackets in a text"
    )


def _seconds(value: str, shown: str) -> float:
    match = _DURATION.fullmatch(value)
    if match is None:
        raise BadTag(f"The tag {shown!r} has no valid duration; write [pause 0.8s] or [pause 800ms]")
    seconds = float(match["number"]) / (1000 if match["unit"].lower() == "ms" else 1)
    if not SHORTEST_PAUSE <= seconds <= LONGEST_PAUSE:
        raise BadTag(f"The pause of the tag {shown!r} must be {SHORTEST_PAUSE:g} to {LONGEST_PAUSE:g} seconds long")
    return seconds
