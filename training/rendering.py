"""Renders the corpus with a teacher, in shards: F5's own mel spectrograms, and the times of words and phonemes."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.f5.upstream import prepare_imports
from f5_pipeline.engine.protocol import HOP_LENGTH, frames_of, seconds_of
from f5_pipeline.storage.partial import atomic_write
from training.recipe import Recipe, Speaker
from training.teachers import teacher_of
from training.teachers.protocol import LEVEL, PAUSE, Samples, Teacher
from training.teachers.timed import LEAD, TAIL

_DITHER = 4e-4  # RMS; avoids the extreme log mel values of digital silence
_AUDIBLE = 0.008  # of full scale: the threshold for the beginning and end of a clip
_SHORTEST, _LONGEST = 0.25, 9.0  # seconds of a clip
_BLOCK = 32  # consecutive lines with one speaker, rate and pitch, because a sample needs several of the same
_PITCH_STEP = 5
_SAMPLED = 500  # lines per speaker that are scanned for phonemes
_WORD_FRAMES = 3  # words that begin closer together are merged


@dataclass(frozen=True)
class Clip:
    """A rendered line.

    Attributes:
        samples: (n,) float32, 24 kHz, trimmed, at ``LEVEL``, dithered.
        words: index of each word's first character, and its start in seconds.
        phonemes: start of each phoneme in seconds, and its name.
    """

    samples: Samples
    words: tuple[tuple[int, float], ...]
    phonemes: tuple[tuple[float, str], ...]


class Renderer:
    """A teacher, its speech trimmed and brought to F5's level."""

    def __init__(self, teacher: Teacher) -> None:
        self.teacher = teacher

    def speak(
        self, text: str, speaker: Speaker, words_per_minute: int, noise: np.random.Generator, pitch: int = 0
    ) -> Clip | None:
        """Render a text; None if it cannot be spoken or the result is silent.

        Args:
            text: after the text front end.
            speaker: the voice.
            words_per_minute: the speech rate.
            noise: the random numbers of the dither.
            pitch: added to the speaker's own.
        """
        speech = self.teacher.speak(text, speaker, words_per_minute, pitch)
        if speech is None:
            return None
        (audible,) = np.nonzero(np.abs(speech.samples) > _AUDIBLE)
        if not len(audible):
            return None
        first = max(0, int(audible[0]) - round(LEAD * SAMPLE_RATE))
        samples = speech.samples[first : audible[-1] + 1]
        samples = samples * (LEVEL / np.sqrt(np.mean(samples**2)))
        samples = np.concatenate([samples, np.zeros(round(TAIL * SAMPLE_RATE), np.float32)])
        samples += noise.standard_normal(len(samples)).astype(np.float32) * _DITHER
        cut = first / SAMPLE_RATE
        return Clip(
            samples.clip(-0.99, 0.99),
            tuple((character, seconds - cut) for character, seconds in speech.words),
            tuple((seconds - cut, name) for seconds, name in speech.phonemes),
        )


