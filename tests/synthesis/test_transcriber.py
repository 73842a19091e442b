"""Listening beside the model: what is heard once stays known, decides which take is kept, and holds nothing up."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from f5_pipeline.errors import RecogniserFailed
from f5_pipeline.quality.asr.recogniser import Recogniser, RecogniserSpec, TranscriptionRequest
from f5_pipeline.quality.thresholds import Thresholds
from f5_pipeline.quality.verdicts import Judge
from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.index import IndexRow, write_index
from f5_pipeline.results.transcripts import TimedWord, load_transcript
from f5_pipeline.storage.layout import transcript_object
from f5_pipeline.synthesis.executor import SynthesisResult
from f5_pipeline.synthesis.request import SynthesisRequest
from f5_pipeline.synthesis.transcriber import StoreTranscriber
from tests.quality.asr.fake_recogniser import SPEC, FakeRecogniser, without_the_second
from tests.synthesis.fake_engine import FakeEngine, clipped
from tests.synthesis.jobs import REFERENCE, SENTENCES, TEXTS, Run, line, lines

LONG = " ".join(SENTENCES)


class Listening(Run):
    """A clip store with somebody who listens."""

    def listen(
        self,
        batch: Sequence[SynthesisRequest],
        recogniser: Recogniser,
        engine: FakeEngine | None = None,
        spec: RecogniserSpec = SPEC,
        thresholds: Thresholds | None = None,
    ) -> SynthesisResult:
        judge = Judge(thresholds or Thresholds(), spec.name)
        with StoreTranscriber(spec, self.store, lambda: recogniser) as transcriber:
            result = self(batch, engine, transcriber, judge=judge)
            self.failures = transcriber.failures
        return result

    def words(self, row: IndexRow) -> list[str]:
        return [word.text for word in load_transcript(self.store, row.key, SPEC.name) or ()]


@pytest.fixture
def run(tmp_path: Path) -> Listening:
    return Listening(tmp_path)


def test_every_clip_is_listened_to_and_its_words_are_kept_beside_it(run: Listening) -> None:
    recogniser = FakeRecogniser()
    done = run.listen(lines(), recogniser, FakeEngine())
    assert sorted(recogniser.texts) == sorted(TEXTS)
    assert {request.ref_text for request in recogniser.requests} == {REFERENCE.text}
    first = done.rows[0]
    assert first.quality["heard_text"] == "the first line of all"
    assert (first.quality["recogniser"], first.quality["word_error_rate"], first.status) == ("fake-1", 0.0, "ok")
    assert run.words(first) == ["the", "first", "line", "of", "all"]
    assert transcript_object(first.key, "fake-1") == first.clip.replace(".flac", ".fake-1.json")


def test_a_take_in_which_a_word_is_missing_is_drawn_again(run: Listening) -> None:
    """Only the words say so: to every other measure the sound is right."""
    recogniser = FakeRecogniser({"second": [without_the_second, without_the_second]})
    engine = FakeEngine()
    done = run.listen(lines(), recogniser, engine)
    assert [(row.status, row.attempts) for row in done.rows] == [("ok", 1), ("ok", 3), ("ok", 1)]
    assert engine.texts.count(TEXTS[1]) == 3
    assert done.rows[1].key == lines()[1].take_keys[2]


def test_of_takes_with_wrong_words_the_one_with_the_fewest_is_kept(run: Listening) -> None:
    recogniser = FakeRecogniser({"second": [lambda w: w[3:], without_the_second, lambda w: w[2:]]})
    row = run.listen(lines(), recogniser, FakeEngine()).rows[1]
    assert (row.status, row.attempts, row.key) == ("suspect", 3, lines()[1].take_keys[1])
    assert row.reason == "missing: 'second'; 25% of the words are wrong"
    assert (row.quality["missing_words"], row.quality["heard_text"]) == (1, "the line then")


@pytest.mark.parametrize("index_known", [True, False])
def test_what_was_heard_once_is_not_listened_to_again(run: Listening, index_known: bool) -> None:
    takes = {"second": [without_the_second] * 9}
    first = run.listen([*lines(), line(LONG, "4")], FakeRecogniser(takes), FakeEngine())
    if not index_known:
        run.forget()
    recogniser = FakeRecogniser()
    second = run.listen([*lines(), line(LONG, "4")], recogniser)
    assert recogniser.requests == []
    assert second.rows == tuple(replace(row, cached=True) for row in first.rows)


def test_clips_that_nobody_listened_to_are_heard_later_and_drawn_again_if_need_be(run: Listening) -> None:
    run(lines(), FakeEngine())
    recogniser, engine = FakeRecogniser({"second": [without_the_second]}), FakeEngine()
    done = run.listen(lines(), recogniser, engine)
    assert engine.texts == [TEXTS[1]]
    assert [(row.status, row.attempts, row.cached) for row in done.rows] == [
        ("ok", 1, True),
        ("ok", 2, False),
        ("ok", 1, True),
    ]


def test_another_recogniser_hears_for_itself_and_both_are_remembered(run: Listening) -> None:
    run.listen(lines(), FakeRecogniser(), FakeEngine())
    other, name = FakeRecogniser(), replace(SPEC, name="other-1")
    done = run.listen(lines(), other, spec=name)
    assert (len(other.requests), done.rows[0].quality["recogniser"]) == (3, "other-1")
    again = FakeRecogniser()
    run.forget()
    assert run.listen(lines(), again).clips_spoken == 0
    assert again.requests == []


def test_other_thresholds_judge_the_words_that_were_heard(run: Listening) -> None:
    run.listen(lines(attempts=1), FakeRecogniser({"second": [without_the_second]}), FakeEngine())
    run.forget()
    recogniser = FakeRecogniser()
    allowed = Thresholds(max_missing_words=1, max_word_error_rate=1.0)
    assert [row.status for row in run.listen(lines(attempts=1), recogniser, thresholds=allowed).rows] == ["ok"] * 3
    assert recogniser.requests == []


def test_a_language_that_it_does_not_know_is_judged_by_its_sound(run: Listening) -> None:
    german = replace(line(), utterance=replace(line().utterance, language="de"))
    recogniser = FakeRecogniser()
    (row,) = run.listen([german], recogniser, FakeEngine()).rows
    assert (recogniser.requests, row.status, "recogniser" in row.quality) == ([], "ok", False)
    assert run.listen([german], recogniser).rows == (replace(row, cached=True),)


# --- lines in pieces ------------------------------------------------------------------------------------------


def test_of_a_long_line_the_piece_with_the_wrong_words_is_drawn_again(run: Listening) -> None:
    recogniser = FakeRecogniser({"number 2": [without_the_second]})
    engine = FakeEngine()
    (row,) = run.listen([line(LONG)], recogniser, engine).rows
    assert sorted(engine.texts) == sorted([*SENTENCES, SENTENCES[2]])
    assert (row.status, row.attempts) == ("ok", 2)
    assert (row.quality["missing_words"], row.quality["word_error_rate"]) == (0, 0.0)


def test_the_piece_with_the_wrong_words_is_named(run: Listening) -> None:
    recogniser = FakeRecogniser({"number 2": [without_the_second]})
    (row,) = run.listen([line(LONG, attempts=1)], recogniser, FakeEngine()).rows
    assert (row.status, row.reason) == ("suspect", "chunk 3 of 4: missing: 'few'")
    assert row.quality["missing_words"] == 1


def test_the_words_of_a_long_line_are_timed_where_they_are_in_it(run: Listening) -> None:
    (row,) = run.listen([line(LONG)], FakeRecogniser(), FakeEngine()).rows
    words = load_transcript(run.store, row.key, SPEC.name) or ()
    assert len(words) == sum(len(sentence.split()) for sentence in SENTENCES)
    pieces = [run.clips.facts(key) for key in list(row.chunk_keys)]
    second = next(word for at, word in enumerate(words) if at == len(SENTENCES[0].split()))
    assert second.start == pytest.approx(pieces[0].audio_seconds - 0.15, abs=0.001)  # the pieces are faded
    assert words[-1].end < (row.audio_seconds or 0)
    assert [word.start for word in words] == sorted(word.start for word in words)


def test_that_a_time_is_not_known_is_remembered_also_in_a_long_line(run: Listening) -> None:
    class Vague(FakeRecogniser):
        def transcribe(self, request: TranscriptionRequest) -> list[TimedWord]:
            return [replace(word, timed=word.text != "few") for word in super().transcribe(request)]

    (row,) = run.listen([line(LONG)], Vague(), FakeEngine()).rows
    words = load_transcript(run.store, row.key, SPEC.name) or ()
    assert {word.text for word in words if not word.timed} == {"few"}


# --- nobody is held up ----------------------------------------------------------------------------------------


def test_the_model_speaks_on_while_clips_are_listened_to(run: Listening) -> None:
    """The recogniser hears nothing before the model has said everything: they would wait for each other for ever."""
    batch = lines(*(f"this is line number {n} of them." for n in range(100)))
    said_all = threading.Event()

    class Slow(FakeRecogniser):
        def transcribe(self, request: TranscriptionRequest) -> list[TimedWord]:
            assert said_all.wait(60)
            return super().transcribe(request)

    class Says(FakeEngine):
        def speak(self, chunks):  # type: ignore[no-untyped-def]
            yield from super().speak(chunks)
            said_all.set()

    done = run.listen(batch, Slow(), Says())
    assert {row.quality["recogniser"] for row in done.rows} == {"fake-1"}


def test_what_is_missing_is_spoken_while_old_clips_are_listened_to(run: Listening) -> None:
    run(lines(TEXTS[0]), FakeEngine())
    said = threading.Event()

    class Slow(FakeRecogniser):
        def transcribe(self, request: TranscriptionRequest) -> list[TimedWord]:
            assert said.wait(60)
            return super().transcribe(request)

    class Says(FakeEngine):
        def speak(self, chunks):  # type: ignore[no-untyped-def]
            yield from super().speak(chunks)
            said.set()

    done = run.listen(lines(*TEXTS[:2]), Slow(), Says())
    assert [(row.status, row.cached) for row in done.rows] == [("ok", True), ("ok", False)]


# --- what goes wrong ------------------------------------------------------------------------------------------


def test_a_recogniser_that_fails_costs_the_check_and_not_the_clip(run: Listening) -> None:
    class Deaf(FakeRecogniser):
        def transcribe(self, request: TranscriptionRequest) -> list[TimedWord]:
            if "second" in request.text:
                raise RecogniserFailed("fake-1", "no ears")
            return super().transcribe(request)

    done = run.listen(lines(), Deaf(), FakeEngine())
    assert [row.status for row in done.rows] == ["ok"] * 3
    assert [row.quality.get("recogniser") for row in done.rows] == ["fake-1", None, "fake-1"]
    assert len(run.failures) == 1
    assert "no ears" in run.failures[0]
    recogniser = FakeRecogniser()
    assert run.listen(lines(), recogniser).rows[1].quality["recogniser"] == "fake-1"
    assert recogniser.texts == [TEXTS[1]]  # next time only what is still unheard


def test_a_crash_after_a_clip_was_stored_loses_nothing(run: Listening) -> None:
    with pytest.raises(KeyboardInterrupt):
        run.listen(lines(), FakeRecogniser(), FakeEngine(dies_after=2))
    recogniser, engine = FakeRecogniser(), FakeEngine()
    done = run.listen(lines(), recogniser, engine)
    assert len(engine.spoken) == 1
    assert [row.quality["recogniser"] for row in done.rows] == ["fake-1"] * 3


@pytest.mark.parametrize("harm", [b"", b"{}", b'{"format":1,"words":[["a"]]}', b'{"format":9,"words":[]}', b"\xff"])
def test_words_that_cannot_be_read_are_heard_again(run: Listening, harm: bytes) -> None:
    (row,) = run.listen([line()], FakeRecogniser(), FakeEngine()).rows
    run.store.write(transcript_object(row.key, SPEC.name), harm)
    run.forget()
    recogniser = FakeRecogniser()
    assert run.listen([line()], recogniser).rows == (replace(row, cached=True),)
    assert len(recogniser.requests) == 1


def test_sound_and_words_decide_together(run: Listening) -> None:
    recogniser = FakeRecogniser({"first": [without_the_second]})
    (row,) = run.listen([line(attempts=1)], recogniser, FakeEngine(takes={"first": [clipped]})).rows
    assert row.status == "suspect"
    assert row.reason.startswith("clipped")
    assert row.reason.endswith("missing: 'first'")


def test_cleaning_takes_the_words_with_the_clip_and_leaves_those_that_are_named(run: Listening) -> None:
    done = run.listen(lines(TEXTS[0], TEXTS[1]), FakeRecogniser(), FakeEngine())
    write_index(run.store, "b", done.rows[:1])
    report = clean(run.store, [])
    assert report.clips == 1
    assert [info.key for info in run.store.list("clips/")] == sorted(
        [done.rows[0].clip, transcript_object(done.rows[0].key, "fake-1")]
    )
