"""Lines with pauses and several voices: each passage has its own chunks, joined with exact pauses. No model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.duration import Reference
from f5_pipeline.manifests.utterance import Passage, Utterance
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.index import write_index
from f5_pipeline.synthesis import request
from f5_pipeline.synthesis.request import Speaker, SynthesisRequest
from tests.synthesis.fake_engine import FakeEngine, clipped
from tests.synthesis.jobs import MODEL, REFERENCE, SAMPLING, SENTENCES, VOICE, Run

ANNA = Speaker(VOICE, REFERENCE)
BOB = Speaker(
    replace(VOICE, name="bob", audio="bob.wav", fingerprint="b" * 64),
    Reference("and this is how bob speaks to all of us. ", 2.5, 2.5),
)
ONE, TWO = "this is the one line.", "and that was the other one."

SpokenPassage = tuple[Passage, Speaker]


def passage(
    text: str, speaker: Speaker = ANNA, before: float = 0.0, after: float = 0.0, speed: float = 1.0
) -> SpokenPassage:
    """A passage and its speaker; ``before`` and ``after`` are pauses in seconds."""
    return Passage(text, speaker.voice.name, "en", speed, before, after), speaker


def tagged(*parts: SpokenPassage, id: str = "1", attempts: int = 3, seed: int | None = None) -> SynthesisRequest:
    """The request for a line with tags."""
    passages, speakers = tuple(each for each, _ in parts), tuple(speaker for _, speaker in parts)
    text, voice = " ".join(each.spoken_text for each in passages), speakers[0].voice.name
    sampling = replace(SAMPLING, speed=passages[0].speed)
    utterance = Utterance(id, int(id), "-", text, voice, "demo", "en", sampling, seed, attempts, passages=passages)
    return SynthesisRequest(utterance, MODEL, speakers)


def untagged(text: str, speaker: Speaker = ANNA, id: str = "9") -> SynthesisRequest:
    """The request for a line without tags."""
    utterance = Utterance(id, int(id), text, text, speaker.voice.name, "demo", "en", SAMPLING, None, 3)
    return SynthesisRequest(utterance, MODEL, (speaker,))


LINE = tagged(passage(ONE, after=0.8), passage(TWO, BOB))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def samples(run: Run, key: str) -> np.ndarray:
    return run.clips.load(key).samples


# --- joined clips ---------------------------------------------------------------------------------------------


def test_a_pause_is_silence_of_exactly_its_length(run: Run) -> None:
    (row,) = run([tagged(passage(ONE, after=0.8), passage(TWO))], FakeEngine()).rows
    first, second = (samples(run, key) for key in row.chunk_keys)
    clip = samples(run, row.key)
    assert np.array_equal(clip, np.concatenate([first, np.zeros(19_200, np.float32), second]))
    assert row.audio_seconds == clip.size / SAMPLE_RATE


@pytest.mark.parametrize(("before", "after"), [(1.5, 0.0), (0.0, 2.0), (0.25, 0.0101)])
def test_pauses_at_both_ends_are_exact(run: Run, before: float, after: float) -> None:
    (row,) = run([tagged(passage(ONE, before=before, after=after))], FakeEngine()).rows
    (chunk,) = (samples(run, key) for key in row.chunk_keys)
    silence = round(before * SAMPLE_RATE), round(after * SAMPLE_RATE)
    assert np.array_equal(samples(run, row.key), np.pad(chunk, silence))


def test_passages_of_different_voices_do_not_overlap(run: Run) -> None:
    engine = FakeEngine()
    (row,) = run([tagged(passage(ONE), passage(TWO, BOB, speed=1.2), passage(ONE))], engine).rows
    chunks = [samples(run, key) for key in row.chunk_keys]
    assert np.array_equal(samples(run, row.key), np.concatenate(chunks))
    assert {(c.text, c.ref_audio, c.ref_text, c.ref_seconds, c.sampling.speed) for c in engine.spoken} == {
        (ONE, "anna.wav", REFERENCE.text, 3.0, 1.0),
        (TWO, "bob.wav", BOB.reference.text, 2.5, 1.2),
    }
    assert len(engine.spoken) == 2  # the first and the last passage are the same chunk
    assert row.spoken_text == f"{ONE} [voice: bob] {TWO} [voice: anna] {ONE}"


def test_a_long_passage_is_split_like_a_long_line() -> None:
    text = f"{SENTENCES[0]} {SENTENCES[1]}\n\n{SENTENCES[2]}"
    line = tagged(passage(text, after=1.0), passage(ONE, BOB))
    assert [chunk.text for chunk in line.chunks()] == [*SENTENCES[:3], ONE]
    joints = [(chunk.pause_after_seconds, chunk.cross_fade_seconds) for chunk in line.chunks()]
    assert joints == [(0, 0.15), (0.6, 0.15), (1, 0), (0, 0)]
    expected = untagged(text).expected_seconds + untagged(ONE, BOB).expected_seconds + 1.0
    assert line.expected_seconds == pytest.approx(expected)
    assert [chunk.key for chunk in line.chunks()][:3] == [chunk.key for chunk in untagged(text).chunks()]


# --- reused chunks --------------------------------------------------------------------------------------------


def test_a_chunk_is_the_clip_of_an_untagged_line_with_its_text(run: Run) -> None:
    (row,) = run([LINE], FakeEngine()).rows
    engine = FakeEngine()
    rows = run([untagged(ONE), untagged(TWO, BOB, "8"), untagged(TWO, ANNA, "7")], engine).rows
    assert [(chunk.text, chunk.ref_audio) for chunk in engine.spoken] == [(TWO, "anna.wav")]
    assert tuple(row.key for row in rows[:2]) == row.chunk_keys


def test_a_changed_pause_speaks_nothing_and_loads_no_engine(run: Run) -> None:
    (first,) = run([LINE], FakeEngine()).rows
    engine = FakeEngine()
    (second,) = run([tagged(passage(ONE, after=1.8), passage(TWO, BOB))], engine).rows
    assert (engine.spoken, engine.loaded) == ([], [])
    assert first.key != second.key
    assert second.audio_seconds == pytest.approx((first.audio_seconds or 0) + 1.0)


def test_only_an_edited_passage_is_spoken(run: Run) -> None:
    run([LINE], FakeEngine())
    engine = FakeEngine()
    run([tagged(passage(ONE, after=0.8), passage("something else.", BOB))], engine)
    assert engine.texts == ["something else."]


def test_only_a_suspect_passage_is_spoken_again_in_its_voice(run: Run) -> None:
    engine = FakeEngine(takes={"other": [clipped]})
    (row,) = run([LINE], engine).rows
    assert sorted((chunk.text, chunk.ref_audio) for chunk in engine.spoken) == sorted(
        [(ONE, "anna.wav"), (TWO, "bob.wav"), (TWO, "bob.wav")]
    )
    assert (row.status, row.attempts) == ("ok", 2)


def test_an_interrupted_line_is_continued_and_garbage_collection_keeps_its_chunks(run: Run) -> None:
    line = tagged(passage(ONE, after=0.8), passage(TWO, BOB), passage(ONE, BOB, after=0.5))
    with pytest.raises(KeyboardInterrupt):
        run([line], FakeEngine(dies_after=2))
    engine = FakeEngine()
    (row,) = run([line], engine).rows
    assert len(engine.spoken) == 1
    assert {row.key, *row.chunk_keys} <= set(line.all_clip_keys())
    write_index(run.store, "b", [row])
    assert clean(run.store, []).clips == 0
    assert run([line]).rows == (replace(row, cached=True),)
    run.drop_index()
    assert run([line]).rows == (replace(row, cached=True),)


def test_the_seed_of_the_user_is_the_seed_of_every_chunk(run: Run) -> None:
    engine = FakeEngine()
    (row,) = run([tagged(passage(ONE, after=0.8), passage(TWO, BOB), seed=42)], engine).rows
    assert ({chunk.seed for chunk in engine.spoken}, row.seed) == ({42}, 42)


# --- the clip key (``test_clip_keys`` has each field of a passage) --------------------------------------------


def with_second_speaker(speaker: Speaker) -> SynthesisRequest:
    """``LINE`` with another speaker in its second passage."""
    return tagged(passage(ONE, after=0.8), passage(TWO, speaker))


OTHER_RECORDING = replace(BOB, voice=replace(BOB.voice, fingerprint="c" * 64))
OTHER_TRANSCRIPT = replace(BOB, reference=replace(BOB.reference, text="other. "))
RENAMED = replace(BOB, voice=replace(BOB.voice, name="robert", audio="elsewhere.wav"))


@pytest.mark.parametrize(
    ("other", "same_key"),
    [
        pytest.param(tagged(passage(ONE), passage(TWO, BOB)), False, id="no pause"),
        pytest.param(tagged(passage(ONE, after=0.8), passage(TWO, BOB, after=0.1)), False, id="a pause at the end"),
        pytest.param(tagged(passage(ONE, after=0.8), passage(TWO, BOB, speed=1.1)), False, id="speed"),
        pytest.param(with_second_speaker(ANNA), False, id="one voice"),
        pytest.param(tagged(passage(ONE, BOB, after=0.8), passage(TWO)), False, id="voices swapped"),
        pytest.param(
            tagged(passage(f"{ONE} and", after=0.8), passage(TWO.removeprefix("and "), BOB)), False, id="other split"
        ),
        pytest.param(with_second_speaker(OTHER_RECORDING), False, id="recording"),
        pytest.param(with_second_speaker(OTHER_TRANSCRIPT), False, id="transcript of the recording"),
        pytest.param(tagged(*zip(LINE.utterance.passages, LINE.speakers, strict=True), seed=1), False, id="seed"),
        pytest.param(untagged(f"{ONE} {TWO}"), False, id="no tags"),
        pytest.param(with_second_speaker(RENAMED), True, id="name and path of the recording"),
        pytest.param(tagged(passage(ONE, after=0.8), passage(TWO, BOB), id="5", attempts=1), True, id="attempts"),
    ],
)
def test_clip_keys_of_lines_with_several_passages(other: SynthesisRequest, same_key: bool) -> None:
    assert (other.key == LINE.key) is same_key


def test_clip_keys_of_untagged_lines_are_stable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change orphans every stored clip: only with a new engine version."""
    monkeypatch.setattr(request, "ENGINE_VERSION", "f5-packed-1")
    assert untagged(ONE).key == "51ed34bbd7b8e90f4b57bf2bd5c9a80fceadfc3aa336823d054bf2a3df59c269"
    assert untagged(ONE).chunks()[0].key == untagged(ONE).key


# --- quality --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pauses", [(0.0, 5.0, 0.0), (8.0, 0.0, 0.0), (0.0, 0.0, 9.0), (3.0, 10.0, 4.0)])
def test_pauses_from_tags_are_not_measured_as_silence(run: Run, pauses: tuple[float, float, float]) -> None:
    before, between, after = pauses
    line = tagged(passage(ONE, before=before, after=between), passage(TWO, BOB, after=after))
    (paused,) = run([line], FakeEngine()).rows
    (unpaused,) = run([tagged(passage(ONE), passage(TWO, BOB))], FakeEngine()).rows
    assert (paused.status, paused.reason, paused.attempts) == ("ok", "", 1)
    assert paused.audio_seconds == pytest.approx((unpaused.audio_seconds or 0) + sum(pauses))
    assert paused.quality == unpaused.quality
