"""espeak-ng as a library: text to samples, with the times of words and phonemes. One instance per process."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from ctypes.util import find_library
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.f5.upstream import prepare_imports
from training.recipe import Speaker
from training.teachers.protocol import OWN_RATE, PAUSE, Speech

# Synchronous mode: the library's own thread would sleep 20 ms per text. Seven times as fast, with the same audio.
_SYNCHRONOUS, _PHONEME_EVENTS = 2, 1
_BY_CHARACTER, _UTF8 = 1, 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_END, _WORD, _PHONEME = 0, 1, 7
_BUFFER_MS = 500


class _Identity(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("phoneme", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """``espeak_EVENT`` of espeak-ng's ``speak_lib.h``."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Rendering:
    """espeak-ng's speech for one text.

    Attributes:
        samples: (n,) int16, at the synthesizer's ``rate``.
        words: index of each word's first character, and its start in seconds.
        phonemes: start of each phoneme in seconds, and its name; the names of pauses begin with ``_``.
    """

    samples: NDArray[np.int16]
    words: tuple[tuple[int, float], ...]
    phonemes: tuple[tuple[float, str], ...]


@cache
def synthesizer() -> Espeak:
    """This process's only instance: espeak-ng cannot be initialised twice.

    Raises:
        OSError: the library is not on this machine, or cannot be initialised.
    """
    return Espeak()


class Espeak:
    """See ``synthesizer``.

    Attributes:
        rate: samples per second, 22,050.
    """

    def __init__(self) -> None:
        name = find_library("espeak-ng")
        if name is None:
            raise OSError("espeak-ng's library is not on this machine; on Debian: apt-get install espeak-ng")
        self._library = ctypes.CDLL(name)
        self.rate = self._library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, None, _PHONEME_EVENTS)
        if self.rate <= 0:
            raise OSError(f"espeak-ng cannot be initialised: error {self.rate}")
        data = ctypes.c_char_p()
        self._library.espeak_Info.restype = ctypes.c_char_p
        self._library.espeak_Info(ctypes.byref(data))
        self._data = Path(os.fsdecode(data.value or b""))
        self._samples: list[NDArray[np.int16]] = []
        self._events: list[tuple[int, int, float, str]] = []
        # Kept as an attribute: espeak-ng calls it, and Python would otherwise collect it.
        self._callback = _CALLBACK(self._receive)
        self._library.espeak_SetSynthCallback(self._callback)

    def speak_as(self, voice: str, words_per_minute: int, pitch: int, intonation: int = 50) -> None:
        """Set the voice of all following texts.

        Args:
            voice: a language and a variant, such as ``en-us+m3``.
            words_per_minute: the speech rate.
            pitch: 0 to 99.
            intonation: the range of the pitch, 0 to 100.

        Raises:
            ValueError: there is no such voice.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        _, _, variant = voice.partition("+")
        if variant and not (self._data / "voices" / "!v" / variant).is_file():  # espeak-ng would ignore it
            raise ValueError(f"espeak-ng has no variant {variant!r} (of {voice!r})")
        for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, intonation)):
            self._library.espeak_SetParameter(parameter, value, 0)

    def render(self, text: str) -> Rendering:
        """Speak a text in the current voice."""
        self._samples, self._events = [], []
        encoded = text.encode() + b"\0"
        self._library.espeak_Synth(encoded, len(encoded), 0, _BY_CHARACTER, 0, _UTF8, None, None)
        samples = np.concatenate(self._samples) if self._samples else np.zeros(0, np.int16)
        words = tuple((character, seconds) for kind, character, seconds, _ in self._events if kind == _WORD)
        phonemes = tuple((seconds, name) for kind, _, seconds, name in self._events if kind == _PHONEME)
        return Rendering(samples, words, phonemes)

    def _receive(self, samples: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        """espeak-ng's callback: stores samples and events."""
        if samples and count > 0:
            self._samples.append(np.ctypeslib.as_array(samples, (count,)).copy())
        self._events += [
            (event.type, event.text_position - 1, event.audio_position / 1000, event.id.phoneme.decode("latin-1"))
            if event.type == _PHONEME
            else (event.type, event.text_position - 1, event.audio_position / 1000, "")
            for event in _until_end(events)
        ]
        return 0


class EspeakTeacher:
    """Implements ``Teacher``: espeak-ng, resampled to F5's sample rate."""

    has_pitch = True

    def __init__(self) -> None:
        prepare_imports()
        from torchaudio.transforms import Resample

        self._espeak = synthesizer()
        self._resample = Resample(self._espeak.rate, SAMPLE_RATE, lowpass_filter_width=24, rolloff=0.96)

    def phonemes(self, text: str, speaker: Speaker) -> list[str]:
        self._espeak.speak_as(speaker.voice, OWN_RATE, 50)
        return [name for _, phoneme in self._espeak.render(text).phonemes if (name := _name(phoneme)) != PAUSE]

    def speak(self, text: str, speaker: Speaker, words_per_minute: int, pitch: int = 0) -> Speech | None:
        import torch

        shifted = min(99, max(0, speaker.pitch + pitch))
        self._espeak.speak_as(speaker.voice, words_per_minute, shifted, speaker.intonation)
        rendering = self._espeak.render(text)
        samples = self._resample(torch.from_numpy(rendering.samples.astype(np.float32) / 32768)).numpy()
        return Speech(samples, rendering.words, tuple((at, _name(phoneme)) for at, phoneme in rendering.phonemes))


def _name(phoneme: str) -> str:
    return PAUSE if phoneme.startswith("_") or not phoneme else phoneme


def _until_end(events: ctypes._Pointer[_Event]) -> Iterator[_Event]:
    index = 0
    while events[index].type != _END:
        yield events[index]
        index += 1
