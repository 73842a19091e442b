"""Voice check: compares the speaker embeddings of a clip with the voices of its batch and the rest of its line. Pure.

``networks`` makes the embeddings; ``quality.verdicts`` judges the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from f5_pipeline.quality.neural.mel import Floats
from f5_pipeline.quality.neural.speaker import mean_embedding
from f5_pipeline.results.index import Measure
from f5_pipeline.results.neural_records import NeuralRecord

#: The embedding of each voice's reference recording, by the name of the voice: unit vectors, shape (256,).
References = Mapping[str, Floats]

#: The voice of each chunk of a line, and what the networks say about it; None: it was not measured.
MeasuredChunks = Sequence[tuple[str, NeuralRecord | None]]

_LEAST_WINDOWS = 2  # of what is compared: one alone depends on its words more than on its voice
#: Similarity of two references above which a few seconds of speech do not tell which of the two voices it is.
_ALIKE = 0.8


@dataclass(frozen=True)
class VoiceCheck:
    """Whose voice a clip has. Similarities are cosines of embeddings, 0 to 1."""

    windows: int  # how much speech was compared
    similarity: float  # to the reference of its voice
    margin: float | None  # to its own reference, less that to the nearest other: the lowest of it and its parts
    nearest: str  # that other voice; "", and no margin: there is none that differs enough, or the clip is too short
    consistency: float | None  # the lowest similarity of a part of its line to the rest; None: too short for parts
    mos: float

    @property
    def measures(self) -> dict[str, float]:
        """The measures that have thresholds."""
        values = {
            "speaker_similarity": self.similarity,
            "speaker_margin": self.margin,
            "speaker_consistency": self.consistency,
            "mos": self.mos,
        }
        return {name: round(value, 4) for name, value in values.items() if value is not None}

    def columns(self) -> dict[str, Measure]:
        """Columns of the index."""
        is_other = self.margin is not None and self.margin < 0
        return {**self.measures, **({"nearest_voice": self.nearest} if is_other else {})}

    @classmethod
    def joined(cls, checks: Sequence[VoiceCheck]) -> VoiceCheck:
        """The checks of a line's chunks as one: the means of similarity and MOS, and the worst of the rest."""
        shares = np.array([check.windows for check in checks], np.float64) / sum(check.windows for check in checks)
        worst = min(checks, key=lambda check: np.inf if check.margin is None else check.margin)
        consistencies = [check.consistency for check in checks if check.consistency is not None]
        return cls(
            windows=sum(check.windows for check in checks),
            similarity=float(shares @ [check.similarity for check in checks]),
            margin=worst.margin,
            nearest=worst.nearest,
            consistency=min(consistencies, default=None),
            mos=float(shares @ [check.mos for check in checks]),
        )


class VoiceComparison:
    """Compares the clips of a batch with the references of its voices."""

    def __init__(self, references: References) -> None:
        self._references = references

    def check(self, chunks: MeasuredChunks) -> tuple[VoiceCheck | None, ...]:
        """Check each chunk of a line; None for one that was not measured, or whose voice has no reference."""
        return tuple(
            None if record is None or voice not in self._references else self._checked(position, chunks, record)
            for position, (voice, record) in enumerate(chunks)
        )

    def _checked(self, position: int, chunks: MeasuredChunks, record: NeuralRecord) -> VoiceCheck:
        voice = chunks[position][0]
        margin, nearest = self._lowest_margin(record.windows, voice)
        rest = [each.windows for at, (name, each) in enumerate(chunks) if at != position and name == voice and each]
        return VoiceCheck(
            windows=len(record.windows),
            similarity=float(mean_embedding(record.windows) @ self._references[voice]),
            margin=margin,
            nearest=nearest,
            consistency=_consistency(record.windows, rest),
            mos=record.mos,
        )

    def _lowest_margin(self, windows: Floats, voice: str) -> tuple[float | None, str]:
        """The lowest margin of a chunk and of its beginnings and ends, with the other voice that is the nearest there.

        Without the voices that are alike: in a batch with dozens of voices, one of them is often nearer by chance.
        """
        own = self._references[voice]
        others = np.einsum("ve,e->v", self._stacked, own) <= _ALIKE
        others[self._names.index(voice)] = False
        if not others.any() or len(windows) < _LEAST_WINDOWS:
            return None, ""
        parts = np.stack([mean_embedding(part) for part in (windows, *chain.from_iterable(_halves(windows)))])
        # not ``@``: with hundreds of voices it would start the threads of BLAS, beside the model
        to_others = np.where(others, np.einsum("pe,ve->pv", parts, self._stacked), -np.inf)
        margins = parts @ own - to_others.max(axis=1)
        lowest = int(margins.argmin())
        return float(margins[lowest]), self._names[int(to_others[lowest].argmax())]

    @cached_property
    def _names(self) -> list[str]:
        return list(self._references)

    @cached_property
    def _stacked(self) -> Floats:
        """All references, shape [voices, 256]."""
        return np.stack(list(self._references.values()))


def _halves(windows: Floats) -> list[tuple[Floats, Floats]]:
    """A chunk cut in two, at every place that leaves enough windows on both sides."""
    cuts = range(_LEAST_WINDOWS, len(windows) - _LEAST_WINDOWS + 1)
    return [(windows[:cut], windows[cut:]) for cut in cuts]


def _consistency(windows: Floats, rest: Sequence[Floats]) -> float | None:
    """The lowest similarity of two parts: of a chunk's beginning and end, and of the chunk and the others of its voice.

    Args:
        windows: of the chunk, shape [windows, 256].
        rest: of each other chunk of its line in the same voice.
    """
    pairs = _halves(windows)
    if rest and len(windows) >= _LEAST_WINDOWS:
        pairs.append((windows, np.concatenate(list(rest))))
    values = [float(mean_embedding(one) @ mean_embedding(other)) for one, other in pairs]
    return min(values, default=None)
