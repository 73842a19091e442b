"""What a row means: row beats batch beats voice beats model, and why a row cannot be spoken.

Reading rows out of files is in ``rows``, the forms and ranges of their columns in ``row_values``; where files lie is in
``batch_files``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from f5_pipeline.errors import BadSetting, LicenceForbids, UnknownModel
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.row_values import SAFE, RowRejected, RowValues, cell, section_of, values_of
from f5_pipeline.manifests.rows import COLUMNS, Row
from f5_pipeline.manifests.utterance import Passage, RejectedRow, Utterance
from f5_pipeline.models.spec import ModelSpec, Sampling
from f5_pipeline.settings.toml import did_you_mean
from f5_pipeline.storage.object_store import is_slug
from f5_pipeline.text.front_end import has_speech, spoken
from f5_pipeline.text.pronunciation import Pronunciations
from f5_pipeline.text.tags import BadTag, TaggedPassage, split_at_tags, voices_in
from f5_pipeline.voices.listing import VoiceFiles
from f5_pipeline.voices.settings import VoiceSettings

MAX_CHARACTERS = 50_000  # of one text: about an hour of speech
_SHOWN_CHARACTERS = 2_000  # of a rejected row's text, in the index
_KNOWN = frozenset(COLUMNS)
_PRESETS = {"best": 32, "balanced": 16, "fast": 7}


@dataclass
class Resolver:
    """Turns the rows of one batch into utterances, in order; remembers the ids it has seen."""

    settings: BatchSettings
    default_model: str
    catalogue: Mapping[str, ModelSpec]
    voices: Mapping[str, VoiceFiles]
    voice_settings: Callable[[VoiceFiles], VoiceSettings]
    vocabulary_of: Callable[[ModelSpec], frozenset[str] | None]
    batch: str = ""  # its name, which lines without a section are joined under
    last_row: Callable[[], int] = lambda: 0  # the number of the last one: asked if ids are to be made of numbers
    pronunciations: Pronunciations = field(default_factory=Pronunciations)
    unchecked_models: set[str] = field(default_factory=set)  # whose vocabulary is not on this machine
    foreign: dict[tuple[str, str], int] = field(default_factory=dict)  # (language, model) → rows
    carried: dict[str, None] = field(default_factory=dict)  # the user's own columns, in order
    _ids: dict[str, int] = field(default_factory=dict)
    _sections: dict[str, tuple[str, int]] = field(default_factory=dict)  # small letters → as written, where

    def __post_init__(self) -> None:
        self._known_voices: dict[str | None, tuple[VoiceSettings, ModelSpec] | RowRejected] = {}
        self._vocabulary = lru_cache(maxsize=None)(lambda model: self.vocabulary_of(self.catalogue[model]))
        self._sampling = lru_cache(maxsize=4096)(self._resolve_sampling)  # equal rows share one object
        self._model(self.settings.model or self.default_model)

    def resolve(self, row: Row) -> Utterance | RejectedRow:
        """One row, valid or rejected.

        Raises:
            UnknownModel: the batch's or the environment's model is not in the catalogue.
            LicenceForbids: ``commercial = true``, and the model's licence forbids it.
        """
        columns = {name: value for name, value in row.cells.items() if name not in _KNOWN}
        if not columns.keys() <= self.carried.keys():
            self.carried.update(dict.fromkeys(columns))
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

    def _utterance(self, row: Row, columns: Mapping[str, str]) -> Utterance:
        if row.problem:
            raise RowRejected(f"The row {row.problem}")
        id, values = self._claim_id(row), values_of(row)
        own, text = cell(row, "voice") or self.settings.voice, row.cells.get("text", "")
        if own:
            self._voice(own)  # a mistake is one also where a tag names another voice
        passages = self._passages(_taken_apart(text, own), values)
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
            section=self._claim_section(row),
            pause_after_seconds=values.pause_after_seconds,
            columns=columns,
            passages=passages if _has_tags(passages) else (),
        )

    def _passages(self, taken: Sequence[TaggedPassage], values: RowValues) -> tuple[Passage, ...]:
        """Each stretch as if it were a row of its own, with its voice's language and speed."""
        passages = tuple(self._passage(stretch, values) for stretch in taken)
        spec, language = self._voice(taken[0].voice)[1], passages[0].language
        for stretch in taken[1:]:
            if (other := self._voice(stretch.voice)[1].name) != spec.name:
                has = f"The voice {stretch.voice!r} is for the model {other!r}"
                raise RowRejected(f"{has}, and the row begins in {spec.name!r}")
        if language not in spec.languages and language[:2].lower() not in {known[:2] for known in spec.languages}:
            self.foreign[language, spec.name] = self.foreign.get((language, spec.name), 0) + 1
        return passages

    def _passage(self, stretch: TaggedPassage, values: RowValues) -> Passage:
        voice, spec = self._voice(stretch.voice)
        language = values.language or self.settings.language or voice.language or spec.languages[0]
        speed = _first(values.speed, self.settings.speed, voice.speed, spec.default_sampling.speed)
        said = self._spoken(stretch.text, language, spec)
        before, after = stretch.pause_before_seconds, stretch.pause_after_seconds
        return Passage(said, stretch.voice or "", language, speed, before, after)

    def _claim_id(self, row: Row) -> str:
        id = cell(row, "id") or self._default_id(row)
        if not is_slug(id):
            raise RowRejected(f"The id {id[:80]!r} is not a safe name ({SAFE})")
        first = self._ids.setdefault(id.lower(), row.number)  # ids become file names, also where case is nothing
        if first != row.number:
            raise RowRejected(f"The id {id!r} is that of row {first} already (capitals do not count)")
        return id

    def _claim_section(self, row: Row) -> str | None:
        """Sections become file names, too: two that differ by capitals alone would be one file on some systems."""
        section = section_of(row)
        name = section or (self.batch if self.settings.join_sections or self.settings.audiobook else "")
        first, number = self._sections.setdefault(name.lower(), (name, row.number)) if name else ("", 0)
        if first != name:
            what = f"The section {name!r}" if section else f"The row names no section and joins {name!r}, which"
            raise RowRejected(f"{what} is spelled {first!r} in row {number} (capitals do not count)")
        return section

    def _default_id(self, row: Row) -> str:
        return str(row.number).zfill(self._id_width)

    @cached_property
    def _id_width(self) -> int:
        return max(4, len(str(self.last_row())))

    def _rejected_id(self, row: Row) -> str:
        """The row's own id if it is its own, else one that is nobody's: ids are unique in the index."""
        id = cell(row, "id") or self._default_id(row)
        if is_slug(id) and self._ids.setdefault(id.lower(), row.number) == row.number:
            return id
        id = f"row-{self._default_id(row)}"
        while self._ids.setdefault(id.lower(), row.number) != row.number:
            id += "-rejected"
        return id

    def _voice(self, name: str | None) -> tuple[VoiceSettings, ModelSpec]:
        """A voice by name, worked out once, as is what is wrong with it."""
        if name not in self._known_voices:
            try:
                self._known_voices[name] = self._resolve_voice(name)
            except RowRejected as reason:
                self._known_voices[name] = reason
        found = self._known_voices[name]
        if isinstance(found, RowRejected):
            raise RowRejected(str(found))
        return found

    def _resolve_voice(self, name: str | None) -> tuple[VoiceSettings, ModelSpec]:
        if not name:
            raise RowRejected("The row names no voice, and the batch settings give none")
        files = self.voices.get(name)
        if files is None or not files.audio:
            known = [voice for voice, files in self.voices.items() if files.audio]
            have = ", ".join(known[:10]) + (", …" if len(known) > 10 else "") if known else "none"
            raise RowRejected(f"The voice {name[:80]!r} is not in the store.{did_you_mean(name, known)} It has: {have}")
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
            sway_sampling_coef=sway or None,  # 0 is no sway; one spelling, so one clip key
            speed=speed,
            cross_fade_duration=_first(batch.cross_fade_duration, default.cross_fade_duration),
        )

    def _spoken(self, text: str, language: str, spec: ModelSpec) -> str:
        vocabulary = self._vocabulary(spec.name)
        said, left = spoken(text, language, spec, vocabulary, self.pronunciations.of(language))
        if left:
            raise RowRejected(f"The model {spec.name!r} cannot say {_named(left)}")
        if not has_speech(said):
            raise RowRejected("The text has nothing to say: no letter and no digit")
        if vocabulary is None:
            self.unchecked_models.add(spec.name)
        return said


def _taken_apart(text: str, voice: str | None) -> list[TaggedPassage]:
    if not text.strip():
        raise RowRejected("The text is empty")
    if len(text) > MAX_CHARACTERS:
        raise RowRejected(
            f"The text has {len(text):,} characters, at most {MAX_CHARACTERS:,} go into one row; split it"
        )
    try:
        return split_at_tags(text, voice)
    except BadTag as reason:
        raise RowRejected(str(reason)) from None


def _has_tags(passages: Sequence[Passage]) -> bool:
    first = passages[0]
    return len(passages) > 1 or first.pause_before_seconds > 0 or first.pause_after_seconds > 0


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def _named(characters: list[str]) -> str:
    """ "'😀' (U+1F600 GRINNING FACE), 'Ж' (…)": some cannot be seen or told apart."""
    shown = [f"{c!r} (U+{ord(c):04X} {unicodedata.name(c, 'without a name')})" for c in characters[:5]]
    return ", ".join(shown) + (f" and {len(characters) - 5} more characters" if len(characters) > 5 else "")
