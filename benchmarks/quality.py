"""Detection rates of the signal measures: defects planted in F5-TTS speech, and false alarms on clean speech.

    python benchmarks/quality.py                 57 lines in the four demo voices: 228 clean clips
    python benchmarks/quality.py --lines 10      quicker

Prints a table: for each defect, the number of clips with it that are suspect, and the thresholds that they exceed. The
demo model speaks the clips. The table includes defects that signal measures can hardly find, such as a missing word or
the speech of another text. Needs torch and f5-tts.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from demo_speech import VOICES, Clip, Samples, speak, texts

from f5_pipeline.audio.samples import SAMPLE_RATE as RATE
from f5_pipeline.quality.signal import columns, measure, weigh
from f5_pipeline.quality.thresholds import Thresholds

random = np.random.default_rng(1)


def rms(clip: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(clip))))


def noise(seconds: float, level: float, colour: float = 0.0) -> Samples:
    """White (0), pink (0.5) or brown (1) noise."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(random.standard_normal(count)) / np.maximum(np.arange(count // 2 + 1), 1.0) ** colour
    shaped = np.fft.irfft(spectrum, count)
    return (shaped / np.std(shaped) * level).astype(np.float32)


def inserted(clip: Samples, insertion: Samples) -> Samples:
    at = random.integers(clip.size // 4, 3 * clip.size // 4)
    return np.concatenate([clip[:at], insertion, clip[at:]])


def doubled(clip: Samples) -> Samples:
    size = min(int(random.uniform(0.25, 0.7) * RATE), clip.size // 3)
    at = random.integers(0, clip.size - size)
    return np.concatenate([clip[: at + size], clip[at:]])


def without_a_word(clip: Samples) -> Samples:
    size = min(int(random.uniform(0.3, 0.6) * RATE), clip.size // 3)
    at = random.integers(0, clip.size - size)
    return np.concatenate([clip[:at], clip[at + size :]])


def silent_from(clip: Samples, share: float) -> Samples:
    return clip * (np.arange(clip.size) < share * clip.size)


SILENCE = np.zeros(2 * RATE, dtype=np.float32)
DEFECTS: dict[str, Callable[[Samples], Samples]] = {
    "none (false alarms)": lambda clip: clip,
    "truncated after 50 … 80 %": lambda clip: clip[: int(clip.size * random.uniform(0.5, 0.8))],
    "silent second half": lambda clip: silent_from(clip, 0.5),
    "0.25 … 0.7 s repeated": doubled,
    "0.3 … 0.6 s removed": without_a_word,
    "2 s of white noise inserted": lambda clip: inserted(clip, noise(2, rms(clip))),
    "2 s of pink noise inserted": lambda clip: inserted(clip, noise(2, rms(clip), 0.5)),
    "white noise added, equally loud": lambda clip: clip + noise(clip.size / RATE, rms(clip))[: clip.size],
    "white noise added, 10 dB below": lambda clip: clip + noise(clip.size / RATE, rms(clip) / 3.16)[: clip.size],
    "20 ms repeated 60 times (a drone)": lambda clip: inserted(clip, np.tile(clip[clip.size // 2 :][:480], 60)),
    "2 s of silence inserted": lambda clip: inserted(clip, SILENCE),
    "2 s of silence appended": lambda clip: np.concatenate([clip, SILENCE]),
    "clipping, 6 dB too loud": lambda clip: np.clip(clip * 2, -1, 1),
    "clipping, 12 dB too loud": lambda clip: np.clip(clip * 4, -1, 1),
    "silence": lambda clip: clip * 0,
}


def exceeded(values: Mapping[str, float], thresholds: Thresholds) -> list[str]:
    """The thresholds that a clip exceeds."""
    names = []
    for name, limit in vars(thresholds).items():
        excess = (values.get(name[4:], limit) - limit) * (1 if name.startswith("max") else -1)
        if excess > 0:
            names.append(name)
    return names


def row(name: str, clips: list[Clip]) -> str:
    thresholds, detected, counts = Thresholds(), 0, Counter[str]()
    for clip in clips:
        values = columns(measure(clip.samples, RATE, clip.seconds, clip.text))
        detected += weigh(values, thresholds).status != "ok"
        counts.update(exceeded(values, thresholds))
    top = ", ".join(f"`{limit}` {count}" for limit, count in counts.most_common(3))
    return f"| {name} | {detected} of {len(clips)} | {top} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=57)
    clips = speak([(text, voice) for text in texts(parser.parse_args().lines, random) for voice in VOICES])
    print("| defect | suspect or failed | thresholds |\n|---|---:|---|")
    for name, plant in DEFECTS.items():
        print(row(name, [replace(clip, samples=plant(clip.samples)) for clip in clips]))
    others = [replace(clip, samples=clips[random.integers(len(clips))].samples) for clip in clips]
    print(row("audio of another clip", others))


if __name__ == "__main__":
    main()
