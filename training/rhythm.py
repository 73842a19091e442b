"""How long words take to say: the table that gives a text room for its words, fitted to the rendered speech."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from f5_pipeline.models.word_timing import word_features
from training.recipe import Recipe
from training.rendering import shard_file

FRAMES_PER_TOKEN = 3.0  # a text without room for its words has six; with 4, a tenth fewer of them come in time
_USUAL = 170  # words per minute, to which all durations are brought
_SEEN = 10  # words with a part, without which it is left out
_DAMPING, _ITERATIONS = 2.0, 300


def fit(recipe: Recipe, lines: Sequence[str], speech: Path) -> str:
    """The table, as JSON: least squares over the words of all clips, a little drawn to zero."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import lsqr

    said = [
        (tuple(of_word), frames)
        for shard in range(recipe.speech.shards)
        for of_word, frames in _words(recipe, lines, shard_file(speech, shard))
    ]
    counts = Counter(part for of_word, _ in said for part in set(of_word))
    known = sorted(part for part, count in counts.items() if count >= _SEEN)
    number = {part: index for index, part in enumerate(known)}
    found = [[number[part] for part in of_word if part in number] for of_word, _ in said]
    ends = np.cumsum([0, *map(len, found)])
    columns = np.concatenate([np.array(some, np.int64) for some in found])
    matrix = csr_matrix((np.ones(len(columns)), columns, ends), (len(found), len(known)))
    frames = lsqr(matrix, np.array([frames for _, frames in said]), damp=_DAMPING, iter_lim=_ITERATIONS)[0]
    rounded = {part: round(float(value), 2) for part, value in zip(known, frames, strict=True) if round(value, 2)}
    return json.dumps({"frames_per_token": FRAMES_PER_TOKEN, "frames": rounded}, separators=(",", ":")) + "\n"


def _words(recipe: Recipe, lines: Sequence[str], shard: Path) -> Iterator[tuple[list[str], float]]:
    """Of what espeak-ng says at one go, a word or a few: the parts, and the frames at a usual pace."""
    stored = np.load(shard)
    paces = np.array(recipe.speech.words_per_minute)[stored["group"] % len(recipe.speech.words_per_minute)] / _USUAL
    starts: list[NDArray[np.int32]] = np.split(stored["words"], np.cumsum(stored["word_count"])[:-1])
    for line, length, found, pace in zip(stored["line"], stored["length"], starts, paces, strict=True):
        words = lines[line].split()
        parted = [list(word_features(word, following)) for word, following in zip(words, [*words[1:], ""], strict=True)]
        begins = np.cumsum([0, *(len(word) + 1 for word in words)])[:-1]
        its = found[np.isin(found[:, 0], begins)]  # espeak-ng may take a word for two
        first = np.append(np.searchsorted(begins, its[:, 0]), len(words))
        for (one, other), (begin, end) in zip(pairwise(first), pairwise([*its[:, 1], length]), strict=True):
            yield [part for word in parted[one:other] for part in word], (end - begin) * pace
