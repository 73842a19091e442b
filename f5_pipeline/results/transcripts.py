"""What a recogniser heard in a clip: words and when, as an object beside the clip. It may be deleted at any time.

    clips/KK/KEY.RECOGNISER.json

Cleaning removes it with its clip. Who hears, and what is made of it, is ``speech``'s business.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from f5_pipeline.errors import ObjectMissing
from f5_pipeline.storage.layout import transcript_object
from f5_pipeline.storage.object_store import ObjectStore

_FORMAT = 1  # raise it when older ones mean something else


@dataclass(frozen=True)
class TimedWord:
    """A word as it is compared (no capitals, no marks), and when it is said."""

    text: str
    start: float  # seconds from the beginning of the clip
    end: float
    timed: bool = True  # whether it is known to begin just then; else it is said somewhere near


Words = tuple[TimedWord, ...]


def load_transcript(store: ObjectStore, key: str, recogniser: str) -> Words | None:
    """What was heard in a clip; None if that is not known, or was written by another version."""
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
    """Remember what was heard in a clip, in place of what was remembered before."""
    rounded = [
        (word.text, round(word.start, 3), round(word.end, 3), *(() if word.timed else ("untimed",))) for word in words
    ]
    content = json.dumps({"format": _FORMAT, "words": rounded}, ensure_ascii=False, separators=(",", ":"))
    store.write(transcript_object(key, recogniser), content.encode("utf-8", "replace"))
