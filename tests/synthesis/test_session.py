"""Speaking what is missing, and only that: with a real clip store and an engine without a model."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.protocol import Chunk, SpokenChunk
from f5_pipeline.errors import StoreUnusable
from f5_pipeline.models.weights import ReadyModel
from f5_pipeline.quality import signal
from f5_pipeline.quality.signal import QualityMeasures
from f5_pipeline.results.clips import ClipInfo, ClipStore, Facts
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.index import write_index
from f5_pipeline.results.keys import derive_seed
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.synthesis.executor import SynthesisResult
from f5_pipeline.synthesis.request import SynthesisRequest
from tests.synthesis.fake_engine import FakeEngine, clipped, silent
from tests.synthesis.jobs import MODEL, REFERENCE, SAMPLING, SENTENCES, SPEAKER, SPEC, TEXTS, VOICE, Run, line, lines


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


# --- once, and never again ------------------------------------------------------------------------------------


def test_every_line_has_a_clip_of_its_own(run: Run) -> None:
    engine = FakeEngine()
    done = run(lines(), engine)
    assert sorted(engine.texts) == sorted(TEXTS)
    assert [row.id for row in done.rows] == ["1", "2", "3"]
    assert [(row.status, row.cached, row.attempts) for row in done.rows] == [("ok", False, 1)] * 3
    assert done.clips_spoken == run.stored == len({row.key for row in done.rows}) == 3
    assert done.audio_seconds_spoken == pytest.approx(sum(row.audio_seconds or 0 for row in done.rows))


def test_a_row_says_what_is_in_the_store(run: Run) -> None:
    (row,) = run([line()], FakeEngine()).rows
    clip = run.clips.load(row.key)
    assert row.clip == clip.info.clip == f"clips/{row.key[:2]}/{row.key}.flac"
    assert row.clip_bytes == clip.info.size == run.path(row).stat().st_size
    assert row.audio_seconds == clip.samples.size / SAMPLE_RATE
    assert row.seed == derive_seed(line().parts())
    assert (row.text, row.spoken_text, row.voice, row.model) == (TEXTS[0], TEXTS[0], "anna", "demo")
    assert row.quality["level_db"] == pytest.approx(-28, abs=6)


@pytest.mark.parametrize("index_known", [True, False])
def test_nothing_is_spoken_twice_and_no_engine_is_loaded_for_nothing(run: Run, index_known: bool) -> None:
    first = run(lines(), FakeEngine())
    if not index_known:
        run.forget()
    engine = FakeEngine()
    second = run(lines(), engine)
    assert (engine.loaded, engine.spoken, second.clips_spoken, second.audio_seconds_spoken) == ([], [], 0, 0.0)
    assert second.rows == tuple(replace(row, cached=True) for row in first.rows)


def test_what_is_known_to_be_whole_is_not_read_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run(lines(), FakeEngine())
    reads: list[str] = []
    monkeypatch.setattr(LocalStore, "read", lambda self, key, first=None: reads.append(key))
    run(lines())
    assert reads == []


def test_an_edited_line_is_the_only_one_spoken(run: Run) -> None:
    run(lines(), FakeEngine())
    engine = FakeEngine()
    done = run(lines(TEXTS[0], "something else entirely.", TEXTS[2]), engine)
    assert engine.texts == ["something else entirely."]
    assert [row.cached for row in done.rows] == [True, False, True]


def test_equal_lines_are_spoken_once(run: Run) -> None:
    engine = FakeEngine()
    done = run(lines(TEXTS[0], TEXTS[1], TEXTS[0]), engine)
    assert sorted(engine.texts) == sorted(TEXTS[:2])
    assert [row.id for row in done.rows] == ["1", "2", "3"]
    assert done.rows[0].key == done.rows[2].key != done.rows[1].key
    assert done.clips_spoken == 2


@pytest.mark.parametrize(
    "other",
    [
        replace(line(), speakers=(replace(SPEAKER, voice=replace(VOICE, fingerprint="b" * 64)),)),
        replace(line(), model=replace(MODEL, files=replace(MODEL.files, fingerprint="e" * 64))),
        replace(line(), model=replace(MODEL, spec=replace(SPEC, max_seconds=12.0))),  # longer texts are cut elsewhere
        replace(line(), speakers=(replace(SPEAKER, reference=replace(REFERENCE, text="something else. ")),)),
        replace(line(), speakers=(replace(SPEAKER, reference=replace(REFERENCE, seconds=2.5)),)),
        replace(line(), utterance=replace(line().utterance, sampling=replace(SAMPLING, speed=1.1))),
        line(seed=7),
        line(TEXTS[1]),
    ],
    ids=["voice", "model", "limit", "reference text", "reference length", "speed", "seed", "text"],
)
def test_what_shapes_the_sound_makes_another_clip(other: SynthesisRequest) -> None:
    assert other.key != line().key


def test_id_and_columns_and_number_of_attempts_do_not(run: Run) -> None:
    run([line()], FakeEngine())
    other = line("the first line of all.", "9", attempts=5)
    other = replace(other, utterance=replace(other.utterance, columns={"note": "x"}, section="s"))
    (row,) = run([other]).rows
    assert (row.id, row.cached, row.columns) == ("9", True, {"note": "x"})


def test_no_lines_is_no_work(run: Run) -> None:
    assert run([]) == SynthesisResult((), 0, 0.0)


def test_progress_is_told_of_clips_that_are_missing(run: Run) -> None:
    told: list[object] = []

    class Told:
        def begin(self, lines: int, missing: int, audio_seconds: float, waiting: int = 0) -> None:
            told.append((lines, missing, round(audio_seconds, 1), waiting))

        def advance(self, audio_seconds: float) -> None:
            told.append(round(audio_seconds, 1))

    run(lines(TEXTS[0]), FakeEngine())
    run.forget()
    done = run(lines(TEXTS[0], TEXTS[1], TEXTS[1]), FakeEngine(), progress=Told())
    seconds = round(done.rows[1].audio_seconds or 0, 1)
    assert told == [(3, 1, seconds, 0), seconds]


# --- crashes and damage ---------------------------------------------------------------------------------------


def test_after_a_crash_only_the_rest_is_spoken(run: Run) -> None:
    batch = lines(*(f"line number {n} of twenty." for n in range(20)))
    crashed = FakeEngine(dies_after=7)
    with pytest.raises(KeyboardInterrupt):
        run(batch, crashed)
    assert run.stored == 7
    again = FakeEngine()
    done = run(batch, again)
    assert sorted([*crashed.texts, *again.texts]) == sorted(one.utterance.text for one in batch)
    assert sum(row.cached for row in done.rows) == 7
    assert done.clips_spoken == len(again.spoken) == 13


def test_a_full_disk_stops_the_run_and_loses_nothing_stored(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = lines(*(f"line number {n} of twenty." for n in range(20)))
    save, saved = ClipStore.save, list[str]()

    def full_after_five(self: ClipStore, key: str, *clip: Any) -> ClipInfo:
        if len(saved) >= 5:
            raise StoreUnusable("store", "the disk is full.", "Make room.")
        saved.append(key)
        return save(self, key, *clip)

    monkeypatch.setattr(ClipStore, "save", full_after_five)
    with pytest.raises(StoreUnusable):
        run(batch, FakeEngine())
    monkeypatch.setattr(ClipStore, "save", save)
    assert run.stored == len(saved) < 20
    engine = FakeEngine()
    done = run(batch, engine)
    assert len(engine.spoken) == 20 - len(saved)
    assert {row.key for row in done.rows if row.cached} == set(saved)


@pytest.mark.parametrize("index_known", [True, False])
@pytest.mark.parametrize("harm", ["deleted", "empty", "cut short", "another clip"])
def test_a_harmed_clip_is_noticed_and_spoken_again(run: Run, harm: str, index_known: bool) -> None:
    first = run(lines(), FakeEngine())
    path, other = run.path(first.rows[1]), run.path(first.rows[0])
    whole = path.read_bytes()
    if harm == "deleted":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "cut short": whole[:-100], "another clip": other.read_bytes()}[harm])
    if not index_known:
        run.forget()
    engine = FakeEngine()
    second = run(lines(), engine)
    assert engine.texts == [TEXTS[1]]
    assert path.read_bytes() == whole
    assert [row.cached for row in second.rows] == [True, False, True]
    assert [row.key for row in second.rows] == [row.key for row in first.rows]


def test_a_clip_with_foreign_facts_is_spoken_again(run: Run) -> None:
    """Whole, under the right key, but not of our making."""
    run.clips.save(line().key, np.zeros(9_000, np.float32), {"note": "mine"})
    engine = FakeEngine()
    (row,) = run([line()], engine).rows
    assert (engine.texts, row.status, row.cached) == ([TEXTS[0]], "ok", False)


def test_a_store_that_cannot_be_read_is_an_error_and_no_reason_to_speak(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(lines(), FakeEngine())
    run.forget()

    def refuse(self: LocalStore, key: str, first: int | None = None) -> bytes:
        raise StoreUnusable("store", "cannot be read.", "Look at it.")

    monkeypatch.setattr(LocalStore, "read", refuse)
    engine = FakeEngine()
    with pytest.raises(StoreUnusable):
        run(lines(), engine)
    assert engine.spoken == []


# --- lines that fail ------------------------------------------------------------------------------------------


def test_a_failing_chunk_fails_its_line_alone(run: Run) -> None:
    done = run(lines(), FakeEngine(fails="second"))
    assert [row.status for row in done.rows] == ["ok", "failed", "ok"]
    failed = done.rows[1]
    assert (failed.reason, failed.key, failed.clip) == ("RuntimeError: no tongue", "", "")
    assert (failed.audio_seconds, failed.clip_bytes, failed.attempts) == (None, None, 1)
    assert done.clips_spoken == run.stored == 2
    engine = FakeEngine()
    assert [row.status for row in run(lines(), engine).rows] == ["ok"] * 3
    assert engine.texts == [TEXTS[1]]


def test_one_failing_chunk_of_a_long_text_is_enough(run: Run) -> None:
    long = f"{'a word and another one. ' * 30}and then the bad one."
    done = run([line(long), line(id="2")], FakeEngine(fails="bad"))
    assert [row.status for row in done.rows] == ["failed", "ok"]
    assert "no tongue" in done.rows[0].reason
    assert not done.rows[0].clip


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_sound_that_is_no_sound_fails_its_line(run: Run, value: float) -> None:
    done = run(lines(), FakeEngine(takes={"second": [lambda sound: sound + value]}))
    assert [row.status for row in done.rows] == ["ok", "failed", "ok"]
    assert "finite" in done.rows[1].reason
    assert run.stored == 2


# --- several takes --------------------------------------------------------------------------------------------


def test_suspect_takes_are_drawn_again_with_other_seeds(run: Run) -> None:
    engine = FakeEngine(takes={"second": [clipped, clipped]})
    done = run(lines(), engine)
    assert [row.attempts for row in done.rows] == [1, 3, 1]
    assert [row.status for row in done.rows] == ["ok"] * 3
    takes = [chunk for chunk in engine.spoken if chunk.text == TEXTS[1]]
    assert len({chunk.seed for chunk in takes}) == len(takes) == 3
    assert done.rows[1].key == lines()[1].take_keys[2]
    assert done.rows[1].seed == takes[2].seed
    assert done.clips_spoken == run.stored == 5  # every take is a clip
    assert engine.loaded == ["demo"]


def quieter(sound: np.ndarray) -> np.ndarray:
    """Suspect, but not as bad as ``clipped``."""
    return 0.1 * sound


def test_of_suspect_takes_the_best_is_kept_and_said_to_be_suspect(run: Run) -> None:
    engine = FakeEngine(takes={"second": [clipped, quieter, clipped]})
    row = run(lines(), engine).rows[1]
    assert (row.status, row.attempts, row.key) == ("suspect", 3, lines()[1].take_keys[1])
    assert "quiet" in row.reason


@pytest.mark.parametrize("index_known", [True, False])
def test_all_takes_are_found_again(run: Run, index_known: bool) -> None:
    first = run(lines(), FakeEngine(takes={"first": [clipped], "second": [clipped, quieter, clipped]}))
    if not index_known:
        run.forget()
    second = run(lines())
    assert second.clips_spoken == 0
    assert second.rows == tuple(replace(row, cached=True) for row in first.rows)


def test_a_chosen_take_that_is_gone_is_replaced_by_what_is_left(run: Run) -> None:
    first = run([line()], FakeEngine(takes={"first": [clipped, quieter, clipped]}))
    run.path(first.rows[0]).unlink()
    engine = FakeEngine()
    (row,) = run([line()], engine).rows
    assert len(engine.spoken) == 1  # only the take that is gone
    assert (row.status, row.key) == ("ok", first.rows[0].key)


def test_more_attempts_later_draw_more_and_fewer_draw_none(run: Run) -> None:
    engine = FakeEngine(takes={"first": [clipped, clipped]})
    (row,) = run([line(attempts=1)], engine).rows
    assert (row.status, row.attempts, len(engine.spoken)) == ("suspect", 1, 1)
    (row,) = run([line(attempts=4)], engine).rows
    assert (row.status, row.attempts, len(engine.spoken)) == ("ok", 3, 3)
    (row,) = run([line(attempts=1)]).rows  # the engine would die
    assert (row.status, row.attempts, row.cached) == ("suspect", 1, True)


def test_a_crash_between_takes_keeps_the_takes(run: Run) -> None:
    engine = FakeEngine(takes={"line": [clipped, clipped]}, dies_after=3)
    with pytest.raises(KeyboardInterrupt):
        run(lines(TEXTS[0], TEXTS[1]), engine)
    engine.dies_after = None
    done = run(lines(TEXTS[0], TEXTS[1]), engine)
    assert [(row.status, row.attempts) for row in done.rows] == [("ok", 3)] * 2
    assert len(engine.spoken) == run.stored == 6


def test_a_silent_line_is_drawn_again_and_failed_in_the_end(run: Run) -> None:
    (row,) = run([line()], FakeEngine(takes={"first": [silent, silent]})).rows
    assert (row.status, row.attempts) == ("ok", 3)
    (row,) = run([line(TEXTS[1])], FakeEngine(takes={"second": [silent] * 3})).rows
    assert (row.status, row.attempts, row.reason) == ("failed", 3, "it is silent")


def test_a_failure_after_a_suspect_take_leaves_the_suspect_one(run: Run) -> None:
    engine = FakeEngine(takes={"first": [clipped]})

    def speak_once(chunks: Sequence[Chunk]) -> object:
        if engine.spoken:
            return iter([SpokenChunk(0, None, "RuntimeError: hoarse")])
        return FakeEngine.speak(engine, chunks)

    engine.speak = speak_once  # type: ignore[assignment,method-assign]
    (row,) = run([line()], engine).rows
    assert (row.status, row.key) == ("suspect", line().key)
    assert run.stored == 1


def test_the_users_seed_is_that_of_the_first_take(run: Run) -> None:
    engine = FakeEngine(takes={"first": [clipped]})
    (row,) = run([line(seed=42)], engine).rows
    assert engine.spoken[0].seed == 42
    assert engine.spoken[1].seed != 42
    assert row.seed == engine.spoken[1].seed


@pytest.mark.parametrize("text", [TEXTS[0], "hello there. 你好世界"])
def test_the_seed_of_a_row_draws_its_take_again(run: Run, text: str) -> None:
    engine = FakeEngine()
    (row,) = run([line(text)], engine).rows
    assert [(chunk.seed, chunk.text) for chunk in engine.spoken] == [(row.seed, text)]
    (again,) = run([line(text, seed=row.seed)]).rows
    assert again.key == row.key


# --- a slow store ---------------------------------------------------------------------------------------------


def test_where_the_store_is_slower_the_model_waits_for_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    count, waiting, save = 40, list[int](), ClipStore.save
    given, saved = itertools.count(), itertools.count()
    behind = threading.Semaphore(0)

    class Fast(FakeEngine):
        def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
            for spoken in super().speak(chunks):
                next(given)
                behind.release()
                yield spoken

    def slow(*clip: Any) -> ClipInfo:
        behind.acquire()
        time.sleep(0.01)  # in which the engine could speak them all
        waiting.append(_of(given) - _of(saved))
        next(saved)
        return save(*clip)

    monkeypatch.setattr(ClipStore, "save", slow)
    run(lines(*(f"line number {n} of many." for n in range(count))), Fast(), savers=2, max_unsaved=5)
    assert run.stored == count
    assert max(waiting) <= 5 + 2  # what waits, what is given, and what the other one is about to count


def test_clips_are_stored_while_others_are_spoken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    storing, speaking, save = threading.Event(), threading.Event(), ClipStore.save

    class Watched(FakeEngine):
        def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
            for number, spoken in enumerate(super().speak(chunks)):
                if number == 1:
                    assert storing.wait(60)
                    speaking.set()
                yield spoken

    def held(*clip: Any) -> ClipInfo:
        storing.set()
        assert speaking.wait(60)
        return save(*clip)

    monkeypatch.setattr(ClipStore, "save", held)
    run(lines("line number one of many.", "line number two of many."), Watched())
    assert run.stored == 2


def _of(counter: itertools.count[int]) -> int:
    """Where a counter is, without moving it."""
    return int(repr(counter)[6:-1])


# --- long texts -----------------------------------------------------------------------------------------------

PARAGRAPH = " ".join(f"a word, then number {n}, is what it takes to fill a line." for n in range(8))


def test_a_long_text_is_spoken_in_chunks_and_joined_with_pauses(run: Run) -> None:
    text = f"{PARAGRAPH}\n\n{PARAGRAPH.replace('word', 'verb')}"
    engine = FakeEngine()
    (row,) = run([line(text, attempts=1)], engine).rows
    assert len(engine.spoken) >= 4
    assert run.stored == 1 + len(engine.spoken)
    planned = sum(chunk.frames for chunk in engine.spoken) * 256 / SAMPLE_RATE
    fades = (len(engine.spoken) - 2) * SAMPLING.cross_fade_duration
    assert row.audio_seconds == pytest.approx(planned + 0.6 - fades, abs=0.01)


def test_chunks_are_joined_in_their_order_whatever_order_they_come_in(run: Run) -> None:
    (row,) = run([line(PARAGRAPH)], FakeEngine()).rows
    levels = {}

    class Louder(FakeEngine):
        """Each chunk of the text is louder than the one before it."""

        def speak(self, chunks: Sequence[Chunk]):
            for spoken in super().speak(chunks):
                assert spoken.samples is not None
                levels[spoken.index] = 0.01 + 0.02 * spoken.index
                yield replace(spoken, samples=spoken.samples * 0 + np.float32(levels[spoken.index]))

    other = line(PARAGRAPH, attempts=1)
    other = replace(other, utterance=replace(other.utterance, seed=1))
    (row,) = run([other], Louder()).rows
    samples = run.clips.load(row.key).samples
    assert len(levels) > 1
    assert (np.diff(samples) >= -1e-4).all()
    assert samples[0] == pytest.approx(levels[0], abs=1e-4)
    assert samples[-1] == pytest.approx(levels[len(levels) - 1], abs=1e-4)


def test_a_piece_is_the_same_whatever_else_is_in_its_text() -> None:
    """Its noise follows from what it says: an edit elsewhere in a paragraph does not change it."""
    one = line(" ".join(SENTENCES)).chunks()
    other = line(" ".join([SENTENCES[0], SENTENCES[1].upper(), SENTENCES[3]])).chunks()
    assert len(one) == 4
    assert one[0] == other[0]
    assert one[0].key == line(SENTENCES[0]).key


def test_a_word_that_is_edited_in_a_long_text_speaks_one_piece(run: Run) -> None:
    engine = FakeEngine()
    run([line(" ".join(SENTENCES))], engine)
    assert len(engine.spoken) == 4
    edited = [SENTENCES[0], SENTENCES[1].replace("number", "letter"), *SENTENCES[2:]]
    engine = FakeEngine()
    (row,) = run([line(" ".join(edited))], engine).rows
    assert engine.texts == [edited[1]]
    assert row.status == "ok"


def test_a_long_text_that_was_interrupted_goes_on_where_it_was(run: Run) -> None:
    with pytest.raises(KeyboardInterrupt):
        run([line(" ".join(SENTENCES))], FakeEngine(dies_after=3))
    engine = FakeEngine()
    (row,) = run([line(" ".join(SENTENCES))], engine).rows
    assert len(engine.spoken) == 1
    undisturbed = Run(run.path(row).parents[3] / "undisturbed")
    (same,) = undisturbed([line(" ".join(SENTENCES))], FakeEngine()).rows
    assert (same.key, run.path(same).read_bytes()) == (row.key, undisturbed.path(same).read_bytes())


def test_a_piece_that_is_also_a_line_is_spoken_once(run: Run) -> None:
    engine = FakeEngine()
    done = run([line(" ".join(SENTENCES)), line(SENTENCES[2], "2")], engine)
    assert len(engine.spoken) == 4
    assert [row.status for row in done.rows] == ["ok", "ok"]
    engine = FakeEngine()
    run([line(SENTENCES[0], "3")], engine)
    assert not engine.spoken


def test_a_long_text_whose_clip_is_lost_is_joined_again_without_speaking(run: Run) -> None:
    (row,) = run([line(" ".join(SENTENCES))], FakeEngine()).rows
    before = run.path(row).read_bytes()
    run.path(row).unlink()
    engine = FakeEngine()
    done = run([line(" ".join(SENTENCES))], engine)
    assert (engine.spoken, engine.loaded) == ([], [])  # joining needs no model
    assert (done.clips_spoken, done.audio_seconds_spoken) == (0, 0.0)
    assert run.path(done.rows[0]).read_bytes() == before


def test_of_a_long_text_only_the_piece_that_came_out_badly_is_drawn_again(run: Run) -> None:
    engine = FakeEngine(takes={"is number 2": [clipped, clipped]})
    (row,) = run([line(" ".join(SENTENCES))], engine).rows
    assert [text for text in engine.texts if text != SENTENCES[2]] == [SENTENCES[3], SENTENCES[1], SENTENCES[0]]
    assert engine.texts.count(SENTENCES[2]) == 3
    assert (row.status, row.attempts, engine.loaded) == ("ok", 3, ["demo"])
    first, third = (line(" ".join(SENTENCES)).chunks(attempt) for attempt in (1, 3))
    run.forget()
    (only,) = run([line(" ".join(SENTENCES), attempts=1)]).rows
    assert (only.status, only.reason[:21]) == ("suspect", "chunk 3 of 4: clipped")
    run.forget()
    expected = [first[0].key, first[1].key, third[2].key, first[3].key]
    assert list(row.chunk_keys) == expected
    assert row.seed is None  # there is no single one that would draw all its pieces again
    assert run([line(" ".join(SENTENCES))]).rows == (replace(row, cached=True),)
    run.forget()
    assert run([line(" ".join(SENTENCES))]).rows == (replace(row, cached=True),)


def test_a_take_that_another_run_joined_of_other_pieces_is_judged_by_those(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other run's thresholds were others, and so were the pieces that it kept."""
    text = " ".join(SENTENCES)
    engine, key, theirs = FakeEngine(), line(text).key, list[str]()
    save = ClipStore.save

    def after_another(self: ClipStore, of: str, samples: np.ndarray, facts: Facts, *chunks: Any) -> ClipInfo:
        if of == key:
            theirs.extend(chunk.key for chunk in line(text).chunks(2))
            save(self, of, samples, facts, tuple(theirs))
        return save(self, of, samples, facts, *chunks)

    monkeypatch.setattr(ClipStore, "save", after_another)
    (row,) = run([line(text)], engine).rows
    assert list(row.chunk_keys) == theirs


