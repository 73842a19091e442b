"""Prepares requests: combines each utterance of a batch with its voices and its model on this machine.

``manifests`` has rejected the rows whose faults show in the manifest alone. Here reference recordings are decoded, and
characters are compared with a vocabulary that may not have been on this machine before.
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
from f5_pipeline.synthesis.timing import in_time
from f5_pipeline.text.alphabet import unsayable
from f5_pipeline.text.front_end import fitted, has_speech, spoken
from f5_pipeline.text.scripts import transcript_language
from f5_pipeline.text.signs import dropped_note, without_signs
from f5_pipeline.voices.checks import VoiceLimits
from f5_pipeline.voices.prepare import prepare_voices
from f5_pipeline.voices.voice import Voice


def prepare_requests(
    utterances: Sequence[Utterance], models: Mapping[str, ReadyModel], store: ObjectStore, cache: Path
) -> tuple[list[SynthesisRequest], list[RejectedRow]]:
    """The requests of the utterances that can be spoken, in order, and the rejected ones.

    Args:
        utterances: of one batch.
        models: the models that they name.
        store: has the voices.
        cache: of this machine, for prepared voices and vocabularies.
    """
    preparers = {
        name: _Preparer(model, _voices(utterances, model, store, cache), cache) for name, model in models.items()
    }
    requests: list[SynthesisRequest] = []
    rejected: list[RejectedRow] = []
    for utterance in utterances:
        try:
            requests.append(preparers[utterance.model].request(utterance))
        except _Unusable as reason:
            rejected.append(_rejected(utterance, str(reason)))
    return requests, rejected


class _Unusable(Exception):
    """The reason why an utterance cannot be spoken."""


def _voices(utterances: Iterable[Utterance], model: ReadyModel, store: ObjectStore, cache: Path) -> dict[str, Voice]:
    """All voices that a model speaks in, prepared, or with their problems."""
    names = dict.fromkeys(name for each in utterances if each.model == model.spec.name for name in each.voices)
    return {voice.name: voice for voice in prepare_voices(store, cache, names, VoiceLimits.of(model.spec))}


def _rejected(utterance: Utterance, reason: str) -> RejectedRow:
    u = utterance
    return RejectedRow(u.id, u.row, u.text, u.voice, reason, u.columns, u.section, u.voices)


class _Preparer:
    """Prepares the utterances of one model."""

    def __init__(self, model: ReadyModel, voices: Mapping[str, Voice], cache: Path) -> None:
        self._model, self._voices = model, voices
        self._vocabulary = local_vocabulary(model.spec, cache)
        self._speakers: dict[tuple[str, str], tuple[Speaker] | _Unusable] = {}

    def request(self, utterance: Utterance) -> SynthesisRequest:
        speakers: tuple[Speaker, ...] = self._speaker(utterance.voice, utterance.language)
        if utterance.passages:
            speakers = tuple([self._speaker(passage.voice, passage.language)[0] for passage in utterance.passages])
        return SynthesisRequest(in_time(self._fit_utterance(utterance), speakers), self._model, speakers)

    def _fit_utterance(self, utterance: Utterance) -> Utterance:
        """The utterance in the characters of the vocabulary, which may have been unknown when its manifest was read."""
        vocabulary, spec = self._vocabulary, self._model.spec
        if not vocabulary or not unsayable(utterance.spoken_text, vocabulary, spec.tokenizer):
            return utterance
        drops = utterance.unsayable == "drop"
        text, dropped = self._fit(utterance.spoken_text, drops)
        passages = [replace(each, spoken_text=self._fit(each.spoken_text, drops)[0]) for each in utterance.passages]
        notes = (*utterance.notes, dropped_note(dropped)) if dropped else utterance.notes
        return replace(utterance, spoken_text=text, passages=tuple(passages), notes=notes)

    def _fit(self, text: str, drops: bool) -> tuple[str, list[str]]:
        """A text in the characters of the vocabulary, and the signs that were dropped."""
        dropped: list[str] = []
        fitting, unknown = fitted(text, self._model.spec, self._vocabulary)
        if unknown and drops:
            text, dropped = without_signs(text, unknown)
            fitting, unknown = fitted(text, self._model.spec, self._vocabulary)
        if unknown:
            raise _Unusable(f"the model cannot say {' '.join(unknown[:10])}")
        if not has_speech(fitting):
            raise _Unusable("the text has nothing to say: no letter and no digit")
        return fitting, dropped

    def _speaker(self, name: str, language: str) -> tuple[Speaker]:
        """The voice as the model uses it for texts in a language. Cached, including failures.

        In a tuple, which the requests of a batch share: there may be a million.
        """
        if (name, language) not in self._speakers:
            try:
                voice = self._voices[name]
                self._speakers[name, language] = (Speaker(voice, self._reference(voice, language)),)
            except _Unusable as reason:
                self._speakers[name, language] = reason
        found = self._speakers[name, language]
        if isinstance(found, _Unusable):
            raise _Unusable(str(found))
        return found

    def _reference(self, voice: Voice, language: str) -> Reference:
        """The reference that the model receives."""
        spec = self._model.spec
        if not voice.usable:
            raise _Unusable(f"voice {voice.name!r} cannot be used: {'; '.join(voice.problems)}")
        language = transcript_language(voice.text, voice.language, language, spec.languages)
        text, unknown = spoken(voice.text, language, spec, self._vocabulary)
        if unknown:
            characters = " ".join(unknown[:10])
            raise _Unusable(f"the transcript of voice {voice.name!r} has characters the model cannot say: {characters}")
        seconds = min(voice.audio_seconds, voice.speech_seconds + spec.ref_silence_seconds)
        even = bool(spec.arch.get("text_embedding_average_upsampling"))
        reference = Reference(text, seconds, voice.speech_seconds, even, self._model.word_timing)
        if max_chunk_seconds(reference, spec.max_seconds) == 0.0:
            raise _Unusable(
                f"voice {voice.name!r} is {seconds:.1f} s long, which leaves no room for speech in the "
                f"{spec.max_seconds:g} s of the model {spec.name!r}"
            )
        return reference
