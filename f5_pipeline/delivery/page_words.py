"""The words of a text as the listening page lights them up, with the times that the recogniser found.

Times are kept in the delivery record, so that a repeated delivery reads no transcript. ``word_times`` aligns them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from f5_pipeline.delivery.builder import DeliveryBuilder
from f5_pipeline.delivery.clip_files import ClipFiles
from f5_pipeline.delivery.delivery_record import Delivered
from f5_pipeline.delivery.word_times import WRITTEN_WORD, word_start_times
from f5_pipeline.display.characters import visible_lines
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.transcripts import load_transcript
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.parallel import in_parallel

_TAG = re.compile(r"\[[^\[\]]*\]")


def look_up_words(store: ObjectStore, builder: DeliveryBuilder, clips: ClipFiles) -> None:
    """Read the transcripts that the record does not have the words of yet."""
    new = [row for id, row in clips.spoken.items() if clips.delivered(id).words_of != _source(row)]
    times = in_parallel(lambda row: _times(store, row, clips.delivered(row.id)), new)
    files: Mapping[str, Delivered] = {
        builder.prefix + clips.name(row.id): replace(clips.delivered(row.id), words=words, words_of=_source(row))
        for row, words in zip(new, times, strict=True)
    }
    builder.amend(files)


def page_words(row: IndexRow, times: Sequence[float | None]) -> list[int]:
    """For each word of a row's text: start and end in the text, and its time in hundredths of a second.

    Positions count UTF-16 units, as JavaScript does. A time is -1 if it is not known. Tags are no words.
    """
    text = visible_lines(row.text)
    shown = _TAG.sub(lambda tag: " " * len(tag[0]), text)
    values: list[int] = []
    words = list(WRITTEN_WORD.finditer(shown))
    known = times if len(times) == len(words) else [None] * len(words)
    offsets = None if text.isascii() else [0, *accumulate(1 + (character > "\uffff") for character in text)]
    for word, time in zip(words, known, strict=True):
        start, end = word.span()
        if offsets is not None:
            start, end = offsets[start], offsets[end]
        values += [start, end, -1 if time is None else round(100 * time)]
    return values


def _source(row: IndexRow) -> str:
    """What the words of a row follow from; "" if there is no recogniser."""
    recogniser = str(row.quality.get("recogniser") or "")
    text = hashlib.sha256(row.text.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{recogniser} {text}" if recogniser else ""


def _times(store: ObjectStore, row: IndexRow, delivered: Delivered) -> tuple[float | None, ...]:
    """The start of each word in the delivered file; empty if there is no transcript."""
    transcript = load_transcript(store, row.key, str(row.quality["recogniser"]))
    if not transcript:
        return ()
    shown = _TAG.sub(lambda tag: " " * len(tag[0]), visible_lines(row.text))
    return tuple(
        None if time is None else round(min(max(time - delivered.cut_before, 0.0), delivered.seconds), 2)
        for time in word_start_times(shown, transcript)
    )
