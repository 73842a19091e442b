"""Resolution of manifest rows into utterances: row beats batch beats voice beats model. Invalid rows are rejected.

``rows`` reads the rows, ``row_values`` validates their columns, ``batch_files`` finds the files.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from f5_pipeline.errors import BadSetting, LicenceForbids, UnknownModel
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.row_values import SLUG_RULE, RowRejected, RowValues, cell, section_of, values_of
from f5_pipeline.manifests.rows import COLUMNS, ManifestRow
from f5_pipeline.manifests.utterance import Passage, RejectedRow, Utterance
from f5_pipeline.models.spec import ModelSpec, Sampling
from f5_pipeline.settings.validation import did_you_mean
from f5_pipeline.storage.object_store import is_slug
from f5_pipeline.text.front_end import has_speech, spoken
from f5_pipeline.text.pronunciation import Pronunciations
from f5_pipeline.text.tags import BadTag, TaggedPassage, split_at_tags, voices_in
from f5_pipeline.voices.listing import VoiceFiles
from f5_pipeline.voices.settings import VoiceSettings

MAX_CHARACTERS = 50_000  # of one text: about an hour of speech
_SHOWN_CHARACTERS = 2_000  # of a rejected row's text, in the index
_KNOWN_COLUMNS = frozenset(COLUMNS)
_PRESETS = {"best": 32, "balanced": 16, "fast": 7}  # solver steps


@dataclass
class Resolver:
    """Resolves the rows of one batch in order. Keeps the ids and sections of earlier rows, to find duplicates."""

    settings: BatchSettings
    default_model: str
    catalogue: Mapping[str, ModelSpec]
    voices: Mapping[str, VoiceFiles]
    voice_settings: Callable[[VoiceFiles], VoiceSettings]
    vocabulary_of: Callable[[ModelSpec], frozenset[str] | None]
    batch: str = ""  # its name; also the section of rows without one, in joined delivery
    last_row: Callable[[], int] = lambda: 0  # the last row number; called only if an id derives from row numbers
    pronunciations: Pronunciations = field(default_factory=Pronunciations)
    unchecked_models: set[str] = field(default_factory=set)  # models whose vocabulary is not on this machine
    untrained_rows: dict[tuple[str, str], int] = field(default_factory=dict)  # (language, model) → rows
    user_columns: dict[str, None] = field(default_factory=dict)  # names of the user's own columns, in order
    _ids: dict[str, int] = field(default_factory=dict)  # id in lower case → row
    _sections: dict[str, tuple[str, int]] = field(default_factory=dict)  # lower case → spelling and row

    def __post_init__(self) -> None:
        self._resolved_voices: dict[str | None, tuple[VoiceSettings, ModelSpec] | RowRejected] = {}
        self._vocabulary = lru_cache(maxsize=None)(lambda model: self.vocabulary_of(self.catalogue[model]))
        self._sampling = lru_cache(maxsize=4096)(self._resolve_sampling)  # equal rows share one object
        self._model(self.settings.model or self.default_model)

    def resolve(self, row: ManifestRow) -> Utterance | RejectedRow:
        """Resolve one row.

        Raises:
            UnknownModel: the model of the batch or of the environment is not in the catalogue.
            LicenceForbids: ``commercial = true``, and the model's licence forbids it.
        """
        columns = {name: value for name, value in row.cells.items() if name not in _KNOWN_COLUMNS}
        if not columns.keys() <= self.user_columns.keys():
            self.user_columns.update(dict.fromkeys(columns))
        try:
            return self._utterance(row, columns)
        except RowRejected as reason:
            text = row.cells.get("text", "")
            shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
            voice = cell(row, "voice") or self.settings.voice or ""
            section = cell(row, "section")
            return RejectedRow(
                id=self._rejected_id(row),
                row=row.number,
                text=shown,
                voice=voice[:128],
                reason=f"{reason}.",
                columns=columns,
                section=section if is_slug(section) else None,
                voices=tuple(name for name in (voice, *voices_in(text[:MAX_CHARACTERS])) if is_slug(name)),
            )

    def _utterance(self, row: ManifestRow, columns: Mapping[str, str]) -> Utterance:
        if row.problem:
            raise RowRejected(f"The row {row.problem}")
        id, values = self._unique_id(row), values_of(row)
        row_voice, text = cell(row, "voice") or self.settings.voice, row.cells.get("text", "")
        if row_voice:
            self._voice(row_voice)  # must be usable even if tags replace it throughout
        passages = self._passages(_parse_tags(text, row_voice), values)
        first, spec = passages[0], self._voice(passages[0].voice)[1]
        return Utterance(
            id=id,
            row=row.number,
            text=text,
            spoken_text=" ".join(passage.spoken_text for passage in passages),
            voice=first.voice,
            model=spec.name,
            language=first.language,
            sampling=self._sampling(spec.name, first.speed, values.nfe_step, values.cfg_strength),
            seed=self.settings.seed if values.seed is None else values.seed,
            max_attempts=self.settings.max_attempts,
            section=self._checked_section(row),
            pause_after_seconds=values.pause_after_seconds,
            columns=columns,
            passages=passages if _has_tags(passages) else (),
        )

    def _passages(self, tagged: Sequence[TaggedPassage], values: RowValues) -> tuple[Passage, ...]:
        """Resolve each passage like a row of its own, with the language and speed of its voice."""
        passages = tuple(self._passage(passage, values) for passage in tagged)
        spec, language = self._voice(tagged[0].voice)[1], passages[0].language
        for passage in tagged[1:]:
            if (other := self._voice(passage.voice)[1].name) != spec.name:
                reason = f"The voice {passage.voice!r} uses the model {other!r}, but the row begins with {spec.name!r}"
                raise RowRejected(reason)
        if language not in spec.languages and language[:2].lower() not in {trained[:2] for trained in spec.languages}:
            self.untrained_rows[language, spec.name] = self.untrained_rows.get((language, spec.name), 0) + 1
        return passages

    def _passage(self, passage: TaggedPassage, values: RowValues) -> Passage:
        voice, spec = self._voice(passage.voice)
        language = values.language or self.settings.language or voice.language or spec.languages[0]
        speed = _first(values.speed, self.settings.speed, voice.speed, spec.default_sampling.speed)
        spoken_text = self._spoken_text(passage.text, language, spec)
        before, after = passage.pause_before_seconds, passage.pause_after_seconds
        return Passage(spoken_text, passage.voice or "", language, speed, before, after)

    def _unique_id(self, row: ManifestRow) -> str:
        id = cell(row, "id") or self._default_id(row)
        if not is_slug(id):
            raise RowRejected(f"The id {id[:80]!r} is not a safe name ({SLUG_RULE})")
        first = self._ids.setdefault(id.lower(), row.number)  # ids become file names, also on case-insensitive systems
        if first != row.number:
            raise RowRejected(f"The id {id!r} is already that of row {first} (ids are case-insensitive)")
        return id

    def _checked_section(self, row: ManifestRow) -> str | None:
        """The section of a row. Rejects one that differs from an earlier one by case alone.

        Sections become file names, and file systems may be case-insensitive.
        """
        section = section_of(row)
        name = section or (self.batch if self.settings.join_sections or self.settings.audiobook else "")
        first, number = self._sections.setdefault(name.lower(), (name, row.number)) if name else ("", 0)
        if first != name:
            subject = f"The section {name!r}" if section else f"The row names no section and joins {name!r}, which"
            raise RowRejected(f"{subject} is spelled {first!r} in row {number} (sections are case-insensitive)")
        return section

    def _default_id(self, row: ManifestRow) -> str:
        return str(row.number).zfill(self._id_width)

    @cached_property
    def _id_width(self) -> int:
        return max(4, len(str(self.last_row())))

    def _rejected_id(self, row: ManifestRow) -> str:
        """The row's id if it is valid and unique, else a generated one: ids are unique in the index."""
        id = cell(row, "id") or self._default_id(row)
        if is_slug(id) and self._ids.setdefault(id.lower(), row.number) == row.number:
            return id
        id = f"row-{self._default_id(row)}"
        while self._ids.setdefault(id.lower(), row.number) != row.number:
            id += "-rejected"
        return id

    def _voice(self, name: str | None) -> tuple[VoiceSettings, ModelSpec]:
        """The settings and the model of a voice. Cached, including failures."""
        if name not in self._resolved_voices:
            try:
                self._resolved_voices[name] = self._resolve_voice(name)
            except RowRejected as reason:
                self._resolved_voices[name] = reason
        resolved = self._resolved_voices[name]
        if isinstance(resolved, RowRejected):
            raise RowRejected(str(resolved))
        return resolved

    def _resolve_voice(self, name: str | None) -> tuple[VoiceSettings, ModelSpec]:
        if not name:
            raise RowRejected("The row names no voice, and the batch settings give none")
        files = self.voices.get(name)
        if files is None or not files.audio:
            voices = [voice for voice, files in self.voices.items() if files.audio]
            listed = ", ".join(voices[:10]) + (", …" if len(voices) > 10 else "") if voices else "none"
            hint = did_you_mean(name, voices)
            raise RowRejected(f"The voice {name[:80]!r} is not in the store.{hint} It has: {listed}")
        if files.problems:
            raise RowRejected(f"The voice {name!r} cannot be used: {'; '.join(files.problems)}")
        try:
            voice = self.voice_settings(files)
            return voice, self._model(self.settings.model or voice.model or self.default_model)
        except (BadSetting, UnknownModel) as error:
            raise RowRejected(f"The voice {name!r} cannot be used: {error}".rstrip(".")) from None

    def _model(self, name: str) -> ModelSpec:
        if name not in self.catalogue:
            raise UnknownModel(name, sorted(self.catalogue))
        spec = self.catalogue[name]
        if self.settings.commercial and not spec.commercial:
            raise LicenceForbids(name, spec.licence)
        return spec

    def _resolve_sampling(self, model: str, speed: float, nfe_step: int | None, cfg: float | None) -> Sampling:
        batch, default = self.settings, self.catalogue[model].default_sampling
        preset = _PRESETS[batch.preset] if batch.preset else None
        sway = _first(batch.sway_sampling_coef, default.sway_sampling_coef)
        return Sampling(
            nfe_step=_first(nfe_step, batch.nfe_step, preset, default.nfe_step),
            cfg_strength=_first(cfg, batch.cfg_strength, default.cfg_strength),
            sway_sampling_coef=sway or None,  # 0 and None both mean no sway: one value, one clip key
            speed=speed,
            cross_fade_duration=_first(batch.cross_fade_duration, default.cross_fade_duration),
        )

    def _spoken_text(self, text: str, language: str, spec: ModelSpec) -> str:
        vocabulary = self._vocabulary(spec.name)
        result, unsayable = spoken(text, language, spec, vocabulary, self.pronunciations.of(language))
        if unsayable:
            raise RowRejected(f"The model {spec.name!r} cannot say {_listed(unsayable)}")
        if not has_speech(result):
            raise RowRejected("The text has nothing to say: no letter and no digit")
        if vocabulary is None:
            self.unchecked_models.add(spec.name)
        return result


def _parse_tags(text: str, voice: str | None) -> list[TaggedPassage]:
    if not text.strip():
        raise RowRejected("The text is empty")
    if len(text) > MAX_CHARACTERS:
        raise RowRejected(f"The text has {len(text):,} characters; a row has at most {MAX_CHARACTERS:,}; split it")
    try:
        return split_at_tags(text, voice)
    except BadTag as reason:
        raise RowRejected(str(reason)) from None


def _has_tags(passages: Sequence[Passage]) -> bool:
    first = passages[0]
    return len(passages) > 1 or first.pause_before_seconds > 0 or first.pause_after_seconds > 0


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def _listed(characters: list[str]) -> str:
    """Characters with code points and names, as some are invisible or look alike: "'😀' (U+1F600 GRINNING FACE)"."""
    shown = [f"{c!r} (U+{ord(c):04X} {unicodedata.name(c, 'without a name')})" for c in characters[:5]]
    return ", ".join(shown) + (f" and {len(characters) - 5} more characters" if len(characters) > 5 else "")
