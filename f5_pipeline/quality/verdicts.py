"""The verdict on a take: the stored measures of its clip and the words heard in it, against the batch's thresholds.

Verdicts are not stored with clips. What was measured and heard is, so that other thresholds judge it anew, and speak
nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from f5_pipeline.quality.asr.comparison import WordCheck
from f5_pipeline.quality.signal import ReasonTexts, Verdict, weigh
from f5_pipeline.quality.thresholds import Thresholds
from f5_pipeline.results.clips import ClipInfo

_VERSION = 1  # raise it when the same measures should be judged otherwise
_SHOWN = 5  # words in a reason


@dataclass(frozen=True)
class Judge:
    """Judges the clips of one batch."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    recogniser: str = ""  # who listens; "": nobody

    @property
    def fingerprint(self) -> str:
        """Changes when a verdict may: whoever remembers verdicts compares it."""
        rules = json.dumps([_VERSION, self.recogniser, self.thresholds.model_dump()], sort_keys=True)
        return hashlib.sha256(rules.encode()).hexdigest()[:16]

    def clip(self, info: ClipInfo, check: WordCheck | None = None) -> Verdict:
        """The verdict on a clip by itself."""
        if check is None:
            return weigh(info.facts, self.thresholds)
        return weigh({**info.facts, **check.measures}, self.thresholds, _sayings(check))

    def pieces(self, infos: Sequence[ClipInfo | None], checks: Sequence[WordCheck | None]) -> list[Verdict]:
        """The verdicts on the pieces of a line. Of one that is gone nothing bad is known."""
        heard = [*checks, *[None] * (len(infos) - len(checks))]
        return [self.clip(info, check) if info else Verdict("ok") for info, check in zip(infos, heard, strict=True)]

    def joined(self, info: ClipInfo, pieces: Sequence[Verdict]) -> Verdict:
        """The verdict on a line in pieces: one that came out badly is named, however little of the whole it is."""
        whole = self.clip(info)
        amiss = {number: piece for number, piece in enumerate(pieces, start=1) if piece.status != "ok"}
        if whole.status == "failed" or not amiss:
            return whole
        reasons = tuple(f"piece {number} of {len(pieces)}: {piece.reason}" for number, piece in amiss.items())
        return Verdict("suspect", reasons, round(whole.penalty + sum(piece.penalty for piece in amiss.values()), 4))


def _sayings(check: WordCheck) -> ReasonTexts:
    """How far beyond the thresholds of words is how bad, and which words are meant."""
    return {
        "max_word_error_rate": (0.2, lambda rate: f"{rate:.0%} of the words are wrong"),
        "max_missing_words": (1.0, lambda _: f"missing: {_listed(check.missing)}"),
        "max_repeated_words": (1.0, lambda _: f"said twice: {_listed(check.repeated)}"),
        "max_added_words": (1.0, lambda _: f"added: {_listed(check.added)}"),
        "max_leaked_words": (1.0, lambda _: f"begins with the reference's words: {_listed(check.leaked)}"),
    }


def _listed(words: Sequence[str]) -> str:
    more = len(words) - _SHOWN
    return ", ".join(repr(word) for word in words[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