def log_mel(samples: Samples) -> NDArray[np.float32]:
    """(n // 256, 100) float32 log mel of ``samples`` (n,), 24 kHz, by F5's own code."""
    prepare_imports()
    import torch
    from f5_tts.model.modules import get_vocos_mel_spectrogram

    with torch.no_grad():  # not inference mode: upstream caches tensors for later calls with gradients
        mel = get_vocos_mel_spectrogram(torch.from_numpy(samples)[None])[0].T
    return np.asarray(mel[: len(samples) // HOP_LENGTH].numpy())


def phonemes_of(lines: Sequence[str], recipe: Recipe) -> list[str]:
    """The phonemes that the speakers use: ``PAUSE``, then by descending frequency."""
    teacher, counts = teacher_of(recipe.teacher), Counter[str]()
    speakers = list({speaker.voice: speaker for speaker in recipe.speakers.values()}.values())
    for number, speaker in enumerate(speakers):
        for line in lines[: _SAMPLED * len(speakers)][number :: len(speakers)]:
            counts.update(teacher.phonemes(line, speaker))
    return [PAUSE, *sorted(counts, key=lambda name: (-counts[name], name))]


def render(
    recipe: Recipe,
    lines: Sequence[str],
    phonemes: Sequence[str],
    folder: Path,
    processes: int,
    spacing: Path | None = None,
) -> None:
    """Render all missing shards, each into one file (see ``shard_file``), written atomically.

    ``spacing``: the table of word durations to speak in; None: the teacher's own rhythm.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [shard for shard in range(recipe.speech.shards) if not shard_file(folder, shard).exists()]
    with_audio = max(1, round(recipe.speech.shards * recipe.speech.audio_share))
    task = partial(_render_shard, recipe, lines, phonemes, folder, spacing, with_audio)
    if processes == 1:
        for report in map(task, missing):
            print(report, flush=True)
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _use_one_thread) as pool:  # torch does not survive a fork
        for rendered in [pool.submit(task, shard) for shard in missing]:
            print(rendered.result(), flush=True)


def shard_file(folder: Path, shard: int) -> Path:
    return folder / f"{shard:03d}.npz"


def _use_one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _render_shard(
    recipe: Recipe,
    lines: Sequence[str],
    phonemes: Sequence[str],
    folder: Path,
    spacing: Path | None,
    with_audio: int,
    shard: int,
) -> str:
    """Render one shard; it keeps its audio if its number is below ``with_audio``. Returns a report."""
    generator, noise = random.Random(f"{recipe.seed} {shard}"), np.random.default_rng([recipe.seed, shard])
    renderer = Renderer(teacher_of(recipe.teacher, spacing))
    number = {name: index for index, name in enumerate(phonemes)}
    names = list(recipe.speakers)
    shares = [recipe.speakers[name].share for name in names]
    contents = _Shard()
    own = iter(range(shard, len(lines), recipe.speech.shards))
    while block := list(itertools.islice(own, _BLOCK)):
        (speaker,) = generator.choices(range(len(names)), shares)
        rate = generator.randrange(len(recipe.speech.words_per_minute))
        pitch = generator.randrange(-recipe.speech.pitch_spread, recipe.speech.pitch_spread + 1, _PITCH_STEP)
        for line in block:
            clip = renderer.speak(
                lines[line], recipe.speakers[names[speaker]], recipe.speech.words_per_minute[rate], noise, pitch
            )
            if clip is not None and _SHORTEST <= len(clip.samples) / SAMPLE_RATE <= _LONGEST:
                group = speaker * len(recipe.speech.words_per_minute) + rate
                contents.add(clip, line, group, pitch, number, shard < with_audio)
    contents.save(shard_file(folder, shard))
    return f"shard {shard}: {len(contents.line)} clips, {seconds_of(contents.frames) / 60:.1f} min"


class _Shard:
    """Collects the clips of a shard and saves them as arrays, which ``training.clips`` reads."""

    def __init__(self) -> None:
        self.frames = 0
        self.line: list[int] = []
        self._group: list[int] = []
        self._pitch: list[int] = []
        self._length: list[int] = []
        self._mel: list[NDArray[np.float16]] = []
        self._phoneme: list[NDArray[np.uint8]] = []
        self._words: list[NDArray[np.int32]] = []
        self._spelling: list[NDArray[np.uint8]] = []
        self._audio: list[NDArray[np.int16]] = []

    def add(self, clip: Clip, line: int, group: int, pitch: int, number: dict[str, int], with_audio: bool) -> None:
        mel = log_mel(clip.samples).astype(np.float16)
        self.frames += len(mel)
        self.line.append(line)
        self._group.append(group)
        self._pitch.append(pitch)
        self._length.append(len(mel))
        self._mel.append(mel)
        self._phoneme.append(_by_frame(clip, len(mel), number))
        self._words.append(word_starts(clip, len(mel)))
        spoken = [number.get(name, 0) for _, name in clip.phonemes]
        self._spelling.append(np.array([phoneme for phoneme in spoken if phoneme], np.uint8))
        if with_audio:
            self._audio.append((clip.samples * 32767).astype(np.int16))

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {
            "line": np.array(self.line, np.int32),
            "group": np.array(self._group, np.int32),
            "pitch": np.array(self._pitch, np.int32),
            "length": np.array(self._length, np.int32),
            "mel": np.concatenate(self._mel),
            "phoneme": np.concatenate(self._phoneme),
            "words": np.concatenate(self._words),
            "word_count": np.array([len(words) for words in self._words], np.int32),
            "spelling": np.concatenate(self._spelling),
            "spelling_count": np.array([len(spelling) for spelling in self._spelling], np.int32),
            "audio": np.concatenate(self._audio) if self._audio else np.zeros(0, np.int16),
        }
        with atomic_write(path) as file:
            np.savez(file, **arrays)


def word_starts(clip: Clip, frames: int) -> NDArray[np.int32]:
    """(W, 2) int32: first character and first frame of each word; the first word begins with the clip."""
    starts = [(0, 0)]
    for character, seconds in clip.words[1:]:
        frame = frames_of(seconds)
        if character > starts[-1][0] and frame - starts[-1][1] >= _WORD_FRAMES and frame < frames - _WORD_FRAMES:
            starts.append((character, frame))
    return np.array(starts, np.int32)


def _by_frame(clip: Clip, frames: int, number: dict[str, int]) -> NDArray[np.uint8]:
    """(frames,) uint8: the phoneme in the middle of each frame."""
    labels = np.zeros(frames, np.uint8)
    times = [seconds for seconds, _ in clip.phonemes] + [float("inf")]
    for (begin, name), end in zip(clip.phonemes, times[1:], strict=True):
        first, last = (int(np.ceil(max(0.0, min(t, 3600.0)) * SAMPLE_RATE / HOP_LENGTH)) for t in (begin, end))
        labels[first:last] = number.get(name, 0)
    return labels
