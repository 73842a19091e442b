"""Fits the table of word durations (``models.word_timing``) to a teacher's speech, by damped least squares."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from f5_pipeline.engine.protocol import seconds_of
from f5_pipeline.models.word_timing import word_features
from training.recipe import Recipe
from training.rendering import shard_file
from training.teachers.protocol import OWN_RATE
from training.teachers.timed import TimedTeacher

FRAMES_PER_TOKEN = 3.0  # unpadded text has about six; with 4, a tenth fewer words begin in time
_MIN_COUNT = 10  # words that must have a feature for it to be in the table
_DAMPING, _ITERATIONS = 2.0, 300


Words = Iterable[tuple[list[str], float]]  # the features of a word, or of several, and its frames at ``OWN_RATE``


def rendered_words(recipe: Recipe, lines: Sequence[str], speech: Path) -> Words:
    """The words of the rendered speech."""
    for shard in range(recipe.speech.shards):
        yield from _words(recipe, lines, shard_file(speech, shard))


def foretold_words(recipe: Recipe, lines: Sequence[str], teacher: TimedTeacher) -> Words:
    """The words of the recipe's first ``rhythm_lines`` lines, by the durations that the teacher tells before it sounds.

    The speakers take turns.
    """
    speakers = list(recipe.speakers.values())
    for number, line in enumerate(lines[: recipe.speech.rhythm_lines]):
        seconds = teacher.word_seconds(line, speakers[number % len(speakers)])
        words = line.split()
        for word, following, (begin, end) in zip(words, [*words[1:], ""], pairwise(seconds or ()), strict=False):
            yield word_features(word, following), (end - begin) / seconds_of(1)


def fit(rendered: Words) -> str:
    """The table as JSON: min ‖A x − y‖² + λ² ‖x‖² over all words (LSQR, Paige and Saunders, 1982).

    A has a row of feature counts for each word and y its frames; λ = ``_DAMPING``.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import lsqr

    words = [(tuple(features), frames) for features, frames in rendered]
    counts = Counter(feature for features, _ in words for feature in set(features))
    known = sorted(feature for feature, count in counts.items() if count >= _MIN_COUNT)
    number = {feature: index for index, feature in enumerate(known)}
    rows = [[number[feature] for feature in features if feature in number] for features, _ in words]
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.concatenate([np.array(row, np.int64) for row in rows])
    matrix = csr_matrix((np.ones(len(columns)), columns, ends), (len(rows), len(known)))
    solution = lsqr(matrix, np.array([frames for _, frames in words]), damp=_DAMPING, iter_lim=_ITERATIONS)[0]
    rounded = {
        feature: round(float(value), 2) for feature, value in zip(known, solution, strict=True) if round(value, 2)
    }
    return json.dumps({"frames_per_token": FRAMES_PER_TOKEN, "frames": rounded}, separators=(",", ":")) + "\n"


def _words(recipe: Recipe, lines: Sequence[str], shard: Path) -> Iterator[tuple[list[str], float]]:
    """The features and frames, at ``OWN_RATE``, of each word of a shard, or of several that espeak-ng merges."""
    stored = np.load(shard)
    rates = np.array(recipe.speech.words_per_minute)[stored["group"] % len(recipe.speech.words_per_minute)] / OWN_RATE
    starts: list[NDArray[np.int32]] = np.split(stored["words"], np.cumsum(stored["word_count"])[:-1])
    for line, length, timed, rate in zip(stored["line"], stored["length"], starts, rates, strict=True):
        words = lines[line].split()
        features = [word_features(*pair) for pair in zip(words, [*words[1:], ""], strict=True)]
        begins = np.cumsum([0, *(len(word) + 1 for word in words)])[:-1]
        own = timed[np.isin(timed[:, 0], begins)]  # espeak-ng may split a word in two
        first = np.append(np.searchsorted(begins, own[:, 0]), len(words))
        for (one, other), (begin, end) in zip(pairwise(first), pairwise([*own[:, 1], length]), strict=True):
            yield [feature for word in features[one:other] for feature in word], (end - begin) * rate
