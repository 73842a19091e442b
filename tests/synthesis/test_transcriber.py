"""Transcribing beside the model: each clip once; the transcripts decide which take is chosen; the model never waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from f5_pipeline.engine.protocol import Chunk, SpokenChunk
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
from tests.synthesis.jobs import LONG_TEXT, REFERENCE, SAMPLING, SENTENCES, TEXTS, Run, line, lines


class TranscribingRun(Run):
    """Runs batches with a recogniser."""

    def transcribe(
        self,
        batch: Sequence[SynthesisRequest],
        recogniser: Recogniser,
        engine: FakeEngine | None = None,
        spec: RecogniserSpec = SPEC,
        thresholds: Thresholds | None = None,
    ) -> SynthesisResult:
        """Run a batch; ``failures`` has the reasons for missing transcripts afterwards."""
        judge = Judge(thresholds or Thresholds(), spec.name)
        with StoreTranscriber(spec, self.store, lambda: recogniser) as transcriber:
            result = self(batch, engine, transcriber, judge=judge)
            self.failures = transcriber.failures
        return result

    def transcript(self, row: IndexRow) -> tuple[TimedWord, ...]:
        """The stored transcript of a row's clip."""
        return load_transcript(self.store, row.key, SPEC.name) or ()


@pytest.fixture
def run(tmp_path: Path) -> TranscribingRun:
    return TranscribingRun(tmp_path)


def test_every_clip_is_transcribed_and_its_transcript_is_stored_beside_it(run: TranscribingRun) -> None:
    recogniser = FakeRecogniser()
    result = run.transcribe(lines(), recogniser, FakeEngine())
    assert sorted(recogniser.texts) == sorted(TEXTS)
    assert {request.ref_text for request in recogniser.requests} == {REFERENCE.text}
    first = result.rows[0]
    assert first.quality["heard_text"] == "the first line of all"
    assert (first.quality["recogniser"], first.quality["word_error_rate"], first.status) == ("fake-1", 0.0, "ok")
    assert [word.text for word in run.transcript(first)] == ["the", "first", "line", "of", "all"]
    assert transcript_object(first.key, "fake-1") == first.clip.replace(".flac", ".fake-1.json")


def test_a_take_with_a_missing_word_is_spoken_again(run: TranscribingRun) -> None:
    """All signal measures of the take are fine."""
    recogniser = FakeRecogniser({"second": [without_the_second, without_the_second]})
    engine = FakeEngine()
    result = run.transcribe(lines(), recogniser, engine)
    assert [(row.status, row.attempts) for row in result.rows] == [("ok", 1), ("ok", 3), ("ok", 1)]
    assert engine.texts.count(TEXTS[1]) == 3
    assert result.rows[1].key == lines()[1].take_keys[2]


def test_of_several_suspect_takes_the_one_with_the_fewest_word_errors_is_chosen(run: TranscribingRun) -> None:
    recogniser = FakeRecogniser({"second": [lambda words: words[3:], without_the_second, lambda words: words[2:]]})
    row = run.transcribe(lines(), recogniser, FakeEngine()).rows[1]
    assert (row.status, row.attempts, row.key) == ("suspect", 3, lines()[1].take_keys[1])
    assert row.reason == "missing: 'second'; 25% of the words are wrong"
    assert (row.quality["missing_words"], row.quality["heard_text"]) == (1, "the line then")


@pytest.mark.parametrize("indexed", [True, False])
def test_no_clip_is_transcribed_twice(run: TranscribingRun, indexed: bool) -> None:
    takes = {"second": [without_the_second] * 9}
    first = run.transcribe([*lines(), line(LONG_TEXT, "4")], FakeRecogniser(takes), FakeEngine())
    if not indexed:
        run.drop_index()
    recogniser = FakeRecogniser()
    second = run.transcribe([*lines(), line(LONG_TEXT, "4")], recogniser)
    assert recogniser.requests == []
    assert second.rows == tuple(replace(row, cached=True) for row in first.rows)


def test_clips_without_transcripts_are_transcribed_later_and_spoken_again_if_suspect(run: TranscribingRun) -> None:
    run(lines(), FakeEngine())
    recogniser, engine = FakeRecogniser({"second": [without_the_second]}), FakeEngine()
    result = run.transcribe(lines(), recogniser, engine)
    assert engine.texts == [TEXTS[1]]
    assert [(row.status, row.attempts, row.cached) for row in result.rows] == [
        ("ok", 1, True),
        ("ok", 2, False),
        ("ok", 1, True),
    ]


