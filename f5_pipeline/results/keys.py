"""The clip key: a fingerprint of all that shapes the sound of an utterance, and of nothing else.

Whoever speaks fills in ``ClipParts`` with plain values; this module knows no voice, no model and no engine. Batch,
id, format, loudness and device are not in the key, so the same line in another batch is the same clip.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

Setting = float | int | str | bool | None

_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
_SEEDS = 2**32  # seeds fit an unsigned 32-bit integer: short enough to copy from a report into a manifest


@dataclass(frozen=True)
class ClipParts:
    """All that shapes the sound of one attempt at one utterance."""

    spoken_text: str
    voice_fingerprint: str  # sha256 of the prepared reference audio and its text
    model_fingerprint: str  # sha256 of checkpoint, vocabulary, architecture and vocoder
    sampling: Mapping[str, Setting]
    engine_version: str  # bumped by hand when the engine's sound changes
    attempt: int = 1
    seed: int | None = None  # as the user gave it; None: derived
    #: Of a line with pauses or other voices in it: each part's text, voice and pauses. Empty parts are left out of the
    #: key, so that a line without them has the key that it had before there were any.
    passages: tuple[Mapping[str, Setting], ...] = ()


def derive_seed(parts: ClipParts) -> int:
    """The seed that an attempt is spoken with, 0 ≤ seed < 2³².

    The first attempt with a seed of the user's takes that one. Otherwise it follows from all the parts, so that it
    does not depend on what else is in the batch, and another attempt sounds different.
    """
    return _seed(parts, parts.attempt, _fragments(parts))


def clip_key(parts: ClipParts) -> str:
    """The key (64 hexadecimal digits) of the clip that these parts make.

    Raises:
        ValueError: a part is not a finite number, or of another type than the annotations say.
    """
    return next(clip_keys(parts, [parts.attempt]))


def clip_keys(parts: ClipParts, attempts: Iterable[int]) -> Iterator[str]:
    """The keys of several attempts: what they have in common is written down once, as a batch may have millions.

    Raises:
        ValueError: as ``clip_key``.
    """
    fragments = _fragments(parts)
    for attempt in attempts:
        fragments["attempt"] = str(attempt)
        yield _digest({**fragments, "seed": str(_seed(parts, attempt, fragments))})


def _seed(parts: ClipParts, attempt: int, fragments: Mapping[str, str]) -> int:
    if parts.seed is not None and attempt == 1:
        return parts.seed
    return int(_digest({**fragments, "purpose": '"seed"'})[:8], 16) % _SEEDS


def _digest(fragments: Mapping[str, str]) -> str:
    """sha256 of a JSON object, by the JSON of each of its values."""
    text = ",".join([f'"{name}":{fragments[name]}' for name in sorted(fragments)])
    return hashlib.sha256(f"{{{text}}}".encode("ascii")).hexdigest()


def _fragments(parts: ClipParts) -> dict[str, str]:
    """The parts by name, each as canonical JSON."""
    return {name: _JSON.encode(value) for name, value in _canonical(vars(parts)).items()}


def _canonical(parts: Mapping[str, object]) -> dict[str, object]:
    """Equal values as equal JSON: 2 and 2.0, and -0.0 and 0, sound the same."""
    return {name: _canonical_value(value) for name, value in parts.items() if value != ()}


def _canonical_value(value: object) -> object:
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return _canonical(value)
    if isinstance(value, tuple):
        return [_canonical_value(item) for item in value]
    raise ValueError(f"A clip key is made of text and numbers, not of {type(value).__name__}.")
