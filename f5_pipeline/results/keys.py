"""The clip key: a fingerprint of everything that shapes the sound of an utterance, and of nothing else.

``synthesis.request`` fills in ``ClipParts`` with plain values; no voice, model or engine is used here. Batch, id,
format, loudness and device are not in the key, so the same line in another batch has the same clip.
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
_SEED_BYTES = 4  # seeds are unsigned 32-bit integers: short enough to copy from a report into a manifest


@dataclass(frozen=True)
class ClipParts:
    """Everything that shapes the sound of one attempt at one utterance."""

    spoken_text: str
    voice_fingerprint: str  # sha256 of the prepared reference audio and its text
    model_fingerprint: str  # sha256 of checkpoint, vocabulary, architecture and vocoder
    sampling: Mapping[str, Setting]
    engine_version: str  # bumped by hand when the engine's sound changes
    attempt: int = 1
    seed: int | None = None  # given by the user; None: derived
    #: The text, voice and pauses of each passage of a line with tags. A line without tags has none, and none in its
    #: key.
    passages: tuple[Mapping[str, Setting], ...] = ()


def derive_seed(parts: ClipParts) -> int:
    """The seed that an attempt is spoken with, 0 ≤ seed < 2³².

    The first attempt has the user's seed, if one is given. Otherwise the seed follows from all the parts, so that it
    does not depend on what else is in the batch, and another attempt sounds different.
    """
    return _Digests(parts).seed(parts.attempt)


def clip_key(parts: ClipParts) -> str:
    """The key of the clip with these parts: 64 hexadecimal digits.

    Raises:
        ValueError: a part is not a finite number, or not of its annotated type.
    """
    return next(clip_keys(parts, [parts.attempt]))


def clip_keys(parts: ClipParts, attempts: Iterable[int]) -> Iterator[str]:
    """The keys of several attempts. Their common parts are hashed once: a batch may have millions of keys.

    Raises:
        ValueError: as ``clip_key``.
    """
    digests = _Digests(parts)
    for attempt in attempts:
        yield digests.key(attempt)


class _Digests:
    """Digests of clip parts as canonical JSON: an object with sorted names, with an attempt and a seed in it."""

    def __init__(self, parts: ClipParts) -> None:
        # With the types: True equals 1 as a cache key, but not in JSON.
        sampling = tuple([(name, value, value.__class__) for name, value in parts.sampling.items()])
        passages = _json(parts.passages) if parts.passages else ""
        self._keys, self._seeds = _begun(parts.engine_version, parts.model_fingerprint, passages, sampling)
        self._end = f',"spoken_text":{_json(parts.spoken_text)},"voice_fingerprint":{_json(parts.voice_fingerprint)}}}'
        self._given_seed = parts.seed

    def key(self, attempt: int) -> str:
        digest = self._keys[attempt].copy()
        digest.update(f"{self.seed(attempt)}{self._end}".encode("ascii"))
        return digest.hexdigest()

    def seed(self, attempt: int) -> int:
        given = self._given_seed
        if given is not None and attempt == 1:
            return given
        digest = self._seeds[attempt].copy()
        digest.update(f"{'null' if given is None else given}{self._end}".encode("ascii"))
        return int.from_bytes(digest.digest()[:_SEED_BYTES], "big")


class _Begun(dict[int, "hashlib._Hash"]):
    """The digest of the JSON up to the value of the seed, by attempt: shared by many lines."""

    def __init__(self, before_sampling: str, sampling: str) -> None:
        self._before_sampling, self._sampling = before_sampling, sampling

    def __missing__(self, attempt: int) -> hashlib._Hash:
        start = f'{{"attempt":{attempt},{self._before_sampling}"sampling":{self._sampling},"seed":'
        self[attempt] = hashlib.sha256(start.encode("ascii"))
        return self[attempt]


@lru_cache(maxsize=256)
def _begun(
    engine: str, model: str, passages: str, sampling: tuple[tuple[str, Setting, type], ...]
) -> tuple[_Begun, _Begun]:
    """The digests for keys and for seeds; a seed has another purpose in its JSON."""
    settings = _json({name: value for name, value, _ in sampling})
    shared = f'"engine_version":{_json(engine)},"model_fingerprint":{_json(model)},'
    shared += f'"passages":{passages},' if passages else ""
    return _Begun(shared, settings), _Begun(f'{shared}"purpose":"seed",', settings)


def _json(value: object) -> str:
    return encode_basestring_ascii(value) if type(value) is str else _JSON.encode(_canonical_value(value))


def _canonical_value(value: object) -> object:
    """Equal values as equal JSON: 2 and 2.0, and -0.0 and 0, are the same setting."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {name: _canonical_value(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_canonical_value(item) for item in value]
    raise ValueError(f"A clip key consists of text and numbers, not of {type(value).__name__}.")
