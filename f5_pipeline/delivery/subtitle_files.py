"""The subtitle files of a batch.

``delivery.subtitles`` makes the cues, ``delivery.word_times`` aligns the words. Transcripts and spans are read only
to write a file, never to decide if it is up to date.
"""

from __future__ import annotations

from collections.abc import Mapping

from f5_pipeline.delivery.builder import Job
from f5_pipeline.delivery.clip_files import ClipFiles
from f5_pipeline.delivery.delivery_record import Delivered, fingerprint_of
from f5_pipeline.delivery.sections import ClipSpan
from f5_pipeline.delivery.subtitles import SUBTITLES_VERSION, Cue, Placement, clip_cues, to_srt, to_vtt
from f5_pipeline.errors import ClipDamaged, ObjectMissing
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.row_text import displayed_text
from f5_pipeline.results.chunk_spans import ChunkSpan
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.transcripts import Words, load_transcript
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.parallel import in_parallel
from f5_pipeline.text.tags import without_tags

_WRITERS = {"srt": to_srt, "vtt": to_vtt}


class SubtitleFiles:
    """The subtitles of the delivered lines."""

    def __init__(self, store: ObjectStore, prefix: str, clips: ClipFiles, settings: BatchSettings) -> None:
        self._store, self._prefix, self._clips, self._settings = store, prefix, clips, settings

    def job(self, name: str, kind: str, spans: Mapping[str, ClipSpan]) -> Job:
        """The job for one subtitle file.

        Args:
            name: relative to the batch's folder.
            kind: ``srt`` or ``vtt``.
            spans: where each line is heard in the audio file, by id.
        """
        key, lines = self._prefix + name, list(spans.items())
        parts = [self._fingerprint_parts(*line, kind) for line in lines]
        fingerprint = fingerprint_of("subtitles", SUBTITLES_VERSION, kind, parts)

        def build() -> Delivered:
            cues = in_parallel(lambda line: self._cues(*line, kind), lines)
            text = _WRITERS[kind](cue for each in cues for cue in each)
            info = self._store.write(key, text.encode("utf-8", "replace"))
            return Delivered(fingerprint, info.size, info.etag)

        return Job(key, fingerprint, build)

    def _fingerprint_parts(self, id: str, span: ClipSpan, kind: str) -> list[object]:
        row, clip = self._clips.spoken[id], self._clips.delivered(id)
        return [
            displayed_text(row.text, self._settings),
            row.key,
            _word_recogniser(row, kind),
            span.start,
            span.seconds,
            clip.cut_before,
        ]

    def _cues(self, id: str, span: ClipSpan, kind: str) -> list[Cue]:
        row, clip = self._clips.spoken[id], self._clips.delivered(id)
        placement = Placement(span.start, span.seconds, clip.cut_before)
        text, spoken_text = displayed_text(row.text, self._settings), without_tags(row.spoken_text)
        return clip_cues(text, placement, spoken_text, self._chunk_spans(row), self._transcript(row, kind))

    def _chunk_spans(self, row: IndexRow) -> tuple[ChunkSpan, ...]:
        """The spans of a clip; none if the clip is gone or damaged."""
        if not row.chunk_keys:
            return ()
        try:
            return ClipStore(self._store).facts(row.key, row.clip_bytes).chunk_spans
        except (ObjectMissing, ClipDamaged):
            return ()

    def _transcript(self, row: IndexRow, kind: str) -> Words:
        """The recognised words of a clip; none if there is no transcript, or the format has no times of words."""
        recogniser = _word_recogniser(row, kind)
        return (load_transcript(self._store, row.key, recogniser) or ()) if recogniser else ()


def _word_recogniser(row: IndexRow, kind: str) -> str:
    """The recogniser that gives the times of words; "" for none. SubRip has no times of words."""
    return str(row.quality.get("recogniser") or "") if kind == "vtt" else ""