def test_each_recogniser_has_its_own_stored_transcripts(run: TranscribingRun) -> None:
    run.transcribe(lines(), FakeRecogniser(), FakeEngine())
    other, other_spec = FakeRecogniser(), replace(SPEC, name="other-1")
    result = run.transcribe(lines(), other, spec=other_spec)
    assert (len(other.requests), result.rows[0].quality["recogniser"]) == (3, "other-1")
    again = FakeRecogniser()
    run.drop_index()
    assert run.transcribe(lines(), again).clips_spoken == 0
    assert again.requests == []


def test_changed_thresholds_judge_the_stored_transcripts(run: TranscribingRun) -> None:
    run.transcribe(lines(attempts=1), FakeRecogniser({"second": [without_the_second]}), FakeEngine())
    run.drop_index()
    recogniser = FakeRecogniser()
    lenient = Thresholds(max_missing_words=1, max_word_error_rate=1.0)
    assert [row.status for row in run.transcribe(lines(attempts=1), recogniser, thresholds=lenient).rows] == ["ok"] * 3
    assert recogniser.requests == []


def test_a_line_in_an_unsupported_language_is_judged_by_its_signal(run: TranscribingRun) -> None:
    german = replace(line(), utterance=replace(line().utterance, language="de"))
    recogniser = FakeRecogniser()
    (row,) = run.transcribe([german], recogniser, FakeEngine()).rows
    assert (recogniser.requests, row.status, "recogniser" in row.quality) == ([], "ok", False)
    assert run.transcribe([german], recogniser).rows == (replace(row, cached=True),)


# --- lines in chunks ------------------------------------------------------------------------------------------


def test_only_the_chunk_with_word_errors_is_spoken_again(run: TranscribingRun) -> None:
    recogniser = FakeRecogniser({"number 2": [without_the_second]})
    engine = FakeEngine()
    (row,) = run.transcribe([line(LONG_TEXT)], recogniser, engine).rows
    assert sorted(engine.texts) == sorted([*SENTENCES, SENTENCES[2]])
    assert (row.status, row.attempts) == ("ok", 2)
    assert (row.quality["missing_words"], row.quality["word_error_rate"]) == (0, 0.0)


def test_the_reason_names_the_chunk_with_word_errors(run: TranscribingRun) -> None:
    recogniser = FakeRecogniser({"number 2": [without_the_second]})
    (row,) = run.transcribe([line(LONG_TEXT, attempts=1)], recogniser, FakeEngine()).rows
    assert (row.status, row.reason) == ("suspect", "chunk 3 of 4: missing: 'few'")
    assert row.quality["missing_words"] == 1


def test_the_words_of_a_joined_clip_have_their_times_in_it(run: TranscribingRun) -> None:
    (row,) = run.transcribe([line(LONG_TEXT)], FakeRecogniser(), FakeEngine()).rows
    words = run.transcript(row)
    assert len(words) == sum(len(sentence.split()) for sentence in SENTENCES)
    first_chunk = run.clips.facts(row.chunk_keys[0])
    first_word_of_second_chunk = words[len(SENTENCES[0].split())]
    cross_fade = SAMPLING.cross_fade_duration
    assert first_word_of_second_chunk.start == pytest.approx(first_chunk.audio_seconds - cross_fade, abs=0.001)
    assert words[-1].end < (row.audio_seconds or 0)
    assert [word.start for word in words] == sorted(word.start for word in words)


def test_words_without_times_stay_without_times_in_a_joined_clip(run: TranscribingRun) -> None:
    class UntimedRecogniser(FakeRecogniser):
        def transcribe(self, request: TranscriptionRequest) -> list[TimedWord]:
            return [replace(word, timed=word.text != "few") for word in super().transcribe(request)]

    (row,) = run.transcribe([line(LONG_TEXT)], UntimedRecogniser(), FakeEngine()).rows
    assert {word.text for word in run.transcript(row) if not word.timed} == {"few"}


# --- the model never waits ------------------------------------------------------------------------------------


