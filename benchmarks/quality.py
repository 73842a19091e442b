"""What the quality measures catch: defects planted in F5 speech, and false alarms on the speech itself.

    python benchmarks/quality.py                 57 lines in the four demo voices: 228 clean clips
    python benchmarks/quality.py --lines 10      quicker

Prints a table: each defect, how many of the clips that carry it were called suspect, and by which measures. Clips are
spoken by the demo model. What no measure can see (another clip's words at the same length, a word left out) is in the
table too, with the numbers that it deserves. Needs torch and f5-tts.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
from demo_speech import VOICES, Clip, Samples, speak, texts

from f5_pipeline.audio.samples import SAMPLE_RATE as RATE
from f5_pipeline.quality.signal import QualityMeasures, judge, measure
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


def inserted(clip: Samples, what: Samples) -> Samples:
    at = random.integers(clip.size // 4, 3 * clip.size // 4)
    return np.concatenate([clip[:at], what, clip[at:]])


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
    "nothing (false alarms)": lambda clip: clip,
    "cut off after 50 … 80 %": lambda clip: clip[: int(clip.size * random.uniform(0.5, 0.8))],
    "silent from the middle on": lambda clip: silent_from(clip, 0.5),
    "0.25 … 0.7 s said twice": doubled,
    "0.3 … 0.6 s left out": without_a_word,
    "2 s of white noise between": lambda clip: inserted(clip, noise(2, rms(clip))),
    "2 s of pink noise between": lambda clip: inserted(clip, noise(2, rms(clip), 0.5)),
    "white noise over it, as loud": lambda clip: clip + noise(clip.size / RATE, rms(clip))[: clip.size],
    "white noise over it, 10 dB below": lambda clip: clip + noise(clip.size / RATE, rms(clip) / 3.16)[: clip.size],
    "a 20 ms piece 60 times (a drone)": lambda clip: inserted(clip, np.tile(clip[clip.size // 2 :][:480], 60)),
    "2 s of silence between": lambda clip: inserted(clip, SILENCE),
    "2 s of silence after": lambda clip: np.concatenate([clip, SILENCE]),
    "clipping, 6 dB too loud": lambda clip: np.clip(clip * 2, -1, 1),
    "clipping, 12 dB too loud": lambda clip: np.clip(clip * 4, -1, 1),
    "silence": lambda clip: clip * 0,
}


def objections(measures: QualityMeasures) -> list[str]:
    """The thresholds that a clip is beyond."""
    found, values = [], asdict(measures)
    for name, limit in vars(Thresholds()).items():
        beyond = (values.get(name[4:], limit) - limit) * (1 if name.startswith("max") else -1)
        if beyond > 0:
            found.append(name)
    return found


def row(name: str, spoilt: list[Clip]) -> str:
    caught, by = 0, Counter[str]()
    for clip in spoilt:
        measures = measure(clip.samples, RATE, clip.seconds, clip.text)
        caught += judge(measures).status != "ok"
        by.update(objections(measures))
    who = ", ".join(f"`{limit}` {count}" for limit, count in by.most_common(3))
    return f"| {name} | {caught} of {len(spoilt)} | {who} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=57)
    clips = speak([(text, voice) for text in texts(parser.parse_args().lines, random) for voice in VOICES])
    print("| planted | suspect or failed | by |\n|---|---:|---|")
    for name, spoil in DEFECTS.items():
        print(row(name, [replace(clip, samples=spoil(clip.samples)) for clip in clips]))
    others = [replace(clip, samples=clips[random.integers(len(clips))].samples) for clip in clips]
    print(row("another clip's audio", others))


if __name__ == "__main__":
    main()
