"""Word timing: how long words take to say, and text padded with spaces so that its letters stand where they are spoken.

With ``text_embedding_average_upsampling`` F5 gives each character of a text the same number of frames and leaves it to
the network to place the words in time. A small network learns this poorly. So a model may come with a table of word
durations: a word that takes long for its letters gets more spaces after it, and each word stands where it is spoken.

Not here: fitting the table (``training.rhythm``) and applying it to chunks (``engine.word_spacing``). The padding
shapes the sound, and the clip key contains only the table's hash: bump ``ENGINE_VERSION`` when a rule here changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from f5_pipeline.errors import BadWeights
from f5_pipeline.settings.validation import explain

_QUOTES = "'\""
_MARKS = ",.?!;:" + _QUOTES
_LONGEST_NGRAM = 3  # letters
_MIN_FRAMES = 3.0  # of a word
_BISECTIONS = 12
_CACHE_SIZE = 200_000  # words; texts share most of them, and a batch may have a million lines


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    frames_per_token: Annotated[float, Field(ge=0.5, le=100)]
    frames: dict[str, Annotated[float, Field(ge=-1000, le=1000)]]


class WordTiming:
    """Word durations of one model, and the padding of texts by them.

    A token is a character of the padded text. The duration of a word is the sum of its features' frames
    (:func:`word_features`), at least ``_MIN_FRAMES``.

    Args:
        frames_per_token: mel frames (93.75 per second) for each token; a lower value gives more spaces.
        frames: by feature, the frames that it adds to a word's duration at the table's speech rate.
    """

    def __init__(self, frames_per_token: float, frames: Mapping[str, float]) -> None:
        self._frames_per_token, self._frames = frames_per_token, frames
        self._durations: dict[tuple[str, str], float] = {}

    @property
    def frames_per_token(self) -> float:
        return self._frames_per_token

    def tokens(self, text: str) -> int:
        """The length of ``padded(text)`` in characters."""
        words = text.split()
        return sum(_word_tokens(words, self._ends(words), self._frames_per_token))

    def padded(self, text: str, tokens: int = 0) -> str:
        """The text with spaces after each word, including the last.

        Args:
            text: words separated by white space.
            tokens: if positive, the exact length of the result: the words share it in proportion to their durations.
                The result is longer only if one space after each word already exceeds it.
        """
        words = text.split()
        ends = self._ends(words)
        if tokens and words:
            counts = _fit_word_tokens(words, ends, tokens)
        else:
            counts = _word_tokens(words, ends, self._frames_per_token)
        return "".join(word.ljust(count) for word, count in zip(words, counts, strict=True)).ljust(tokens)

    def pad_pair(self, ref_text: str, text: str, ref_frames: int, frames: int) -> tuple[str, str]:
        """Pad a reference's text and the text to speak, for F5, which joins them with one space.

        Each text's share of the tokens equals its share of the frames, so that the text begins where the reference
        ends. F5 gives the remainder of frames / tokens to the last tokens only, which would move all others forward;
        the number of tokens is chosen so that at most two frames remain.

        Args:
            ref_text, text: unpadded.
            ref_frames, frames: mel frames of the reference, and to generate.

        Returns:
            Both texts. The first ends in one space; the rest of its padding begins the second.
        """
        shortest = _shortest_length(ref_text), _shortest_length(text)
        each = min(self._frames_per_token, ref_frames / max(1, shortest[0]), frames / max(1, shortest[1]))
        each = math.floor(each) if 1 < each < self._frames_per_token else each  # fast speech: letters cannot be dropped
        ref_tokens = max(shortest[0], round(ref_frames / each))
        reference = self.padded(ref_text, ref_tokens)
        stripped = reference.rstrip()
        target = self.padded(text, max(shortest[1], int((ref_frames + frames) / each) - ref_tokens))
        return f"{stripped} ", " " * (len(reference) - len(stripped) - 1) + target

    def _ends(self, words: Sequence[str]) -> list[float]:
        """The end of each word, in frames from the beginning of the text."""
        durations, end = self._durations, 0.0
        ends: list[float] = []
        for word, following in zip(words, (*words[1:], ""), strict=False):  # the second has one more if words is empty
            pair = word, following[:1]
            end += durations[pair] if pair in durations else self._duration(pair)
            ends.append(end)
        return ends

    def _duration(self, pair: tuple[str, str]) -> float:
        """The frames of a word, given as the word and the first character of the next one; cached."""
        known = self._frames
        duration = max(_MIN_FRAMES, sum([known[feature] for feature in word_features(*pair) if feature in known]))
        if len(self._durations) < _CACHE_SIZE:
            self._durations[pair] = duration
        return duration


def _word_tokens(words: Sequence[str], ends: Sequence[float], frames_per_token: float) -> list[int]:
    """The tokens of each word: its letters and at least one space.

    ``ends``: in frames. A word with more letters than its duration allows takes tokens from the words after it.
    """
    counts: list[int] = []
    total = 0
    for word, end in zip(words, ends, strict=True):
        least, wanted = len(word) + 1, round(end / frames_per_token) - total
        count = least if least > wanted else wanted
        counts.append(count)
        total += count
    return counts


def _fit_word_tokens(words: Sequence[str], ends: Sequence[float], tokens: int) -> list[int]:
    """``_word_tokens`` at the lowest frames per token, by bisection, whose sum is at most ``tokens``.

    The sum exceeds ``tokens`` only if one space after each word already does.
    """
    low, high = ends[-1] / tokens, ends[-1]
    if sum(counts := _word_tokens(words, ends, low)) <= tokens:
        return counts
    counts = _word_tokens(words, ends, high)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if sum(tried := _word_tokens(words, ends, middle)) <= tokens:
            high, counts = middle, tried
        else:
            low = middle
    return counts


def _shortest_length(text: str) -> int:
    """The length of the text with one space after each word."""
    return sum(len(word) + 1 for word in text.split())


def word_features(word: str, following: str) -> list[str]:
    """The features that a word's duration depends on, as keys of the table.

    Letter n-grams of the word between ``^`` and ``$``, the word itself (``#``), and its context: before a mark or at
    the end of the text ``T`` with the mark and ``F`` with the last letters, and if the text goes on after the mark also
    ``P`` with the mark, for the pause; else ``N`` with the next word's first letter, alone and with the word's last.
    All letters are lower case; the capitals mark the kind of feature.

    Args:
        word: with its punctuation.
        following: the next word or its first character; "" at the end of the text.
    """
    letters = word.strip(_MARKS).lower()
    marks = "".join([mark for mark in word[len(word.rstrip(_MARKS)) :] if mark not in _QUOTES])
    bounded = f"^{letters}$"
    sizes = range(1, _LONGEST_NGRAM + 1)
    features = [bounded[start : start + size] for size in sizes for start in range(len(bounded) - size + 1)]
    features.append(f"#{letters}")
    if marks or not following:  # the word is lengthened, and a pause follows
        features += [f"T{marks[:1]}", *[f"F{bounded[-size:]}" for size in (2, 3, 4)]]
        features += [f"P{marks[0]}"] if marks and following else []
    else:
        features += [f"N{following[0].lower()}", f"N{bounded[-2]}{following[0].lower()}"]
    return features


def read_word_timing(model: str, path: Path) -> WordTiming:
    """Read a model's table of word durations.

    Raises:
        BadWeights: the file is not a valid table.
    """
    try:
        table = _Table.model_validate_json(path.read_bytes())
    except ValidationError as error:
        invalid = explain(error, _Table)
        reason = f"{path} is not a word timing table: {f'{invalid.name} {invalid.sentence}'.lstrip()}"
        raise BadWeights(model, reason, "Name the model's own table as its spacing in the catalogue.") from None
    return WordTiming(table.frames_per_token, table.frames)
