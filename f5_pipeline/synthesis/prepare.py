"""Casting: each utterance of a batch with its voices, made ready on this machine; or why it cannot be spoken.

What a manifest alone shows to be wrong was found before, in ``manifests``. Here recordings are decoded, and characters
are held against a vocabulary that was perhaps not on this machine then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from f5_pipeline.engine.duration import Reference, max_chunk_seconds
from f5_pipeline.manifests.utterance import RejectedRow, Utterance
from f5_pipeline.models.weights import ReadyModel, local_vocabulary
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.synthesis.request import Speaker, SynthesisRequest
from f5_pipeline.text.alphabet import unsayable
from f5_pipeline.text.front_end import fitted, spoken
from f5_pipeline.voices.checks import VoiceLimits
from f5_pipeline.voices.prepare import prepare_voices
from f5_pipeline.voices.voice import Voice


def cast(
    utterances: Sequence[Utterance], models: Mapping[str, ReadyModel], store: ObjectStore, cache: Path
) -> tuple[list[SynthesisRequest], list[RejectedRow]]:
    """The utterances that can be spoken, in order, and the others. ``models`` are those that they name."""
    stages = {name: _Stage(model, _voices(utterances, model, store, cache), cache) for name, model in models.items()}
    lines: list[SynthesisRequest] = []
    rejected: list[RejectedRow] = []
    for utterance in utterances:
        try:
            lines.append(stages[utterance.model].line(utterance))
        except _Unusable as reason:
            rejected.append(_rejected(utterance, str(reason)))
    return lines, rejected


class _Unusable(Exception):
    """Why an utterance cannot be spoken."""


def _voices(utterances: Iterable[Utterance], model: ReadyModel, store: ObjectStore, cache: Path) -> dict[str, Voice]:
    """All voices that speak with a model, ready or with their problems."""
    names = dict.fromkeys(name for each in utterances if each.model == model.spec.name for name in each.voices)
    return {voice.name: voice for voice in prepare_voices(store, cache, names, VoiceLimits.of(model.spec))}


def _rejected(utterance: Utterance, reason: str) -> RejectedRow:
    u = utterance
    return RejectedRow(u.id, u.row, u.text, u.voice, reason, u.columns, u.section, u.voices)


class _Stage:
    """Brings utterances and voices of one model together."""

    def __init__(self, model: ReadyModel, voices: Mapping[str, Voice], cache: Path) -> None:
        self._model, self._voices = model, voices
        self._vocabulary = local_vocabulary(model.spec, cache)
        self._speakers: dict[tuple[str, str], Speaker | _Unusable] = {}

    def line(self, utterance: Utterance) -> SynthesisRequest:
        speaker = self._speaker(utterance.voice, utterance.language)
        others = tuple(self._speaker(passage.voice, passage.language) for passage in utterance.passages)
        return SynthesisRequest(self._fitted(utterance), speaker.voice, self._model, speaker.reference, others)

    def _fitted(self, utterance: Utterance) -> Utterance:
        """The utterance as the vocabulary can write it, which may not have been here when its manifest was read."""
        vocabulary, spec = self._vocabulary, self._model.spec
        if not vocabulary or not unsayable(utterance.spoken_text, vocabulary, spec.tokenizer):
            return utterance
        passages = tuple(replace(each, spoken_text=self._fit(each.spoken_text)) for each in utterance.passages)
        return replace(utterance, spoken_text=self._fit(utterance.spoken_text), passages=passages)

    def _fit(self, text: str) -> str:
        said, left = fitted(text, self._model.spec, self._vocabulary)
        if left:
            raise _Unusable(f"the model cannot say {' '.join(left[:10])}")
        return said

    def _speaker(self, name: str, language: str) -> Speaker:
        """Worked out once, as is what is wrong with it."""
        if (name, language) not in self._speakers:
            try:
                voice = self._voices[name]
                self._speakers[name, language] = Speaker(voice, self._reference(voice, language))
            except _Unusable as reason:
                self._speakers[name, language] = reason
        found = self._speakers[name, language]
        if isinstance(found, _Unusable):
            raise _Unusable(str(found))
        return found

    def _reference(self, voice: Voice, language: str) -> Reference:
        """The reference as the model is given it."""
        spec = self._model.spec
        if not voice.usable:
            raise _Unusable(f"voice {voice.name!r} cannot be used: {'; '.join(voice.problems)}")
        text, left = spoken(voice.text, language, spec, self._vocabulary)
        if left:
            characters = " ".join(left[:10])
            raise _Unusable(f"the transcript of voice {voice.name!r} has characters the model cannot say: {characters}")
        seconds = min(voice.audio_seconds, voice.speech_seconds + spec.ref_silence_seconds)
        even = bool(spec.arch.get("text_embedding_average_upsampling"))
        reference = Reference(text, seconds, voice.speech_seconds, even, self._model.spacing)
        if max_chunk_seconds(reference, spec.max_seconds) == 0.0:
            raise _Unusable(
                f"voice {voice.name!r} is {seconds:.1f} s long, which leaves no room for speech in the "
                f"{spec.max_seconds:g} s of the model {spec.name!r}"
            )
        return reference
