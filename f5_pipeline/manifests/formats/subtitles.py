"""Subtitle manifests, SRT and WebVTT: a row for each cue. ``text.cues`` splits the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from f5_pipeline.manifests.csv_file import Unreadable
from f5_pipeline.manifests.formats.reading import ManifestRow, ReadOptions, decode_lines
from f5_pipeline.storage.object_store import is_slug
from f5_pipeline.storage.utterance_ids import is_id
from f5_pipeline.text.cues import Cue, is_direction, split_cues, turns_of, without_repeats

_SHOWN = 10  # row numbers in a note


def subtitle_rows(data: bytes, options: ReadOptions) -> Iterator[ManifestRow]:
    """The cues of a subtitle file, each with its number, its times and its speakers."""
    cues = without_repeats(split_cues(decode_lines(data)))
    if not any(cue.start for cue in cues):
        reason = "has no cue: no line with times such as 00:00:01,000 --> 00:00:02,500."
        raise Unreadable(reason, "Write times above the text of each cue, or save plain text as .txt.")
    numbers, ids = _names_of(cues)
    texts = [turns_of(cue.lines) for cue in cues]
    wordless = [is_direction(" ".join(words for _, words in turns)) for turns in texts]
    if all(wordless):
        raise Unreadable("has no cue with words to speak.", "Add at least one line to speak.")
    if any(wordless):
        options.note(_direction_note([number for number, flag in zip(numbers, wordless, strict=True) if flag]))
    cells = zip(numbers, ids, cues, texts, wordless, strict=True)
    return (_cue_row(number, id, cue, turns) for number, id, cue, turns, flag in cells if not flag)


def _cue_row(number: int, id: str, cue: Cue, turns: Sequence[tuple[str, str]]) -> ManifestRow:
    text = " ".join(words for _, words in turns)
    if not cue.start:
        return ManifestRow(number, {"text": text}, "stands before the times of the first cue")
    cells = {"text": text, "start": cue.start, "end": cue.end} | ({"id": id} if id else {})
    return ManifestRow(number, cells, turns=turns if any(speaker for speaker, _ in turns) else ())


def _direction_note(numbers: Sequence[int]) -> str:
    """The note on cues that are left out."""
    shown = ", ".join(map(str, numbers[:_SHOWN])) + (", …" if len(numbers) > _SHOWN else "")
    subject = "1 cue has" if len(numbers) == 1 else f"{len(numbers)} cues have"
    return f"{subject} no words, only sounds or music, and {'is' if len(numbers) == 1 else 'are'} left out: {shown}."


def _names_of(cues: Sequence[Cue]) -> tuple[list[int], list[str]]:
    """The row number and the id of each cue; "" for the default id, which is made from the row number.

    The numbers in the file are the row numbers if they ascend; else the cues are counted. Text before the first cue is
    row 0. A WebVTT identifier is an id if it is a safe name and no earlier cue has it.
    """
    names = [cue.name for cue in cues if cue.start]
    numbers = [cue.number or 0 for cue in cues if cue.start]
    if any(number <= previous for previous, number in pairwise([0, *numbers])):
        numbers = list(range(1, len(names) + 1))
    first = {name.lower(): position for position, name in reversed([*enumerate(names)])}
    ids = [
        name if is_slug(name) and is_id(name) and not name.isdecimal() and first[name.lower()] == position else ""
        for position, name in enumerate(names)
    ]
    before = len(cues) - len(names)
    return [0] * before + numbers, [""] * before + ids
