"""Deliveries for telephone systems: µ-law and A-law, with and without a header."""

from __future__ import annotations

from typing import Any

import pytest
import soundfile

from f5_pipeline.audio.loudness import integrated_loudness, true_peak
from f5_pipeline.audio.samples import Samples
from f5_pipeline.errors import BadEncoding
from f5_pipeline.manifests.batch_settings import BatchSettings
from tests.browser import Open, played
from tests.delivery.batch import Batch

#: settings of the batch, libsndfile's name of the codec
TELEPHONE: list[tuple[dict[str, Any], str]] = [
    ({"format": "wav", "codec": "ulaw"}, "ULAW"),
    ({"format": "wav", "codec": "alaw"}, "ALAW"),
    ({"format": "au", "codec": "ulaw"}, "ULAW"),
    ({"format": "ulaw"}, "ULAW"),
    ({"format": "alaw"}, "ALAW"),
    ({"format": "sln"}, "PCM_16"),
]


def audio(batch: Batch, name: str, codec: str) -> Samples:
    """The samples of a delivered file at 8 kHz; of a file without a header by its codec."""
    path = batch.path(name)
    if path.suffix in (".wav", ".au"):
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (8_000, 1, codec)
        return soundfile.read(path, dtype="float32")[0]
    raw = {"samplerate": 8_000, "channels": 1, "format": "RAW", "subtype": codec, "endian": "LITTLE"}
    return soundfile.read(path, dtype="float32", **raw)[0]


@pytest.mark.parametrize(("options", "codec"), TELEPHONE)
def test_lines_and_sections_keep_loudness_peak_and_times(batch: Batch, options: dict[str, Any], codec: str) -> None:
    suffix = options["format"]
    batch.settings = BatchSettings(**options, loudness_lufs=-16.0, join_sections=True, subtitles="srt")
    batch.deliver()
    lines = {number: audio(batch, f"audio/line-{number}.{suffix}", codec) for number in (1, 2, 3, 6)}
    for samples in (*lines.values(), audio(batch, f"one.{suffix}", codec)):
        assert integrated_loudness(samples, 8_000) == pytest.approx(-16.0, abs=0.5)
        assert true_peak(samples) <= -0.98
    joined = audio(batch, f"one.{suffix}", codec)
    assert joined.size == sum(lines[number].size for number in (1, 2, 3)) + 2 * 4_000  # two pauses of 0.5 s
    assert [row["seconds"] for row in batch.page().values() if row["audio"]] == [
        pytest.approx(samples.size / 8_000, abs=1e-3) for samples in lines.values()
    ]
    assert batch.store.read("batches/demo/one.srt").count(b"-->") == 3


@pytest.mark.parametrize(
    "options",
    [
        {"format": "ulaw", "sample_rate": 16_000},
        {"format": "alaw", "channels": 2},
        {"format": "flac", "codec": "ulaw"},
        {"format": "wav", "codec": "ulaw", "bit_depth": 16},
    ],
)
def test_impossible_telephone_settings_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadEncoding):
        BatchSettings(**options)


def test_codec_and_rate_have_defaults_that_can_be_changed() -> None:
    assert BatchSettings().encoding.sample_rate == 24_000
    assert BatchSettings(format="wav", codec="ulaw", sample_rate=16_000).encoding.sample_rate == 16_000


def test_the_page_plays_wav_files_and_says_that_browsers_do_not_play_others(batch: Batch, opened: Open) -> None:
    batch.settings = BatchSettings(format="wav", codec="ulaw")
    batch.deliver()
    page = opened(batch.path("report.html"))
    page.locator(".row .icon").first.click()
    played(page)
    batch.settings = BatchSettings(format="ulaw")
    batch.deliver()
    page = opened(batch.path("report.html"))
    assert "Browsers do not play this format" in page.inner_text("#about")
    page.locator(".row .icon").first.click()
    page.wait_for_selector("#trouble:not([hidden])")
    assert "Browsers do not play .ulaw files. Open audio/line-" in page.inner_text("#trouble")
    page.errors.clear()  # the browser reports the file that it cannot play
