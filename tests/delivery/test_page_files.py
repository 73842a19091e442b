"""What a delivery adds for the listening page: other takes, references, spectrograms, words with their times."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.delivery.page_words import page_words
from f5_pipeline.delivery.spectrogram import BANDS, spectrogram
from f5_pipeline.manifests.utterance import Decision
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow
from f5_pipeline.results.take_list import DECISION, TAKES, ListedTake, list_takes
from f5_pipeline.results.transcripts import TimedWord, save_transcript
from f5_pipeline.storage.layout import transcript_object
from tests.delivery.batch import Batch, CountingStore
from tests.delivery.pages import data_of

OTHER = hashlib.sha256(b"another take").hexdigest()


def with_take(batch: Batch, samples: Samples) -> None:
    """Give the second line, which is suspect, a second take."""
    row = batch.rows[1]
    ClipStore(batch.store).save(OTHER, samples, {})
    takes = [ListedTake(1, row.key, "suspect", "why"), ListedTake(2, OTHER, "suspect", "missing: lamp")]
    batch.rows[1] = replace(row, attempts=2, quality={TAKES: list_takes(takes)}, other_takes=(OTHER,))


def test_the_other_takes_of_a_line_are_delivered_as_loud_as_the_chosen_one(
    batch: Batch, voices: dict[str, Samples]
) -> None:
    with_take(batch, voices["f2"][:30_000] * 0.2)
    batch.settings = batch.settings.model_copy(update={"loudness_lufs": -23.0})
    batch.deliver()
    (take,) = batch.page()["line-2"]["takes"]
    assert (take["take"], take["key"], take["status"], take["reason"]) == (2, OTHER, "suspect", "missing: lamp")
    assert take["audio"] == "takes/line-2.2.wav"
    assert take["seconds"] > 0.5
    assert take["peaks"]
    assert take["spectrogram"]
    levels = [np.sqrt(np.mean(np.square(batch.audio(name)[0]))) for name in ("audio/line-2.wav", "takes/line-2.2.wav")]
    assert 0.5 < levels[0] / levels[1] < 2
    assert batch.deliver().written == 0


def test_other_takes_count_towards_the_limit_of_spectrograms(
    batch: Batch, voices: dict[str, Samples], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("f5_pipeline.delivery.clip_files._MAX_SPECTROGRAMS", 1)
    with_take(batch, voices["f2"][:30_000])
    batch.deliver()
    line = batch.page()["line-2"]
    assert not line["spectrogram"]
    assert not line["takes"][0]["spectrogram"]


def test_a_take_that_is_gone_is_left_out_and_its_file_goes_with_the_next_choice(
    batch: Batch, store: CountingStore, voices: dict[str, Samples]
) -> None:
    with_take(batch, voices["f2"][:30_000])
    batch.deliver()
    batch.rows[1] = replace(batch.rows[1], quality={}, other_takes=())
    assert batch.deliver().removed == 1
    assert not [name for name in batch.names() if name.startswith("takes/")]
    with_take(batch, voices["f2"][:30_000])
    ClipStore(store).discard(OTHER)
    batch.deliver()
    assert batch.page()["line-2"]["takes"] is None


def test_the_references_of_the_voices_are_beside_the_page(batch: Batch, store: CountingStore) -> None:
    store.write("voices/anna.flac", b"one")
    store.write("voices/anna.txt", b"The text.")
    store.write("voices/bruno.wav", b"of another batch")
    batch.deliver()
    page = store.read("batches/demo/report.html").decode()
    assert data_of(page)["references"] == {"anna": "references/anna.flac"}
    assert store.read("batches/demo/references/anna.flac") == b"one"
    store.write("voices/anna.flac", b"two")
    batch.deliver()
    assert store.read("batches/demo/references/anna.flac") == b"two"
    store.delete("voices/anna.flac")
    store.write("voices/anna.webm", b"three")
    batch.deliver()
    store.delete("voices/anna.webm")
    batch.deliver()
    assert not [name for name in batch.names() if name.startswith("references/")]


def test_a_spectrogram_shows_a_rising_tone() -> None:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    rising = np.sin(2 * np.pi * (300 * time + 600 * time**2)).astype(np.float32)
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(spectrogram(rising, SAMPLE_RATE)))))
    assert image.shape == (BANDS, 100)
    loudest = [int(image[:, column].argmax()) for column in (10, 50, 90)]
    assert loudest[0] > loudest[1] > loudest[2]  # the first row is the highest band


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(5000)])
def test_silence_has_no_spectrogram(samples: np.ndarray) -> None:
    assert spectrogram(samples.astype(np.float32), SAMPLE_RATE) == ""


@pytest.mark.parametrize(
    ("size", "rate"), [(1, 8_000), (200, 8_000), (40 * SAMPLE_RATE, SAMPLE_RATE), (48_000, 48_000)]
)
def test_a_spectrogram_of_any_length_and_rate(size: int, rate: int) -> None:
    noise = np.random.default_rng(0).standard_normal(size, np.float32)
    image = Image.open(io.BytesIO(base64.b64decode(spectrogram(noise, rate))))
    assert image.height == BANDS
    assert 1 <= image.width <= 400


def test_words_have_the_times_of_the_recogniser_in_the_delivered_file(batch: Batch, store: CountingStore) -> None:
    row = batch.rows[0]  # "This is line-1."
    batch.rows[0] = replace(row, quality={"recogniser": "asr"})
    save_transcript(store, row.key, "asr", [TimedWord("this", 0.5, 0.6), TimedWord("is", 0.7, 0.8)])
    batch.deliver()
    words = batch.page()["line-1"]["words"]
    starts, ends, times = words[::3], words[1::3], words[2::3]
    assert [row.text[start:end] for start, end in zip(starts, ends, strict=True)] == ["This", "is", "line-1."]
    assert times[1] - times[0] == pytest.approx(20, abs=1)
    assert times[2] == -1
    store.delete(transcript_object(row.key, "asr"))
    store.calls.clear()
    assert batch.deliver().written == 0
    assert store.calls["read"] == 1  # the record has the times


def test_positions_of_words_count_as_javascript_counts_and_tags_are_no_words() -> None:
    row = IndexRow("a", "[pause 1s] 😀 Hi [voice: anna] 你好")
    words = page_words(row, [])
    text = row.text.encode("utf-16-le")
    shown = [text[2 * a : 2 * b].decode("utf-16-le") for a, b in zip(words[::3], words[1::3], strict=True)]
    assert shown == ["😀", "Hi", "你", "好"]


def test_the_page_knows_what_was_decided(batch: Batch) -> None:
    batch.rows[1] = replace(batch.rows[1], status="ok", quality={DECISION: "accept"})
    decided = {"line-2": Decision("accept", 1, "k", "fine"), "line-3": Decision("respeak", 1, "k")}
    batch.utterances = [replace(each, decision=decided.get(each.id)) for each in batch.utterances]
    batch.deliver()
    page = batch.page()
    assert page["line-2"]["decision"] == {
        "action": "accept", "take": 1, "key": "k", "note": "fine", "original": "", "in_force": True,
    }  # fmt: skip
    assert page["line-3"]["decision"]["in_force"] is False
    assert page["line-1"]["decision"] is None