def test_a_long_text_that_is_suspect_as_a_whole_is_drawn_again_as_a_whole(run: Run) -> None:
    """Its pieces came out right, so it is nobody's fault in particular."""
    engine = FakeEngine()
    text = " ".join(SENTENCES)
    measure = signal.measure

    def strict(samples: np.ndarray, rate: int, seconds: float, said: str) -> QualityMeasures:
        measures = measure(samples, rate, seconds, said)
        first = len(engine.spoken) == 4 and said == text
        return replace(measures, duration_ratio=9.0) if first else measures

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signal, "measure", strict)
        (row,) = run([line(text)], engine).rows
    assert sorted(engine.texts) == sorted(SENTENCES * 2)
    assert (row.status, row.attempts) == ("ok", 2)


def test_a_kept_piece_that_is_harmed_is_spoken_as_it_was(run: Run) -> None:
    """A take that keeps a piece of an earlier one says it with that one's seed, if it has to."""
    text = " ".join(SENTENCES)
    engine = FakeEngine(takes={"is number 2": [clipped]}, dies_after=4)
    with pytest.raises(KeyboardInterrupt):
        run([line(text)], engine)
    kept = line(text).chunks()[0]
    path = Path(run.clips.location(kept.key))
    whole = path.read_bytes()
    altered = bytearray(whole)
    altered[-2000] ^= 255
    path.write_bytes(bytes(altered))
    engine = FakeEngine()
    run([line(text)], engine)
    assert {(chunk.text, chunk.seed) for chunk in engine.spoken} == {
        (SENTENCES[0], kept.seed),
        (SENTENCES[2], line(text).chunks(2)[2].seed),
    }
    assert path.read_bytes() == whole


