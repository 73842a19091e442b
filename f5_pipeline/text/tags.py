"""Splits a text at its tags into passages. ``tag_syntax`` parses the tags, ``manifests.resolve`` finds the voices."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from f5_pipeline.text.chunking import PARAGRAPH_PAUSE_SECONDS
from f5_pipeline.text.tag_syntax import BadTag, LanguageTag, Part, VoiceTag, parts_of

LONGEST_PAUSES = 600.0  # seconds, in one text
_CLOSING = re.compile(r"\s*(?P<marks>[,.;:!?…。，、！？；：)»”’\"']+)(?=\s|$)")  # marks that end the words before a tag
_PARAGRAPH_BEFORE = re.compile(r"\n[^\S\n]*\n\s*$|\u2029\s*$")
_PARAGRAPH_AFTER = re.compile(r"\s*?\n[^\S\n]*\n|\s*?\u2029")


@dataclass(frozen=True)
class _Style:
    """What the tags before a passage say about it."""

    voice: str | None
    language: str | None = None
    speed: float = 1.0


@dataclass
class TaggedPassage:
    """The text between two tags, with its voice, language, speed and pauses."""

    text: str
    voice: str | None  # None: no voice is named
    pause_before_seconds: float = 0.0  # of the first passage only
    pause_after_seconds: float = 0.0
    language: str | None = None  # None: that of the row
    speed: float = 1.0  # a factor of the row's speed


def split_at_tags(text: str, voice: str | None = None) -> list[TaggedPassage]:
    """Split a text at its tags.

    A text without tags is one passage, unchanged. Marks after a tag end the words before it ("Wait [pause 1s]."). A
    paragraph that ends at a tag is followed by the usual pause, unless the tag is a pause. A tag that names the
    current voice, language or speed has no effect.

    Args:
        text: as written.
        voice: the voice until the first voice tag.

    Raises:
        BadTag: a tag is unknown or malformed, the pauses are too long, or no text follows a voice tag.
    """
    if "[" not in text:
        return [TaggedPassage(text, voice)]
    splitter = _Splitter(_Style(voice))
    for part in parts_of(text):
        splitter.add(part)
    return splitter.finish()


def without_tags(text: str) -> str:
    """The text without tags and with single brackets; unchanged if a tag is invalid."""
    if "[" not in text:
        return text
    try:
        return " ".join(passage.text.strip() for passage in split_at_tags(text))
    except BadTag:
        return text


@dataclass
class _Splitter:
    """Builds passages from words, pauses and changes of style, in order."""

    first_style: _Style
    _passages: list[TaggedPassage] = field(default_factory=list)
    _voice_tag: str = ""  # the last voice tag, only until words follow it
    _lead: float = 0.0  # seconds of pause before the first words
    _pauses: float = 0.0  # seconds, in the whole text
    _marks: str = ""  # marks before the first words
    _open: bool = False  # True while words continue the last passage

    def __post_init__(self) -> None:
        self._style = self.first_style

    def add(self, part: Part) -> None:
        if isinstance(part, str):
            self._add_words(part)
        elif isinstance(part, float):
            self._add_pause(part)
        elif isinstance(part, VoiceTag):
            self._add_voice(part)
        elif isinstance(part, LanguageTag):
            self._set_style(replace(self._style, language=part.code))
        else:
            self._set_style(replace(self._style, speed=part.factor))

    def finish(self) -> list[TaggedPassage]:
        if self._voice_tag:
            raise BadTag(f"Nothing is said after {self._voice_tag}")
        return self._passages or [self._passage(self._marks)]

    def _add_words(self, text: str) -> None:
        if self._passages and not self._open:
            text = self._end_with_marks(text)
        if not any(c.isalnum() for c in text):
            self._add_marks(text)
        elif self._open:
            self._passages[-1].text += text
        else:
            self._begin(self._marks + text)

    def _add_pause(self, seconds: float) -> None:
        self._pauses += seconds
        if self._pauses > LONGEST_PAUSES:
            raise BadTag(f"The pauses of the text add up to more than {LONGEST_PAUSES:g} seconds")
        if self._passages:
            self._passages[-1].pause_after_seconds += seconds
            self._open = False
        else:
            self._lead += seconds

    def _add_voice(self, voice: VoiceTag) -> None:
        if self._voice_tag and voice.name is not None:
            raise BadTag(f"Nothing is said between {self._voice_tag} and {voice.tag}")
        name = self.first_style.voice if voice.name is None else voice.name
        if name != self._style.voice:
            self._set_style(replace(self._style, voice=name))
            self._voice_tag = voice.tag if voice.name is not None else self._voice_tag

    def _set_style(self, style: _Style) -> None:
        if style != self._style:
            self._style, self._open = style, False

    def _passage(self, text: str, pause_before: float = 0.0) -> TaggedPassage:
        style = self._style
        return TaggedPassage(text, style.voice, pause_before, 0.0, style.language, style.speed)

    def _begin(self, text: str) -> None:
        if self._passages:
            last = self._passages[-1]
            if not last.pause_after_seconds and (_PARAGRAPH_BEFORE.search(last.text) or _PARAGRAPH_AFTER.match(text)):
                last.pause_after_seconds = PARAGRAPH_PAUSE_SECONDS
        self._passages.append(self._passage(text, 0.0 if self._passages else self._lead))
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
