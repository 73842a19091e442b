"""What the check of words catches: clips that say something else than their text, and false alarms on right ones.

    python benchmarks/recognition.py                 57 lines: 228 clean clips, 444 with other words
    python benchmarks/recognition.py --lines 10      quicker
    python benchmarks/recognition.py --recogniser faster_whisper

The demo model speaks every text, and again with a word left out, said twice, or added, or with the reference's last
words before it: all of it speech at its usual pace, spliced nowhere. Prints a table: how many of the clips of each kind
are suspect because of their words, how often the very word is named, and how many the measures of the signal alone call
suspect. Needs torch, f5-tts and a recogniser.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from demo_speech import VOICES, Clip, speak, texts, transcript

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.quality.asr.choice import choose_recogniser
from f5_pipeline.quality.asr.comparison import WordCheck, compare, words_of
from f5_pipeline.quality.asr.process import RecogniserProcess
from f5_pipeline.quality.asr.recogniser import Question, Recogniser
from f5_pipeline.quality.signal import columns, measure
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipInfo
from f5_pipeline.settings.environment import Settings

ADDED = ("really", "again", "always", "maybe", "never", "also")
LEAST_WORDS = 4  # of a text that something is planted in
random = np.random.default_rng(2)


@dataclass(frozen=True)
class Planted:
    """What is said, where ``text`` should be, and the words that are too few or too many."""

    text: str
    said: str
    voice: str
    words: tuple[str, ...] = ()


def left_out(text: str, voice: str) -> Planted:
    words = text.split()
    at = int(random.integers(len(words)))
    gone = words.pop(at)
    if at == len(words):
        words[-1] = words[-1].rstrip(",") + text[-1]
    return Planted(text, " ".join(words), voice, tuple(words_of(gone)))


def said_twice(text: str, voice: str) -> Planted:
    words = text.split()
    at = int(random.integers(len(words)))
    again = words[at].rstrip(".,?!")
    return Planted(text, " ".join([*words[:at], again, *words[at:]]), voice, (again,))


def added(text: str, voice: str) -> Planted:
    words, more = text.split(), ADDED[int(random.integers(len(ADDED)))]
    at = int(random.integers(len(words)))
    return Planted(text, " ".join([*words[:at], more, *words[at:]]), voice, (more,))


def leaked(text: str, voice: str) -> Planted:
    end = words_of(transcript(voice))[-2:]
    return Planted(text, f"{' '.join(end)}, {text}", voice, tuple(end))


KINDS: dict[str, Callable[[str, str], Planted]] = {
    "a word left out": left_out,
    "a word said twice": said_twice,
    "a word that is not in the text": added,
    "the reference's last two words first": leaked,
}
NOTHING, OTHER = "nothing (false alarms)", "another text"


def planted(lines: int) -> dict[str, list[tuple[Planted, Clip]]]:
    """The clips of each kind: every text in every voice as it is, and in one with each mistake."""
    said = texts(lines, np.random.default_rng(1))
    long = [text for text in said if len(text.split()) >= LEAST_WORDS]
    kinds = {NOTHING: [Planted(text, text, voice) for text in said for voice in VOICES]}
    kinds |= {
        kind: [plant(text, VOICES[at % len(VOICES)]) for at, text in enumerate(long)] for kind, plant in KINDS.items()
    }
    spoken = {kind: speak([(one.said, one.voice) for one in each]) for kind, each in kinds.items()}
    found = {kind: list(zip(each, spoken[kind], strict=True)) for kind, each in kinds.items()}
    return found | {OTHER: list(other_texts(found[NOTHING]))}


def other_texts(clean: Sequence[tuple[Planted, Clip]]) -> Iterator[tuple[Planted, Clip]]:
    """Each text with what its voice said of another line."""
    for at, (one, clip) in enumerate(clean):
        other = clean[(at + len(VOICES) * int(random.integers(1, len(clean) // len(VOICES)))) % len(clean)][1]
        yield one, replace(clip, samples=other.samples)


def heard(recogniser: Recogniser, one: Planted, clip: Clip) -> WordCheck:
    before = transcript(one.voice)
    words = recogniser.hear(Question(clip.samples, one.text, before, "en"))
    return compare(words_of(one.text), [word.text for word in words], words_of(before))


def named(one: Planted, check: WordCheck) -> bool:
    """Whether the check says which words they are."""
    found = {*check.missing, *check.repeated, *check.added, *check.leaked}
    return bool(one.words) and found >= set(one.words)


def row(kind: str, clips: Sequence[tuple[Planted, Clip]], recogniser: Recogniser) -> str:
    by_words = by_sound = by_either = right = 0
    for one, clip in clips:
        check = heard(recogniser, one, clip)
        measures = columns(measure(clip.samples, SAMPLE_RATE, clip.seconds, one.text))
        by_words += suspect({}, check)
        by_sound += suspect(measures, None)
        by_either += suspect(measures, check)
        right += named(one, check)
    return f"| {kind} | {by_words} of {len(clips)} | {right if clips[0][0].words else ''} | {by_sound} | {by_either} |"


def suspect(measures: dict[str, float], check: WordCheck | None) -> bool:
    return Judge().clip(ClipInfo("", "", 0, 0.0, dict(measures)), check).status != "ok"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=57)
    parser.add_argument("--recogniser", default="pocketsphinx")
    given = parser.parse_args()
    spec = choose_recogniser(Settings(), given.recogniser)
    assert spec is not None
    report(planted(given.lines), RecogniserProcess(spec), spec.name)


def report(clips: dict[str, list[tuple[Planted, Clip]]], recogniser: RecogniserProcess, name: str) -> None:
    began = time.monotonic()
    print(f"| what is said | suspect by its words | words named | by its sound | by either |\n|---|{'---:|' * 4}")
    for kind, each in clips.items():
        print(row(kind, each, recogniser), flush=True)
    seconds = sum(clip.samples.size for each in clips.values() for _, clip in each) / SAMPLE_RATE
    print(f"\n{name}: {seconds / (time.monotonic() - began):.0f} seconds of audio a second, measures included")
    recogniser.close()


if __name__ == "__main__":
    main()
