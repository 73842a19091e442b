"""Detection rates of the word check: clips that deviate from their text, and false alarms on correct clips.

    python benchmarks/recognition.py                 57 lines: 228 correct clips, 444 with word errors
    python benchmarks/recognition.py --lines 10      quicker
    python benchmarks/recognition.py --recogniser faster_whisper

The demo model speaks every text as it is, and with a word missing, repeated or added, or with the last words of the
reference in front: always at its usual pace, without splices. Prints a table: for each kind of error, the clips that
are suspect by their words, those whose planted words are named, and those that are suspect by signal measures alone.
Needs torch, f5-tts and a recogniser.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from demo_speech import VOICES, Clip, speak, texts, transcript

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.quality.asr.comparison import WordCheck, compare, words_of
from f5_pipeline.quality.asr.process import RecogniserProcess
from f5_pipeline.quality.asr.recogniser import Recogniser, TranscriptionRequest
from f5_pipeline.quality.asr.selection import choose_recogniser
from f5_pipeline.quality.signal import columns, measure
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.clips import ClipInfo
from f5_pipeline.settings.environment import Settings

ADDED = ("really", "again", "always", "maybe", "never", "also")
MIN_WORDS = 4  # of a text with a planted error
random = np.random.default_rng(2)


@dataclass(frozen=True)
class Planted:
    """A text with a planted error: the spoken text, and the words that are missing or superfluous in it."""

    text: str
    spoken: str
    voice: str
    words: tuple[str, ...] = ()


def missing(text: str, voice: str) -> Planted:
    words = text.split()
    at = int(random.integers(len(words)))
    removed = words.pop(at)
    if at == len(words):
        words[-1] = words[-1].rstrip(",") + text[-1]
    return Planted(text, " ".join(words), voice, tuple(words_of(removed)))


def repeated(text: str, voice: str) -> Planted:
    words = text.split()
    at = int(random.integers(len(words)))
    repetition = words[at].rstrip(".,?!")
    return Planted(text, " ".join([*words[:at], repetition, *words[at:]]), voice, (repetition,))


def added(text: str, voice: str) -> Planted:
    words, extra = text.split(), ADDED[int(random.integers(len(ADDED)))]
    at = int(random.integers(len(words)))
    return Planted(text, " ".join([*words[:at], extra, *words[at:]]), voice, (extra,))


def leaked(text: str, voice: str) -> Planted:
    end = words_of(transcript(voice))[-2:]
    return Planted(text, f"{' '.join(end)}, {text}", voice, tuple(end))


KINDS: dict[str, Callable[[str, str], Planted]] = {
    "a word missing": missing,
    "a word repeated": repeated,
    "a word added": added,
    "the last two words of the reference in front": leaked,
}
CORRECT, OTHER = "none (false alarms)", "another text"


def planted(lines: int) -> dict[str, list[tuple[Planted, Clip]]]:
    """The clips by kind of error: every text in every voice without an error, and in one voice with each error."""
    all_texts = texts(lines, np.random.default_rng(1))
    long_texts = [text for text in all_texts if len(text.split()) >= MIN_WORDS]
    kinds = {CORRECT: [Planted(text, text, voice) for text in all_texts for voice in VOICES]}
    kinds |= {
        kind: [plant(text, VOICES[at % len(VOICES)]) for at, text in enumerate(long_texts)]
        for kind, plant in KINDS.items()
    }
    clips = {kind: speak([(line.spoken, line.voice) for line in each]) for kind, each in kinds.items()}
    pairs = {kind: list(zip(each, clips[kind], strict=True)) for kind, each in kinds.items()}
    return pairs | {OTHER: list(other_texts(pairs[CORRECT]))}


def other_texts(clean: Sequence[tuple[Planted, Clip]]) -> Iterator[tuple[Planted, Clip]]:
    """Each text with the clip of another line in the same voice."""
    for at, (line, clip) in enumerate(clean):
        other = clean[(at + len(VOICES) * int(random.integers(1, len(clean) // len(VOICES)))) % len(clean)][1]
        yield line, replace(clip, samples=other.samples)


def check_words(recogniser: Recogniser, line: Planted, clip: Clip) -> WordCheck:
    ref_text = transcript(line.voice)
    words = recogniser.transcribe(TranscriptionRequest(clip.samples, line.text, ref_text, "en"))
    return compare(words_of(line.text), [word.text for word in words], words_of(ref_text))


def names_words(line: Planted, check: WordCheck) -> bool:
    """True if the check names the planted words."""
    found = {*check.missing, *check.repeated, *check.added, *check.leaked}
    return bool(line.words) and found >= set(line.words)


def row(kind: str, clips: Sequence[tuple[Planted, Clip]], recogniser: Recogniser) -> str:
    by_words = by_signal = by_either = named = 0
    for line, clip in clips:
        check = check_words(recogniser, line, clip)
        measures = columns(measure(clip.samples, SAMPLE_RATE, clip.seconds, line.text))
        by_words += suspect({}, check)
        by_signal += suspect(measures, None)
        by_either += suspect(measures, check)
        named += names_words(line, check)
    named_column = named if clips[0][0].words else ""
    return f"| {kind} | {by_words} of {len(clips)} | {named_column} | {by_signal} | {by_either} |"


def suspect(measures: dict[str, float], check: WordCheck | None) -> bool:
    return Judge().clip(ClipInfo("", "", 0, 0.0, dict(measures)), check).status != "ok"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=57)
    parser.add_argument("--recogniser", default="pocketsphinx")
    arguments = parser.parse_args()
    spec = choose_recogniser(Settings(), arguments.recogniser)
    assert spec is not None
    report(planted(arguments.lines), RecogniserProcess(spec), spec.name)


def report(clips: dict[str, list[tuple[Planted, Clip]]], recogniser: RecogniserProcess, name: str) -> None:
    start = time.monotonic()
    print(f"| word error | suspect by words | words named | suspect by signal | by either |\n|---|{'---:|' * 4}")
    for kind, pairs in clips.items():
        print(row(kind, pairs, recogniser), flush=True)
    seconds = sum(clip.samples.size for pairs in clips.values() for _, clip in pairs) / SAMPLE_RATE
    print(f"\n{name}: {seconds / (time.monotonic() - start):.0f} seconds of audio per second, including the measures")
    recogniser.close()


if __name__ == "__main__":
    main()
