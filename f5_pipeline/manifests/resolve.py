"""Resolution of manifest rows into utterances: row beats batch beats voice beats model. Invalid rows are rejected.

``rows`` reads the rows, ``row_values`` validates their columns, ``row_names`` their ids and sections, ``row_voices``
finds their voices and models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from f5_pipeline.languages.reading import unread
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.columns import COLUMNS
from f5_pipeline.manifests.decisions import ListenerDecision
from f5_pipeline.manifests.formats.reading import ManifestRow
from f5_pipeline.manifests.row_names import RowNames
from f5_pipeline.manifests.row_text import passages_of, voices_named
from f5_pipeline.manifests.row_values import RowRejected, RowValues, cell, values_of
from f5_pipeline.manifests.row_voices import RowVoices
from f5_pipeline.manifests.text_language import TextLanguage, clash_note, language_of
from f5_pipeline.manifests.time_line import slot_of, text_by_voice
from f5_pipeline.manifests.utterance import Passage, RejectedRow, Utterance
from f5_pipeline.models.spec import ModelSpec, Sampling, Solver
from f5_pipeline.settings.fields import HIGHEST_SPEED, LOWEST_SPEED
from f5_pipeline.storage.object_store import is_slug
from f5_pipeline.text.front_end import has_speech, spoken_parts
from f5_pipeline.text.pronunciation import Pronunciations
from f5_pipeline.text.signs import are_signs, dropped_note, listed, without_signs
from f5_pipeline.text.tags import TaggedPassage
from f5_pipeline.voices.listing import VoiceFiles
from f5_pipeline.voices.settings import VoiceSettings

_SHOWN_CHARACTERS = 2_000  # of a rejected row's text, in the index
_KNOWN_COLUMNS = frozenset(COLUMNS) - {"start", "end"}  # these two are in the index as well
_TAGS = re.compile("<[^<>]*>")
#: Preset → solver → steps; the first solver is that of the preset. With solver = "euler" a preset has the steps that it
#: had before there was another solver, so that clips can be kept.
_PRESETS: Mapping[str, Mapping[Solver, int]] = {
    "best": {"ab2": 16, "euler": 32},
    "balanced": {"ab2": 14, "euler": 16},
    "fast": {"euler": 7, "ab2": 7},
}


@dataclass
class Resolver:
    """Resolves the rows of one batch in order.

    Raises:
        UnknownModel: the model of the batch or of the environment is not in the catalogue.
        LicenceForbids: ``commercial = true``, and the model's licence forbids it.
    """

    settings: BatchSettings
    default_model: str
    catalogue: Mapping[str, ModelSpec]
    voices: Mapping[str, VoiceFiles]
    voice_settings: Callable[[VoiceFiles], VoiceSettings]
    vocabulary_of: Callable[[ModelSpec], frozenset[str] | None]
    batch: str = ""  # its name; also the section of rows without one, in joined delivery
    last_row: int = 0  # the last row number: the width of ids that derive from row numbers
    pronunciations: Pronunciations = field(default_factory=Pronunciations)
    decisions: Mapping[str, ListenerDecision] = field(default_factory=dict)  # of a listener, by id
    unchecked_models: set[str] = field(default_factory=set)  # models whose vocabulary is not on this machine
    untrained_rows: dict[tuple[str, str], int] = field(default_factory=dict)  # (language, model) → rows
    clashing_rows: dict[tuple[str, str, str], int] = field(default_factory=dict)  # (language, source, script) → rows
    user_columns: dict[str, None] = field(default_factory=dict)  # names of the user's own columns, in order

    def __post_init__(self) -> None:
        settings = self.settings
        is_joined = settings.join_sections or settings.audiobook
        self._names = RowNames(self.last_row, default_section=self.batch if is_joined else "")
        self._voices = RowVoices(settings, self.default_model, self.catalogue, self.voices, self.voice_settings)
        self._vocabulary = lru_cache(maxsize=None)(lambda model: self.vocabulary_of(self.catalogue[model]))
        self._sampling = lru_cache(maxsize=4096)(self._resolve_sampling)  # equal rows share one object

    def resolve(self, row: ManifestRow) -> Utterance | RejectedRow:
        """Resolve one row.

        Raises:
            LicenceForbids: ``commercial = true``, and the licence of the voice's model forbids it.
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
                id=self._names.rejected_id(row),
                row=row.number,
                text=shown,
                voice=voice[:128],
                reason=f"{reason}.",
                columns=columns,
                section=section if is_slug(section) else None,
                voices=tuple(name for name in (voice, *voices_named(text, self.settings)) if is_slug(name)),
            )

    def _utterance(self, row: ManifestRow, columns: Mapping[str, str]) -> Utterance:
        if row.problem:
            raise RowRejected(f"The row {row.problem}")
        id, values = self._names.unique_id(row), values_of(row)
        row_voice, text, notes = cell(row, "voice") or self.settings.voice, row.cells.get("text", ""), list[str]()
        if row.turns:
            row_voice, text, notes = text_by_voice(row.turns, self.voices, row_voice)
        if row_voice:
            self._voices.voice(row_voice)  # must be usable even if tags replace it throughout
        decided = self.decisions.get(id)
        decision = decided.on(text) if decided else None
        text = decided.edited(text) if decided else text
        tagged, markup_notes = passages_of(
            text, row_voice, self.settings, lambda: self._row_language(row_voice, text, values)
        )
        notes += markup_notes
        row_text = " ".join(passage.text for passage in tagged)
        languages = [self._language(passage, row_text, values) for passage in tagged]
        passages = self._passages(tagged, languages, values, notes)
        self._check_scripts(languages, notes)
        first, spec = passages[0], self._voices.voice(passages[0].voice)[1]
        return Utterance(
            id=id,
            row=row.number,
            text=text,
            spoken_text=" ".join(passage.spoken_text for passage in passages),
            voice=first.voice,
            model=spec.name,
            language=first.language,
            sampling=self._sampling(spec.name, first.speed, values.nfe_step, values.solver, values.cfg_strength),
            seed=self.settings.seed if values.seed is None else values.seed,
            max_attempts=self.settings.max_attempts,
            takes=self.settings.takes,
            section=self._names.checked_section(row),
            pause_after_seconds=values.pause_after_seconds,
            columns=columns,
            slot=slot_of(values, self.settings),
            passages=passages if _has_tags(passages) else (),
            language_source=languages[0].source,
            unsayable=self.settings.unsayable,
            notes=tuple(dict.fromkeys(notes)),
            decision=decision,
        )

    def _passages(
        self,
        tagged: Sequence[TaggedPassage],
        languages: Sequence[TextLanguage],
        values: RowValues,
        notes: list[str],
    ) -> tuple[Passage, ...]:
        """Resolve each passage like a row of its own, with the language and speed of its voice."""
        pairs = zip(tagged, languages, strict=True)
        passages = tuple([self._passage(passage, language, values, notes) for passage, language in pairs])
        spec, language = self._voices.voice(tagged[0].voice)[1], passages[0].language
        for passage in tagged[1:]:
            if (other := self._voices.voice(passage.voice)[1].name) != spec.name:
                reason = f"The voice {passage.voice!r} uses the model {other!r}, but the row begins with {spec.name!r}"
                raise RowRejected(reason)
        if language not in spec.languages and language[:2].lower() not in {trained[:2] for trained in spec.languages}:
            self.untrained_rows[language, spec.name] = self.untrained_rows.get((language, spec.name), 0) + 1
        return passages

    def _passage(self, passage: TaggedPassage, language: TextLanguage, values: RowValues, notes: list[str]) -> Passage:
        voice, spec = self._voices.voice(passage.voice)
        speed = _first(values.speed, self.settings.speed, voice.speed, spec.default_sampling.speed)
        if passage.speed != 1:
            speed = _changed_speed(speed, passage.speed)
        spoken_text = self._spoken_text(language.parts, spec, notes)
        before, after = passage.pause_before_seconds, passage.pause_after_seconds
        return Passage(spoken_text, passage.voice or "", language.language, speed, before, after)

    def _language(self, passage: TaggedPassage, row_text: str, values: RowValues) -> TextLanguage:
        voice, spec = self._voices.voice(passage.voice)
        given = {
            "tag": passage.language,
            "row": values.language,
            "batch": self.settings.language,
            "voice": voice.language,
        }
        return language_of(passage.text, row_text, given, spec)

    def _check_scripts(self, languages: Sequence[TextLanguage], notes: list[str]) -> None:
        """Note and count a row whose text is not in the script of its language."""
        clashes = {(each.language, each.source, each.other_script): each for each in languages if each.other_script}
        for clash, found in clashes.items():
            self.clashing_rows[clash] = self.clashing_rows.get(clash, 0) + 1
            notes.append(clash_note(found))

    def _row_language(self, voice: str | None, text: str, values: RowValues) -> str:
        """The language of a row's text before its tags are known, for markup such as ``<say-as>``."""
        if voice is None:
            return values.language or self.settings.language or "en"
        words = _TAGS.sub("", text)  # the names of elements are Latin letters in every language
        return self._language(TaggedPassage(words, voice), words, values).language

    def _resolve_sampling(
        self, model: str, speed: float, nfe_step: int | None, solver: Solver | None, cfg: float | None
    ) -> Sampling:
        batch, default = self.settings, self.catalogue[model].default_sampling
        nfe_step, solver = nfe_step or batch.nfe_step, solver or batch.solver
        if batch.preset and nfe_step is None:  # a preset's solver is good for its own steps
            steps = _PRESETS[batch.preset]
            if solver is None:
                (solver, *_) = steps
            nfe_step = steps[solver]
        sway = _first(batch.sway_sampling_coef, default.sway_sampling_coef)
        return Sampling(
            nfe_step=nfe_step or default.nfe_step,
            cfg_strength=_first(cfg, batch.cfg_strength, default.cfg_strength),
            sway_sampling_coef=sway or None,  # 0 and None both mean no sway: one value, one clip key
            speed=speed,
            cross_fade_duration=_first(batch.cross_fade_duration, default.cross_fade_duration),
            solver=solver or default.solver,
        )

    def _spoken_text(self, parts: Sequence[tuple[str, str]], spec: ModelSpec, notes: list[str]) -> str:
        vocabulary = self._vocabulary(spec.name)
        result, unsayable = spoken_parts(parts, spec, vocabulary, self.pronunciations.of)
        if unsayable and self.settings.unsayable == "drop":
            parts, dropped = _without_signs(parts, unsayable)
            notes += [dropped_note(dropped)] if dropped else []
            result, unsayable = spoken_parts(parts, spec, vocabulary, self.pronunciations.of)
        if unsayable:
            raise RowRejected(f"The model {spec.name!r} cannot say {listed(unsayable)}{_way_out(parts, unsayable)}")
        if not has_speech(result):
            raise RowRejected("The text has nothing to say: no letter and no digit")
        if vocabulary is None:
            self.unchecked_models.add(spec.name)
        if numbers := unread(result):
            languages = ", ".join(repr(language) for language in dict.fromkeys(language for language, _ in parts))
            notes.append(f"No words for {', '.join(numbers[:5])} in {languages}: the model gets the digits.")
        return result


