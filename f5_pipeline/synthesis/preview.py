"""Preview of a batch before it is submitted: each line with its voice, its spoken text and its expected duration.

Reads the store and this machine's cache of voices. Writes nothing to the store, downloads no weights, loads no model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from f5_pipeline.errors import F5PipelineError
from f5_pipeline.manifests.batch_files import BatchFiles
from f5_pipeline.manifests.manifest import resolve_files
from f5_pipeline.manifests.text_language import languages_summary
from f5_pipeline.manifests.utterance import RejectedRow, Utterance
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.models.weights import ModelFiles, ReadyModel, weights_here
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.prepare import prepare_requests
from f5_pipeline.synthesis.request import SynthesisRequest

_LEAST_OVERRUN_SECONDS = 0.1  # that is worth a warning: durations are estimates
_SHOWN_OVERRUNS = 20
_NO_FILES = ModelFiles(Path(), Path(), Path(), "", {}, 0.0, 0)  # of a model that is not on this machine yet


@dataclass(frozen=True)
class PreviewLine:
    """One line that would be spoken."""

    utterance: Utterance
    seconds: float  # expected
    cached: bool | None  # True if its clip exists; None: unknown without the model's files on this machine


@dataclass(frozen=True)
class Preview:
    """The lines of a batch, and the rejected rows."""

    batch: str
    lines: tuple[PreviewLine, ...]
    rejected: tuple[RejectedRow, ...]
    warnings: tuple[str, ...]

    @property
    def audio_seconds(self) -> float:
        return sum(line.seconds for line in self.lines)

    @property
    def cached(self) -> int | None:
        """The number of lines whose clip exists; None if it is unknown for some."""
        known = [line.cached for line in self.lines if line.cached is not None]
        return sum(known) if len(known) == len(self.lines) else None

    @property
    def languages(self) -> str:
        """The number of lines in each language, and what the languages follow from."""
        return languages_summary((line.utterance.language, line.utterance.language_source) for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """``{"batch", "lines": […], "rejected": […], "warnings": […], "totals": {…}}``."""
        totals = {
            "lines": len(self.lines),
            "rejected": len(self.rejected),
            "audio_seconds": round(self.audio_seconds, 1),
            "cached": self.cached,
        }
        rejected = [
            {"row": row.row, "id": row.id, "voice": row.voice, "text": row.text, "reason": row.reason}
            for row in self.rejected
        ]
        lines = [_line_as_json(line) for line in self.lines]
        return {
            "batch": self.batch,
            "lines": lines,
            "rejected": rejected,
            "warnings": list(self.warnings),
            "totals": totals,
        }


def preview(files: BatchFiles, store: ObjectStore, settings: Settings, catalogue: Mapping[str, ModelSpec]) -> Preview:
    """Resolve a batch with the voices and the dictionary of a store.

    Raises:
        BadManifest, BadPronunciations: the manifest, or the store's dictionary, cannot be read.
        UnknownModel, LicenceForbids: the batch's model is not in the catalogue, or not for commercial use.
    """
    contents = resolve_files(files, store, settings, catalogue)
    names = dict.fromkeys(utterance.model for utterance in contents.utterances)
    models = {name: _ready(catalogue[name], settings.cache) for name in names}
    requests, unusable = prepare_requests(contents.utterances, models, store, settings.cache)
    rejected = sorted((*contents.rejected, *unusable), key=lambda row: row.row)
    stored = _stored_takes(requests, store)
    shown = [
        PreviewLine(
            request.utterance,
            request.expected_seconds,
            None if request.model.files is _NO_FILES else not stored.isdisjoint(request.take_keys),
        )
        for request in requests
    ]
    overruns = _overrun_warning(requests)
    warnings = (*contents.warnings, overruns) if overruns else contents.warnings
    return Preview(files.batch, tuple(shown), tuple(rejected), warnings)


def _ready(spec: ModelSpec, cache: Path) -> ReadyModel:
    try:
        files = weights_here(spec, cache)
    except F5PipelineError:  # reported when the files are needed
        files = None
    return ReadyModel(spec, files or _NO_FILES)


def _stored_takes(requests: Sequence[SynthesisRequest], store: ObjectStore) -> set[str]:
    """The keys of the requests' takes that are in the store."""
    keys = (key for request in requests if request.model.files is not _NO_FILES for key in request.take_keys)
    return set(ClipStore(store).existing(keys))


def _overrun_warning(requests: Sequence[SynthesisRequest]) -> str:
    """The warning about lines that are expected to be spoken beyond the start of the next one; "" without any."""
    expected = [
        (request.utterance.row, request.expected_seconds - slot.limit_seconds)
        for request in requests
        if (slot := request.utterance.slot) is not None and slot.limit_seconds is not None
    ]
    overruns = [f"row {row} by {seconds:.1f} s" for row, seconds in expected if seconds > _LEAST_OVERRUN_SECONDS]
    if not overruns:
        return ""
    shown = ", ".join(overruns[:_SHOWN_OVERRUNS]) + (", …" if len(overruns) > _SHOWN_OVERRUNS else "")
    return f"Texts that are too long for the time until the next line; shorten them: {shown}."


def _line_as_json(line: PreviewLine) -> dict[str, Any]:
    u = line.utterance
    names = ("row", "id", "voice", "model", "language", "language_source", "section", "text")
    shown = {"spoken_text": u.shown_text, "seconds": round(line.seconds, 2), "cached": line.cached}
    shown |= {"notes": list(u.notes)}
    return {name: getattr(u, name) for name in names} | shown
