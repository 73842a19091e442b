"""Transcripts of clips: timed words by one recogniser, stored beside the clip. They may be deleted at any time.

    clips/KK/KEY.RECOGNISER.json

Garbage collection deletes a transcript with its clip. ``synthesis.transcriber`` creates transcripts,
``quality.asr.comparison`` and ``delivery.subtitles`` use them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from f5_pipeline.errors import ObjectMissing
from f5_pipeline.storage.layout import transcript_object
from f5_pipeline.storage.object_store import ObjectStore

_FORMAT = 1  # increase when the meaning of a transcript changes


@dataclass(frozen=True)
class TimedWord:
    """A normalised word (lower case, no punctuation) and its time in the clip."""

    text: str
    start: float  # seconds from the beginning of the clip
    end: float  # seconds
    timed: bool = True  # False if ``start`` is only interpolated


Words = tuple[TimedWord, ...]


def load_transcript(store: ObjectStore, key: str, recogniser: str) -> Words | None:
    """The transcript of a clip; None if it is missing, damaged or in another format."""
    try:
        content = json.loads(store.read(transcript_object(key, recogniser)))
        if content["format"] != _FORMAT:
            return None
        return tuple(
            TimedWord(str(text), float(start), float(end), timed=not untimed)
            for text, start, end, *untimed in content["words"]
        )
    except (ObjectMissing, ValueError, KeyError, TypeError):
        return None


def save_transcript(store: ObjectStore, key: str, recogniser: str, words: Sequence[TimedWord]) -> None:
    """Store the transcript of a clip, replacing an earlier one. Times are rounded to milliseconds."""
    rounded = [
        (word.text, round(word.start, 3), round(word.end, 3), *(() if word.timed else ("untimed",))) for word in words
    ]
    content = json.dumps({"format": _FORMAT, "words": rounded}, ensure_ascii=False, separators=(",", ":"))
    store.write(transcript_object(key, recogniser), content.encode("utf-8", "replace"))
