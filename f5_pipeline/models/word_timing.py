"""Room for words: more spaces after those that take long to say, for models that spread a text evenly over its sound.

With ``text_embedding_average_upsampling`` F5 gives every character of a text equally many frames, and leaves it to the
network to say each word when it is due. A small network hardly learns to. So a model may come with a table of how long
its language's words take; spaces then stand for the time that their letters do not, and the words come where they are
spoken. What is decided here shapes the sound and is no part of the table: bump ``ENGINE_VERSION`` with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from f5_pipeline.errors import BadWeights
from f5_pipeline.settings.validation import explain

_QUOTES = "'\""
_MARKS = ",.?!;:" + _QUOTES
_LONGEST = 3  # letters of a part of a word
_LEAST = 3.0  # frames of a word
_HALVINGS = 12
_REMEMBERED = 200_000  # words: most texts have the same ones, and a batch may have a million lines


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    frames_per_token: Annotated[float, Field(ge=0.5, le=100)]
    frames: dict[str, Annotated[float, Field(ge=-1000, le=1000)]]


class WordTiming:
    """How long words take, and what a text looks like that gives them so much room.

    Args:
        frames_per_token: 93.75 frames are a second; the fewer, the more spaces.
        frames: what each of a word's ``parts`` adds to its duration, at a usual pace.
    """

    def __init__(self, frames_per_token: float, frames: Mapping[str, float]) -> None:
        self._each, self._frames = frames_per_token, frames
        self._known: dict[tuple[str, str], float] = {}

    @property
    def frames_per_token(self) -> float:
        return self._each

    def tokens(self, text: str) -> int:
        """How many characters ``spaced`` gives it."""
        words = text.split()
        return sum(_rooms(words, self._ends(words), self._each))

    def spaced(self, text: str, tokens: int = 0) -> str:
        """The text with room after each word, the last one too.

        With ``tokens`` it gets exactly so many characters, which its words share as they share the time; more, if that
        is not enough for its letters.
        """
        words = text.split()
        ends = self._ends(words)
        rooms = _fitted(words, ends, tokens) if tokens and words else _rooms(words, ends, self._each)
        return "".join(word.ljust(room) for word, room in zip(words, rooms, strict=True)).ljust(tokens)

    def pad_pair(self, ref_text: str, text: str, ref_frames: int, frames: int) -> tuple[str, str]:
        """A reference's text and one to speak, as F5 joins them: by one space, so that what else the first one's last
        word needs comes before the second.

        Each gets its share of the characters, as it has of the frames: a text begins where the reference ends. What is
        left over when frames are divided by characters F5 gives to the last ones alone, and all before come too
        early; so there is nothing left over but two frames.
        """
        letters = _letters(ref_text), _letters(text)
        each = min(self._each, ref_frames / max(1, letters[0]), frames / max(1, letters[1]))
        each = math.floor(each) if 1 < each < self._each else each  # said fast, letters cannot be left out
        before = max(letters[0], round(ref_frames / each))
        reference = self.spaced(ref_text, before)
        spoken = reference.rstrip()
        after = self.spaced(text, max(letters[1], int((ref_frames + frames) / each) - before))
        return f"{spoken} ", " " * (len(reference) - len(spoken) - 1) + after

    def _ends(self, words: Sequence[str]) -> list[float]:
        """When each word has been said, in frames."""
        known, end = self._known, 0.0
        ends: list[float] = []
        for word, following in zip(words, (*words[1:], ""), strict=False):  # one more than no words
            pair = word, following[:1]
            end += known[pair] if pair in known else self._learn(pair)
            ends.append(end)
        return ends

    def _learn(self, pair: tuple[str, str]) -> float:
        """How many frames a word takes; the other is the first character of what follows."""
        found = max(_LEAST, sum(self._frames.get(part, 0.0) for part in parts(*pair)))
        if len(self._known) < _REMEMBERED:
            self._known[pair] = found
        return found


def _rooms(words: Sequence[str], ends: Sequence[float], each: float) -> list[int]:
    """Of each word, so many tokens of ``each`` frames: its letters, and one space or more."""
    rooms: list[int] = []
    taken = 0
    for word, end in zip(words, ends, strict=True):
        least, wanted = len(word) + 1, round(end / each) - taken
        room = least if least > wanted else wanted  # what one word has too much, the next ones have less
        rooms.append(room)
        taken += room
    return rooms


def _fitted(words: Sequence[str], ends: Sequence[float], tokens: int) -> list[int]:
    """So many tokens altogether, or less by a few; more only if their letters alone are more."""
    fast, slow = ends[-1] / tokens, ends[-1]
    if sum(rooms := _rooms(words, ends, fast)) <= tokens:
        return rooms
    rooms = _rooms(words, ends, slow)
    for _ in range(_HALVINGS):  # the last words have more letters than room: a little is taken from each
        each = (fast + slow) / 2
        if sum(tried := _rooms(words, ends, each)) <= tokens:
            slow, rooms = each, tried
        else:
            fast = each
    return rooms


def _letters(text: str) -> int:
    """The fewest characters that it can have with one space after each word."""
    return sum(len(word) + 1 for word in text.split())


def parts(word: str, following: str) -> Iterator[str]:
    """What a word's duration depends on: its letters by ones, twos and threes, itself, and what comes after it.

    All letters as small ones; large ones say which kind of part it is.
    """
    letters = word.strip(_MARKS).lower()
    marks = "".join(mark for mark in word[len(word.rstrip(_MARKS)) :] if mark not in _QUOTES)
    whole = f"^{letters}$"
    for size in range(1, _LONGEST + 1):
        yield from (whole[at : at + size] for at in range(len(whole) - size + 1))
    yield f"#{letters}"
    if marks or not following:  # drawn out, and a pause
        yield f"T{marks[:1]}"
        yield from (f"F{whole[-size:]}" for size in (2, 3, 4))
    else:
        yield f"N{following[0].lower()}"
        yield f"N{whole[-2]}{following[0].lower()}"


def read_word_timing(model: str, path: Path) -> WordTiming:
    """The table that came with a model.

    Raises:
        BadWeights: the file is no such table.
    """
    try:
        table = _Table.model_validate_json(path.read_bytes())
    except ValidationError as error:
        invalid = explain(error, _Table)
        reason = f"{path} is not a word timing table: {f'{invalid.name} {invalid.sentence}'.lstrip()}"
        raise BadWeights(model, reason, "Name the model's own table as its spacing in the catalogue.") from None
    return WordTiming(table.frames_per_token, table.frames)
