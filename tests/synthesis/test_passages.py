"""Lines with pauses and other voices in them: pieces of their own, joined with exact silence. No model is loaded."""

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


Part = tuple[Passage, Speaker]


def said(text: str, who: Speaker = ANNA, before: float = 0.0, after: float = 0.0, speed: float = 1.0) -> Part:
    return Passage(text, who.voice.name, "en", speed, before, after), who


def line(*passages: Part, id: str = "1", attempts: int = 3, seed: int | None = None) -> SynthesisRequest:
    parts, speakers = tuple(passage for passage, _ in passages), tuple(speaker for _, speaker in passages)
    text, first = " ".join(part.spoken_text for part in parts), speakers[0]
    sampling = replace(SAMPLING, speed=parts[0].speed)
    name = first.voice.name
    utterance = Utterance(id, int(id), "-", text, name, "demo", "en", sampling, seed, attempts, passages=parts)
    return SynthesisRequest(utterance, MODEL, speakers)


def plain(text: str, who: Speaker = ANNA, id: str = "9") -> SynthesisRequest:
    utterance = Utterance(id, int(id), text, text, who.voice.name, "demo", "en", SAMPLING, None, 3)
    return SynthesisRequest(utterance, MODEL, (who,))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def samples(run: Run, key: str) -> np.ndarray:
    return run.clips.load(key).samples


def seconds(value: float) -> int:
    return round(value * SAMPLE_RATE)


# --- what the clip is made of ---------------------------------------------------------------------------------


def test_a_pause_is_silence_of_exactly_that_length(run: Run) -> None:
    (row,) = run([line(said(ONE, after=0.8), said(TWO))], FakeEngine()).rows
    first, second = (samples(run, key) for key in list(row.chunk_keys))
    clip = samples(run, row.key)
    assert clip.size == first.size + 19_200 + second.size
    assert np.array_equal(clip[: first.size], first)
    assert not clip[first.size : first.size + 19_200].any()
    assert np.array_equal(clip[first.size + 19_200 :], second)
    assert row.audio_seconds == clip.size / SAMPLE_RATE


@pytest.mark.parametrize(("before", "after"), [(1.5, 0.0), (0.0, 2.0), (0.25, 0.0101)])
def test_pauses_at_the_ends_are_exact_too(run: Run, before: float, after: float) -> None:
    (row,) = run([line(said(ONE, before=before, after=after))], FakeEngine()).rows
    (piece,) = (samples(run, key) for key in list(row.chunk_keys))
    assert np.array_equal(samples(run, row.key), np.pad(piece, (seconds(before), seconds(after))))


def test_voices_follow_each_other_without_overlap(run: Run) -> None:
    engine = FakeEngine()
    (row,) = run([line(said(ONE), said(TWO, BOB, speed=1.2), said(ONE))], engine).rows
    pieces = [samples(run, key) for key in list(row.chunk_keys)]
    assert np.array_equal(samples(run, row.key), np.concatenate(pieces))
    assert {(c.text, c.ref_audio, c.ref_text, c.ref_seconds, c.sampling.speed) for c in engine.spoken} == {
        (ONE, "anna.wav", REFERENCE.text, 3.0, 1.0),
        (TWO, "bob.wav", BOB.reference.text, 2.5, 1.2),
    }
    assert len(engine.spoken) == 2  # she says the same twice, and it is spoken once
    assert row.spoken_text == f"{ONE} [voice: bob] {TWO} [voice: anna] {ONE}"


def test_a_long_passage_is_cut_as_a_long_line_is(run: Run) -> None:
    text = f"{SENTENCES[0]} {SENTENCES[1]}\n\n{SENTENCES[2]}"
    tagged = line(said(text, after=1.0), said(ONE, BOB))
    assert [piece.text for piece in tagged.chunks()] == [*SENTENCES[:3], ONE]
    joints = [(piece.pause_after_seconds, piece.cross_fade_seconds) for piece in tagged.chunks()]
    assert joints == [(0, 0.15), (0.6, 0.15), (1, 0), (0, 0)]
    expected = plain(text).expected_seconds + plain(ONE, BOB).expected_seconds + 1.0
    assert tagged.expected_seconds == pytest.approx(expected)
    assert [piece.key for piece in tagged.chunks()][:3] == [piece.key for piece in plain(text).chunks()]


# --- cached on their own --------------------------------------------------------------------------------------


def test_a_piece_is_the_clip_of_a_line_that_says_it_alone(run: Run) -> None:
    (row,) = run([line(said(ONE, after=0.8), said(TWO, BOB))], FakeEngine()).rows
    engine = FakeEngine()
    rows = run([plain(ONE), plain(TWO, BOB, "8"), plain(TWO, ANNA, "7")], engine).rows
    assert [(chunk.text, chunk.ref_audio) for chunk in engine.spoken] == [(TWO, "anna.wav")]
    assert [one.key for one in rows[:2]] == list(row.chunk_keys)


def test_another_pause_speaks_nothing_and_loads_no_engine(run: Run) -> None:
    (first,) = run([line(said(ONE, after=0.8), said(TWO, BOB))], FakeEngine()).rows
    engine = FakeEngine()
    (second,) = run([line(said(ONE, after=1.8), said(TWO, BOB))], engine).rows
    assert (engine.spoken, engine.loaded) == ([], [])
    assert first.key != second.key
    assert second.audio_seconds == pytest.approx((first.audio_seconds or 0) + 1.0)


