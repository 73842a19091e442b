"""Detection rates of the voice check: clips in another voice or with a voice that changes, and false alarms; and MOS.

    python benchmarks/neural.py                 44 lines in the six demo voices: 264 clean clips
    python benchmarks/neural.py --lines 10      quicker

The demo model speaks the clips. Prints two tables. The first has, for each defect, the number of clips with it that are
suspect, by threshold: of a batch with all six voices, where nothing else is said. Batches with more voices have the six
at ten other pitches, too. The second has the mean MOS of clips
that were made worse. Needs torch, f5-tts and the extra quality.
"""

from __future__ import annotations

import argparse
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
from demo_speech import ALL_VOICES, Samples, shipped, speak, texts

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.quality.neural.check import References, VoiceCheck, VoiceComparison
from f5_pipeline.quality.neural.networks import NetworksProcess
from f5_pipeline.quality.neural.speaker import mean_embedding
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipInfo
from f5_pipeline.results.neural_records import NeuralRecord

PITCHES = (0.8, 0.84, 0.88, 0.92, 0.96, 1.04, 1.08, 1.12, 1.17, 1.23)  # of further voices
LONG = 4.0  # seconds: a shorter clip has too few windows to be cut in two
random = np.random.default_rng(3)
networks = NetworksProcess()


