"""Transcripts of clips: timed words by one recogniser, stored beside the clip. They may be deleted at any time.

    clips/KK/KEY.RECOGNISER.json

Garbage collection deletes a transcript with its clip. ``synthesis.transcriber`` creates transcripts,
``quality.asr.comparison`` and ``delivery.subtitles`` use them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter

from f5_pipeline.storage.layout import transcript_object
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.records import read_record

Seconds = Annotated[float, Field(allow_inf_nan=False)]


class _Record(BaseModel):
    """The file. Increase ``format`` when the meaning of a transcript changes."""

    format: Literal[1]
    words: list[tuple[str, Seconds, Seconds] | tuple[str, Seconds, Seconds, Literal["untimed"]]]


_SCHEMA = TypeAdapter(_Record)


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
    record = read_record(store, transcript_object(key, recogniser), _SCHEMA)
    if record is None:
        return None
    return tuple(TimedWord(text, start, end, timed=not untimed) for text, start, end, *untimed in record.words)


def save_transcript(store: ObjectStore, key: str, recogniser: str, words: Sequence[TimedWord]) -> None:
    """Store the transcript of a clip, replacing an earlier one. Times are rounded to milliseconds."""
    rounded = [
        (word.text, round(word.start, 3), round(word.end, 3), *(() if word.timed else ("untimed",))) for word in words
    ]
    content = json.dumps({"format": 1, "words": rounded}, ensure_ascii=False, separators=(",", ":"))
    store.write(transcript_object(key, recogniser), content.encode("utf-8", "replace"))