class WaitingRecogniser(FakeRecogniser):
    """Transcribes nothing before the engine has spoken everything. If the engine waited for it, neither would end."""

    def __init__(self, spoken: threading.Event) -> None:
        super().__init__()
        self.spoken = spoken

    def transcribe(self, request: TranscriptionRequest) -> list[TimedWord]:
        assert self.spoken.wait(60)
        return super().transcribe(request)


class SignallingEngine(FakeEngine):
    """Sets an event when it has spoken everything."""

    def __init__(self, spoken: threading.Event) -> None:
        super().__init__()
        self.event = spoken

    def speak(self, chunks: Sequence[Chunk]) -> Iterator[SpokenChunk]:
        yield from super().speak(chunks)
        self.event.set()


def test_the_model_speaks_while_its_clips_wait_for_the_recogniser(run: TranscribingRun) -> None:
    batch, spoken = lines(*(f"this is line number {n} of them." for n in range(100))), threading.Event()
    result = run.transcribe(batch, WaitingRecogniser(spoken), SignallingEngine(spoken))
    assert {row.quality["recogniser"] for row in result.rows} == {"fake-1"}


def test_the_model_speaks_while_stored_clips_wait_for_the_recogniser(run: TranscribingRun) -> None:
    run(lines(TEXTS[0]), FakeEngine())
    spoken = threading.Event()
    result = run.transcribe(lines(*TEXTS[:2]), WaitingRecogniser(spoken), SignallingEngine(spoken))
    assert [(row.status, row.cached) for row in result.rows] == [("ok", True), ("ok", False)]


# --- failures -------------------------------------------------------------------------------------------------


def test_a_failing_recogniser_leaves_the_clip_unchecked(run: TranscribingRun) -> None:
    class FailingRecogniser(FakeRecogniser):
        def transcribe(self, request: TranscriptionRequest) -> list[TimedWord]:
            if "second" in request.text:
                raise RecogniserFailed("fake-1", "crashed")
            return super().transcribe(request)

    result = run.transcribe(lines(), FailingRecogniser(), FakeEngine())
    assert [row.status for row in result.rows] == ["ok"] * 3
    assert [row.quality.get("recogniser") for row in result.rows] == ["fake-1", None, "fake-1"]
    assert len(run.failures) == 1
    assert "crashed" in run.failures[0]
    recogniser = FakeRecogniser()
    assert run.transcribe(lines(), recogniser).rows[1].quality["recogniser"] == "fake-1"
    assert recogniser.texts == [TEXTS[1]]  # the next run transcribes only this clip


def test_clips_of_a_crashed_run_are_transcribed_by_the_next_run(run: TranscribingRun) -> None:
    with pytest.raises(KeyboardInterrupt):
        run.transcribe(lines(), FakeRecogniser(), FakeEngine(dies_after=2))
    recogniser, engine = FakeRecogniser(), FakeEngine()
    result = run.transcribe(lines(), recogniser, engine)
    assert len(engine.spoken) == 1
    assert [row.quality["recogniser"] for row in result.rows] == ["fake-1"] * 3


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"format":1,"words":[["a"]]}', b'{"format":9,"words":[]}', b"\xff"])
def test_a_damaged_transcript_is_made_again(run: TranscribingRun, damage: bytes) -> None:
    (row,) = run.transcribe([line()], FakeRecogniser(), FakeEngine()).rows
    run.store.write(transcript_object(row.key, SPEC.name), damage)
    run.drop_index()
    recogniser = FakeRecogniser()
    assert run.transcribe([line()], recogniser).rows == (replace(row, cached=True),)
    assert len(recogniser.requests) == 1


def test_the_verdict_combines_signal_and_words(run: TranscribingRun) -> None:
    recogniser = FakeRecogniser({"first": [without_the_second]})
    (row,) = run.transcribe([line(attempts=1)], recogniser, FakeEngine(takes={"first": [clipped]})).rows
    assert row.status == "suspect"
    assert row.reason.startswith("clipped")
    assert row.reason.endswith("missing: 'first'")


def test_garbage_collection_removes_a_transcript_with_its_clip(run: TranscribingRun) -> None:
    result = run.transcribe(lines(TEXTS[0], TEXTS[1]), FakeRecogniser(), FakeEngine())
    write_index(run.store, "b", result.rows[:1])
    report = clean(run.store, [])
    assert report.clips == 1
    assert [info.key for info in run.store.list("clips/")] == sorted(
        [result.rows[0].clip, transcript_object(result.rows[0].key, "fake-1")]
    )
