"""The subtitle files of a batch: which lines are heard when in them, and what is known of the times within a line.

What a subtitle looks like is ``subtitles``' business, which word is said when that of ``word_times``. What was heard,
and where pieces were joined, is read when a file has to be written, never to see whether it has to.
"""

from __future__ import annotations

from collections.abc import Mapping

from f5_pipeline.delivery.builder import Job
from f5_pipeline.delivery.clip_files import ClipFiles
from f5_pipeline.delivery.delivery_record import Delivered, recipe
from f5_pipeline.delivery.subtitles import SUBTITLES_VERSION, Cue, Heard, clip_cues, to_srt, to_vtt
from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.results.chunk_spans import ChunkSpan
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.transcripts import Words, load_transcript
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.parallel import in_parallel
from f5_pipeline.text.tags import without_tags

_WRITERS = {"srt": to_srt, "vtt": to_vtt}


class SubtitleFiles:
    """Makes them of the lines that were delivered."""

    def __init__(self, store: ObjectStore, prefix: str, clips: ClipFiles) -> None:
        self._store, self._prefix, self._clips = store, prefix, clips

    def job(self, name: str, kind: str, starts: Mapping[str, float]) -> Job:
        """One file, of the kind ``srt`` or ``vtt``.

        Args:
            starts: when each line is heard in what the file belongs to, by id, in seconds.
        """
        key, lines = self._prefix + name, list(starts.items())
        made_of = recipe("subtitles", SUBTITLES_VERSION, kind, [self._ingredients(*line, kind) for line in lines])

        def make() -> Delivered:
            cues = in_parallel(lambda line: self._cues(*line, kind), lines)
            text = _WRITERS[kind](cue for each in cues for cue in each)
            info = self._store.write(key, text.encode("utf-8", "replace"))
            return Delivered(made_of, info.size, info.etag)

        return Job(key, made_of, make)

    def _ingredients(self, id: str, start: float, kind: str) -> list[object]:
        row, clip = self._clips.spoken[id], self._clips.delivered(id)
        return [row.text, row.key, _listener(row, kind), start, clip.seconds, clip.cut_before]

    def _cues(self, id: str, start: float, kind: str) -> list[Cue]:
        row, clip = self._clips.spoken[id], self._clips.delivered(id)
        heard = Heard(start, clip.seconds, clip.cut_before)
        text, spoken = without_tags(row.text), without_tags(row.spoken_text)
        return clip_cues(text, heard, spoken, self._segments(row), self._words(row, kind))

    def _segments(self, row: IndexRow) -> tuple[ChunkSpan, ...]:
        """Where the pieces of a clip are. Of one that is gone nothing is known any more."""
        if not row.chunk_keys:
            return ()
        try:
            return ClipStore(self._store).facts(row.key, row.clip_bytes).chunk_spans
        except (ObjectMissing, ClipDamaged):
            return ()

    def _words(self, row: IndexRow, kind: str) -> Words:
        """What was heard in a clip, if anybody listened to it."""
        recogniser = _listener(row, kind)
        return (load_transcript(self._store, row.key, recogniser) or ()) if recogniser else ()


def _listener(row: IndexRow, kind: str) -> str:
    """The recogniser whose words a file shows the times of. SubRip has no such times."""
    return str(row.quality.get("recogniser") or "") if kind == "vtt" else ""
