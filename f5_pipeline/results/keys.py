"""The clip key: a fingerprint of all that shapes the sound of an utterance, and of nothing else.

Whoever speaks fills in ``ClipParts`` with plain values; this module knows no voice, no model and no engine. Batch,
id, format, loudness and device are not in the key, so the same line in another batch is the same clip.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring_ascii

Setting = float | int | str | bool | None

_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
_SEED_BYTES = 4  # seeds fit an unsigned 32-bit integer: short enough to copy from a report into a manifest


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
    return _seed(parts, parts.attempt, _Written(parts))


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
    written = _Written(parts)
    for attempt in attempts:
        yield _digest(written.of(attempt, str(_seed(parts, attempt, written))))


class _Written:
    """Parts as canonical JSON: an object with its names in order. What many lines have in common is written once."""

    def __init__(self, parts: ClipParts) -> None:
        # With the types: True is 1 for a cache, but not in JSON.
        sampling = tuple([(name, value, value.__class__) for name, value in parts.sampling.items()])
        self._models, self._sampling = _common(parts.engine_version, parts.model_fingerprint, sampling)
        self._passages = f'"passages":{_json(parts.passages)},' if parts.passages else ""
        self._spoken = f'"spoken_text":{_json(parts.spoken_text)},"voice_fingerprint":{_json(parts.voice_fingerprint)}'

    def of(self, attempt: int, seed: str, purpose: str = "") -> str:
        """With these values; ``seed`` and ``purpose`` as JSON, an empty purpose left out."""
        use = f'"purpose":{purpose},' if purpose else ""
        start = f'{{"attempt":{attempt},{self._models},{self._passages}{use}'
        return f'{start}"sampling":{self._sampling},"seed":{seed},{self._spoken}}}'


@lru_cache(maxsize=256)
def _common(engine: str, model: str, sampling: tuple[tuple[str, Setting, type], ...]) -> tuple[str, str]:
    """What the lines of a batch have in common, as JSON: engine and model, sampling."""
    models = f'"engine_version":{_json(engine)},"model_fingerprint":{_json(model)}'
    return models, _json({name: value for name, value, _ in sampling})


def _seed(parts: ClipParts, attempt: int, written: _Written) -> int:
    if parts.seed is not None and attempt == 1:
        return parts.seed
    seed = "null" if parts.seed is None else str(parts.seed)
    digest = hashlib.sha256(written.of(attempt, seed, '"seed"').encode("ascii")).digest()
    return int.from_bytes(digest[:_SEED_BYTES], "big")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _json(value: object) -> str:
    return encode_basestring_ascii(value) if type(value) is str else _JSON.encode(_canonical_value(value))


def _canonical_value(value: object) -> object:
    """Equal values as equal JSON: 2 and 2.0, and -0.0 and 0, sound the same."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {name: _canonical_value(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_canonical_value(item) for item in value]
    raise ValueError(f"A clip key is made of text and numbers, not of {type(value).__name__}.")