def _has_tags(passages: Sequence[Passage]) -> bool:
    first = passages[0]
    return len(passages) > 1 or first.pause_before_seconds > 0 or first.pause_after_seconds > 0


def _changed_speed(speed: float, factor: float) -> float:
    """The speed of a passage with a speed tag.

    Raises:
        RowRejected: it is out of range.
    """
    changed = round(speed * factor, 4)
    if not LOWEST_SPEED <= changed <= HIGHEST_SPEED:
        limits = f"{LOWEST_SPEED:g} to {HIGHEST_SPEED:g}"
        raise RowRejected(f"The speed of a passage is {speed:g} × {factor:.0%}, but must be {limits}")
    return changed


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def _without_signs(
    parts: Sequence[tuple[str, str]], unsayable: Sequence[str]
) -> tuple[list[tuple[str, str]], dict[str, None]]:
    """The parts of a text without the signs that a model cannot say, and these."""
    kept, dropped = [], dict[str, None]()
    for language, text in parts:
        without, signs = without_signs(text, unsayable)
        kept.append((language, without))
        dropped |= dict.fromkeys(signs)
    return kept, dropped


def _way_out(parts: Sequence[tuple[str, str]], unsayable: Sequence[str]) -> str:
    """How the row can be spoken if it is only signs that the model cannot say."""
    if not (are_signs(unsayable) and any(has_speech(text) for _, text in parts)):
        return ""
    return '; with unsayable = "drop" in the batch settings, such signs are left out'