@dataclass(frozen=True)
class Clip:
    """A clean clip; ``others`` are its text in the other voices."""

    samples: Samples
    voice: str
    others: dict[str, Samples]
    record: NeuralRecord

    @property
    def seconds(self) -> float:
        return self.samples.size / SAMPLE_RATE

    def in_another_voice(self) -> Samples:
        return self.others[str(random.choice(sorted(self.others)))]

    def changing(self) -> Samples:
        """Its second half is that of another voice."""
        other = self.in_another_voice()
        return np.concatenate([self.samples[: self.samples.size // 2], other[other.size // 2 :]])


def lines(count: int) -> list[str]:
    """Two thirds are single sentences of 0.4 to 5 s, one third are two in one, of up to 8 s."""
    pairs = count // 3
    sentences = texts(count + pairs, np.random.default_rng(1))
    single, first, second = np.split(np.array(sentences), [count - pairs, count])
    return [
        *map(str, single),
        *(f"{one.rstrip('.?!')} and then {other}" for one, other in zip(first, second, strict=True)),
    ]


def clean_clips(count: int) -> list[Clip]:
    spoken = speak([(text, voice) for text in lines(count) for voice in ALL_VOICES])
    by_text = {text: {clip.voice: clip.samples for clip in spoken if clip.text == text} for text in lines(count)}
    return [
        Clip(
            clip.samples,
            clip.voice,
            {voice: samples for voice, samples in by_text[clip.text].items() if voice != clip.voice},
            networks.measure(clip.samples),
        )
        for clip in spoken
    ]


def reference(voice: str) -> Samples:
    return np.asarray(soundfile.read(io.BytesIO(shipped(voice, "wav")), dtype="float32")[0])


def embedding(samples: Samples) -> Samples:
    return mean_embedding(networks.measure(samples).windows)


def at_other_pitches(voice: str) -> dict[str, Samples]:
    """The embeddings of further voices: a recording that is played faster or slower."""
    samples = reference(voice)
    return {
        f"{voice} {pitch}": embedding(soxr.resample(samples, SAMPLE_RATE, SAMPLE_RATE / pitch)) for pitch in PITCHES
    }


def row(name: str, takes: Sequence[tuple[str, Sequence[NeuralRecord]]], references: References) -> str:
    """The row of a defect. ``takes``: the voice and the records of the chunks of each take."""
    suspect, by = 0, Counter[str]()
    for voice, records in takes:
        known = {voice: references[voice]} if "only" in name else references
        checks = VoiceComparison(known).check([(voice, record) for record in records])
        reasons = {reason for check in checks for reason in exceeded(check)}
        by.update(reasons)
        suspect += bool(reasons)
    counts = ", ".join(f"`{limit}` {count}" for limit, count in by.most_common())
    return f"| {name} | {suspect} of {len(takes)} | {counts} |"


def exceeded(check: VoiceCheck | None) -> Iterator[str]:
    """The thresholds beyond which a chunk is; the judge agrees."""
    assert check is not None
    judge = Judge()
    names = [name for name, value in check.measures.items() if value < getattr(judge.thresholds, f"min_{name}")]
    verdict = judge.clip(ClipInfo("", "", 0, 0.0, {}), voice=check)
    assert len(verdict.reasons) == len(names)
    yield from (f"min_{name}" for name in names)


def three_chunks(clips: Sequence[Clip], changed: bool) -> Iterator[tuple[str, list[NeuralRecord]]]:
    """Lines of three clips in one voice; the middle one may be in another voice."""
    for clip in clips:
        same = [other for other in clips if other.voice == clip.voice and other is not clip]
        first, last = random.choice(len(same), 2, replace=False)
        middle = networks.measure(clip.in_another_voice()) if changed else clip.record
        yield clip.voice, [same[first].record, middle, same[last].record]


def white_noise(clip: Samples, below_db: float) -> Samples:
    level = float(np.sqrt(np.mean(np.square(clip)))) * 10 ** (-below_db / 20)
    return np.asarray(clip + level * random.standard_normal(clip.size), np.float32)


def telephone(clip: Samples) -> Samples:
    return np.asarray(soxr.resample(soxr.resample(clip, SAMPLE_RATE, 8000), 8000, SAMPLE_RATE), np.float32)


WORSE: dict[str, Callable[[Samples], Samples]] = {
    "as spoken": lambda clip: clip,
    "white noise added, 30 dB below": lambda clip: white_noise(clip, 30),
    "white noise added, 20 dB below": lambda clip: white_noise(clip, 20),
    "white noise added, 10 dB below": lambda clip: white_noise(clip, 10),
    "clipping, 12 dB too loud": lambda clip: np.clip(clip * 4, -1, 1) / 4,
    "telephone band": telephone,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=44)
    report(clean_clips(parser.parse_args().lines))


def report(clips: Sequence[Clip]) -> None:
    references = {voice: embedding(reference(voice)) for voice in ALL_VOICES}
    many = references | {name: other for voice in ALL_VOICES for name, other in at_other_pitches(voice).items()}
    long = [clip for clip in clips if clip.seconds >= LONG]
    changing = [(clip.voice, [networks.measure(clip.changing())]) for clip in clips]
    long_changing = [take for clip, take in zip(clips, changing, strict=True) if clip.seconds >= LONG]
    print("| defect | suspect | thresholds |\n|---|---:|---|")
    clean = [(clip.voice, [clip.record]) for clip in clips]
    print(row("none (false alarms)", clean, references))
    print(row(f"none, the batch has {len(many)} voices (false alarms)", clean, many))
    print(row("none, three chunks (false alarms)", list(three_chunks(clips, changed=False)), references))
    others = [(clip.voice, [networks.measure(clip.in_another_voice())]) for clip in clips]
    print(row("another voice of the batch", others, references))
    print(row(f"the same, the batch has {len(many)} voices", others, many))
    print(row("the second half in another voice, clips of 4 s or more", long_changing, references))
    print(row("the same, all clips", changing, references))
    print(row("the same, clips of 4 s or more, the batch has only one voice", long_changing, references))
    print(row("the second of three chunks in another voice", list(three_chunks(clips, changed=True)), references))
    print(row("the same, the batch has only one voice", list(three_chunks(clips, changed=True)), references))
    print("\n| speech | MOS |\n|---|---:|")
    for name, change in WORSE.items():
        print(f"| {name} | {np.mean([networks.measure(change(clip.samples)).mos for clip in long]):.2f} |")
    right = np.mean([nearest(clip, references) == clip.voice for clip in clips])
    print(f"\nThe right reference is the nearest for {right:.0%} of the clips.")
    networks.close()


def nearest(clip: Clip, references: References) -> str:
    embedding = mean_embedding(clip.record.windows)
    return max(references, key=lambda voice: float(embedding @ references[voice]))


if __name__ == "__main__":
    main()