@pytest.mark.parametrize("harm", ["empty", "cut short", "altered"])
def test_a_harmed_piece_is_spoken_again(run: Run, harm: str) -> None:
    text = " ".join(SENTENCES)
    (row,) = run([line(text)], FakeEngine()).rows
    before = run.path(row).read_bytes()
    run.path(row).unlink()
    path = Path(run.clips.location(line(text).chunks()[2].key))
    whole = path.read_bytes()
    altered = bytearray(whole)
    altered[-2000] ^= 255
    path.write_bytes({"empty": b"", "cut short": whole[:-100], "altered": bytes(altered)}[harm])
    engine = FakeEngine()
    (again,) = run([line(text)], engine).rows
    assert engine.texts == [SENTENCES[2]]
    assert path.read_bytes() == whole
    assert run.path(again).read_bytes() == before


def test_ten_thousand_characters_are_spoken_in_pieces_of_their_own_length(run: Run) -> None:
    """No drift: what the last piece says and how long it takes does not depend on what came before it."""
    text = " ".join(f"{sentence[:-1]} of part {part}." for part in range(14) for sentence in SENTENCES)
    engine = FakeEngine()
    (row,) = run([line(text)], engine).rows
    assert len(text) > 10_000
    assert row.status == "ok"
    room = SPEC.max_seconds - REFERENCE.seconds
    assert all(chunk.frames * 256 / SAMPLE_RATE <= room + 0.02 for chunk in engine.spoken)
    assert " ".join(reversed(engine.texts)) == text