def test_an_edited_passage_is_the_only_one_spoken(run: Run) -> None:
    run([line(said(ONE, after=0.8), said(TWO, BOB))], FakeEngine())
    engine = FakeEngine()
    run([line(said(ONE, after=0.8), said("something else.", BOB))], engine)
    assert engine.texts == ["something else."]


def test_a_bad_piece_is_drawn_again_alone(run: Run) -> None:
    engine = FakeEngine(takes={"other": [clipped]})
    (row,) = run([line(said(ONE, after=0.8), said(TWO, BOB))], engine).rows
    assert sorted(engine.texts) == sorted([ONE, TWO, TWO])
    assert (row.status, row.attempts) == ("ok", 2)


def test_it_goes_on_where_it_was_interrupted_and_cleaning_leaves_its_pieces(run: Run) -> None:
    tagged = line(said(ONE, after=0.8), said(TWO, BOB), said(ONE, BOB, after=0.5))
    with pytest.raises(KeyboardInterrupt):
        run([tagged], FakeEngine(dies_after=2))
    engine = FakeEngine()
    (row,) = run([tagged], engine).rows
    assert len(engine.spoken) == 1
    assert {row.key, *list(row.chunk_keys)} <= set(tagged.all_clip_keys())
    write_index(run.store, "b", [row])
    assert clean(run.store, []).clips == 0
    assert run([tagged]).rows == (replace(row, cached=True),)
    run.forget()
    assert run([tagged]).rows == (replace(row, cached=True),)


def test_the_users_seed_is_that_of_its_pieces(run: Run) -> None:
    engine = FakeEngine()
    (row,) = run([line(said(ONE, after=0.8), said(TWO, BOB), seed=42)], engine).rows
    assert ({chunk.seed for chunk in engine.spoken}, row.seed) == ({42}, 42)


# --- the key --------------------------------------------------------------------------------------------------

BASE = line(said(ONE, after=0.8), said(TWO, BOB))


@pytest.mark.parametrize(
    "other",
    [
        line(said(ONE, after=0.9), said(TWO, BOB)),
        line(said(ONE, before=0.1, after=0.8), said(TWO, BOB)),
        line(said(ONE, after=0.8), said(TWO, BOB, after=0.1)),
        line(said(ONE), said(TWO, BOB)),
        line(said(ONE, after=0.8), said(TWO)),
        line(said(ONE, after=0.8), said(TWO, BOB, speed=1.1)),
        line(said(ONE, after=0.8), said(ONE, BOB)),
        line(said(f"{ONE} and", after=0.8), said(TWO.removeprefix("and "), BOB)),  # the same words, cut elsewhere
        line(said(ONE, BOB, after=0.8), said(TWO)),
        line(said(ONE, after=0.8), said(TWO, replace(BOB, voice=replace(BOB.voice, fingerprint="c" * 64)))),
        line(said(ONE, after=0.8), said(TWO, replace(BOB, reference=replace(BOB.reference, text="other. ")))),
        line(said(ONE, after=0.8), said(TWO, BOB), seed=1),
        plain(f"{ONE} {TWO}"),
    ],
    ids=[
        *("pause", "lead", "tail", "no pause", "voice", "speed", "text", "cut", "voices changed", "recording"),
        *("transcript", "seed", "untagged"),
    ],
)  # fmt: skip
def test_all_that_shapes_its_sound_is_in_its_key(other: SynthesisRequest) -> None:
    assert other.key != BASE.key


def test_what_does_not_shape_its_sound_is_not() -> None:
    renamed = replace(BOB, voice=replace(BOB.voice, name="robert", audio="elsewhere.wav"))
    assert line(said(ONE, after=0.8), said(TWO, renamed), id="5", attempts=1).key == BASE.key
    german = tuple(replace(passage, language="de") for passage in BASE.utterance.passages)
    assert replace(BASE, utterance=replace(BASE.utterance, passages=german, columns={"a": "b"})).key == BASE.key


def test_the_keys_of_lines_without_tags_are_those_they_always_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips that were spoken before there were tags are still found."""
    monkeypatch.setattr(request, "ENGINE_VERSION", "f5-packed-1")
    assert plain(ONE).key == "51ed34bbd7b8e90f4b57bf2bd5c9a80fceadfc3aa336823d054bf2a3df59c269"
    assert plain(ONE).chunks()[0].key == plain(ONE).key


# --- quality --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pauses", [(0.0, 5.0, 0.0), (8.0, 0.0, 0.0), (0.0, 0.0, 9.0), (3.0, 10.0, 4.0)])
def test_a_pause_that_was_asked_for_is_no_fault(run: Run, pauses: tuple[float, float, float]) -> None:
    before, between, after = pauses
    tagged = line(said(ONE, before=before, after=between), said(TWO, BOB, after=after))
    (quiet,) = run([tagged], FakeEngine()).rows
    (spoken,) = run([line(said(ONE), said(TWO, BOB))], FakeEngine()).rows
    assert (quiet.status, quiet.reason, quiet.attempts) == ("ok", "", 1)
    assert quiet.audio_seconds == pytest.approx((spoken.audio_seconds or 0) + sum(pauses))
    measures = {name: value for name, value in quiet.quality.items() if name != "pieces"}
    assert measures == {name: value for name, value in spoken.quality.items() if name != "pieces"}
