"""Verdicts: the stored measures of a clip, its transcript and its voice, compared with the thresholds of the batch.

Measures and transcripts are stored with a clip; verdicts are not. So other thresholds give new verdicts, and nothing is
spoken again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from f5_pipeline.quality.asr.comparison import WordCheck
from f5_pipeline.quality.neural.check import VoiceCheck
from f5_pipeline.quality.signal import ReasonText, ReasonTexts, Verdict, weigh
from f5_pipeline.quality.thresholds import Thresholds
from f5_pipeline.results.clips import ClipInfo

_VERSION = 1  # bump it when the same measures should get another verdict
_LISTED = 5  # words in a reason
#: Those of the voice check: without networks they have no effect.
_VOICE_THRESHOLDS = {"min_speaker_similarity", "min_speaker_margin", "min_speaker_consistency", "min_mos"}


@dataclass(frozen=True)
class Judge:
    """Gives the verdicts on the clips of one batch."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    recogniser: str = ""  # that transcribes the clips; "": none
    networks: str = ""  # that measure the clips; "": none

    @property
    def fingerprint(self) -> str:
        """Changes whenever a verdict may change. The index keeps it, to know if its verdicts still hold."""
        rules = [_VERSION, self.recogniser, self.thresholds.model_dump(exclude=_VOICE_THRESHOLDS)]
        if self.networks:
            rules += [self.networks, self.thresholds.model_dump(include=_VOICE_THRESHOLDS)]
        return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:16]

    def clip(self, info: ClipInfo, words: WordCheck | None = None, voice: VoiceCheck | None = None) -> Verdict:
        """The verdict on a clip by itself."""
        values, reason_texts = dict(info.facts), dict[str, ReasonText]()
        if words is not None:
            values |= words.measures
            reason_texts |= _word_reasons(words)
        if voice is not None:
            values |= voice.measures
            reason_texts |= _voice_reasons(voice)
        return weigh(values, self.thresholds, reason_texts)

    def chunks(
        self,
        infos: Sequence[ClipInfo | None],
        words: Sequence[WordCheck | None],
        voices: Sequence[VoiceCheck | None] = (),
    ) -> list[Verdict]:
        """The verdicts on the chunks of a line. A missing one counts as ok."""
        checks = list(zip_longest(words[: len(infos)], voices[: len(infos)]))
        padded = [*checks, *[(None, None)] * (len(infos) - len(checks))]
        return [self.clip(info, *each) if info else Verdict("ok") for info, each in zip(infos, padded, strict=True)]

    def joined(self, info: ClipInfo, chunks: Sequence[Verdict]) -> Verdict:
        """The verdict on a joined clip. It names every bad chunk, however short."""
        whole = self.clip(info)
        bad = {number: chunk for number, chunk in enumerate(chunks, start=1) if chunk.status != "ok"}
        if whole.status == "failed" or not bad:
            return whole
        reasons = tuple(f"chunk {number} of {len(chunks)}: {chunk.reason}" for number, chunk in bad.items())
        return Verdict("suspect", reasons, round(whole.penalty + sum(chunk.penalty for chunk in bad.values()), 4))


def _voice_reasons(check: VoiceCheck) -> ReasonTexts:
    """For each threshold of the voice check: the scale of its penalty, and the reason."""
    return {
        "min_speaker_similarity": (0.2, lambda value: f"unlike its voice (similarity {value:.2f})"),
        "min_speaker_margin": (0.1, lambda value: f"sounds more like the voice {check.nearest} (by {-value:.2f})"),
        "min_speaker_consistency": (0.2, lambda value: f"its voice changes (similarity of its parts {value:.2f})"),
        "min_mos": (1.0, lambda value: f"sounds poor (MOS {value:.1f})"),
    }


def _word_reasons(check: WordCheck) -> ReasonTexts:
    """For each threshold of the word check: the scale of its penalty, and the reason with the words."""
    return {
        "max_word_error_rate": (0.2, lambda rate: f"{rate:.0%} of the words are wrong"),
        "max_missing_words": (1.0, lambda _: f"missing: {_listed(check.missing)}"),
        "max_repeated_words": (1.0, lambda _: f"said twice: {_listed(check.repeated)}"),
        "max_added_words": (1.0, lambda _: f"added: {_listed(check.added)}"),
        "max_leaked_words": (1.0, lambda _: f"begins with the reference's words: {_listed(check.leaked)}"),
    }


def _listed(words: Sequence[str]) -> str:
    more = len(words) - _LISTED
    return ", ".join(repr(word) for word in words[:_LISTED]) + (f" and {more} more" if more > 0 else "")