def test_the_index_names_the_pieces_of_a_long_text(run: Run) -> None:
    (row,) = run([line(" ".join(SENTENCES))], FakeEngine()).rows
    assert list(row.chunk_keys) == [piece.key for piece in line(" ".join(SENTENCES)).chunks()]
    assert set(line(" ".join(SENTENCES)).all_clip_keys()) >= {row.key, *list(row.chunk_keys)}


def test_cleaning_leaves_the_pieces_of_a_long_text(run: Run) -> None:
    done = run([line(" ".join(SENTENCES))], FakeEngine())
    write_index(run.store, "book", done.rows)
    assert clean(run.store, []).clips == 0
    assert run.stored == 5


def test_cleaning_leaves_the_pieces_of_takes_that_were_not_kept(run: Run) -> None:
    text = " ".join(SENTENCES)
    done = run([line(text)], FakeEngine(takes={"is number 2": [clipped, clipped]}))
    write_index(run.store, "book", done.rows)
    assert clean(run.store, []).clips == 0
    assert run.stored == 3 + 6  # three takes; the pieces of the first, and two more of the third piece
    write_index(run.store, "book", run([line(text)]).rows)  # as the index knows it
    assert clean(run.store, []).clips == 0
    run.forget()
    assert run([line(text)]).rows == (replace(done.rows[0], cached=True),)


def test_models_are_loaded_one_after_the_other_and_only_if_needed(run: Run) -> None:
    second = ReadyModel(replace(SPEC, name="other"), replace(MODEL.files, fingerprint="9" * 64))
    batch = [line(), replace(line(TEXTS[1], "2"), model=second), line(TEXTS[2], "3")]
    engine = FakeEngine()
    run(batch, engine)
    assert engine.loaded == ["demo", "other"]
    assert len(engine.spoken) == 3
    engine = FakeEngine()
    run([*batch, replace(line("one more.", "4"), model=second)], engine)
    assert engine.loaded == ["other"]
