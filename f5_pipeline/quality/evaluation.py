"""Evaluation of batches: word error rate, speaker similarity and MOS by voice and model, with confidence intervals.

From the measures in the index alone: no clip is read, and nothing is spoken, transcribed or measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.results.index import IndexRow

MEASURES = ("word_error_rate", "speaker_similarity", "mos")
ALL = "all"  # voices or models

_TAG = re.compile(r"\[[^\[\]]*\]")  # in a spoken text: a pause, a voice, …
_RESAMPLES = 1000
_INTERVAL = (2.5, 97.5)  # percentiles


@dataclass(frozen=True)
class Estimate:
    """A mean over lines, with its 95 % confidence interval: percentiles of means over lines drawn with replacement
    (Efron 1979). The same lines have the same interval."""

    value: float
    low: float
    high: float
    lines: int  # that have the measure


@dataclass(frozen=True)
class Evaluation:
    """The measures of the lines of one voice and model, or their differences between two batches."""

    voice: str
    model: str
    clips: int
    measures: Mapping[str, Estimate]  # of ``MEASURES``, those that a line has


def evaluate(rows: Sequence[IndexRow]) -> list[Evaluation]:
    """The evaluation of each voice and model of a batch, and of all of them together if there are several."""
    return [
        Evaluation(voice, model, len(found), _estimates({name: [_values(found, name)] for name in MEASURES}))
        for (voice, model), found in _groups(row for row in rows if row.key).items()
    ]


def compare(before: Sequence[IndexRow], after: Sequence[IndexRow]) -> list[Evaluation]:
    """The differences ``after`` less ``before`` of the lines that both batches have, for each voice.

    A line corresponds to the one with its id and text: ids alone may be row numbers. It has its difference to itself,
    so the interval does not contain how much the lines differ from each other. Word error rates of two recognisers are
    not compared.
    """
    known = {(row.id, row.text): row for row in before if row.key}
    groups = _groups(row for row in after if row.key and (row.id, row.text) in known)
    evaluations = []
    for (voice, model), found in groups.items():
        olds = [known[row.id, row.text] for row in found]
        measures = {name: [_values(found, name), _values(olds, name)] for name in MEASURES}
        if any(
            new.quality.get("recogniser") != old.quality.get("recogniser") for new, old in zip(found, olds, strict=True)
        ):
            del measures["word_error_rate"]
        evaluations.append(Evaluation(voice, model, len(found), _estimates(measures)))
    return evaluations


def _groups(rows: Iterable[IndexRow]) -> Mapping[tuple[str, str], list[IndexRow]]:
    groups: dict[tuple[str, str], list[IndexRow]] = {}
    for row in rows:
        groups.setdefault((row.voice, row.model), []).append(row)
    ordered = dict(sorted(groups.items()))
    return ordered if len(ordered) < 2 else {**ordered, (ALL, ALL): [row for each in ordered.values() for row in each]}


#: The measure of each line times its weight, and its weight; NaN and 0 if the line does not have it. Shape [2, lines].
_Values = npt.NDArray[np.float64]


def _values(rows: Sequence[IndexRow], name: str) -> _Values:
    return np.array([_weighted(row, name) for row in rows], np.float64).reshape(-1, 2).T


def _weighted(row: IndexRow, name: str) -> tuple[float, float]:
    value = row.quality.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return np.nan, 0.0
    # A word error rate is that of all words, not the mean of the lines' rates.
    weight = float(max(1, len(words_of(_TAG.sub(" ", row.spoken_text))))) if name == "word_error_rate" else 1.0
    return value * weight, weight


def _estimates(measures: Mapping[str, Sequence[_Values]]) -> Mapping[str, Estimate]:
    """Estimates of a measure in one batch, or of the difference of two, whose lines correspond."""
    found = {}
    for name, batches in measures.items():
        known = np.all([values[1] > 0 for values in batches], axis=0)
        if known.any():
            found[name] = _estimate([values[:, known] for values in batches])
    return found


def _estimate(batches: Sequence[_Values]) -> Estimate:
    def mean(chosen: npt.NDArray[np.intp]) -> float:
        first, *others = (values[0, chosen].sum() / values[1, chosen].sum() for values in batches)
        return float(first - sum(others))

    count, random = batches[0].shape[1], np.random.default_rng(1)
    drawn = [mean(random.integers(0, count, (count,))) for _ in range(_RESAMPLES)]
    low, high = np.percentile(drawn, _INTERVAL)
    return Estimate(round(mean(np.arange(count)), 4), round(float(low), 4), round(float(high), 4), count)
