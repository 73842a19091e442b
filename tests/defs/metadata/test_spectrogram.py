"""The spectrogram of a clip in the UI: Markdown with an embedded PNG, for any clip and any text."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from f5_pipeline.defs.metadata.spectrogram import spectrogram


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [0, 1, 500, 24_000, 24_000 * 20])
def test_every_clip_has_a_spectrogram(size: int) -> None:
    tone = np.sin(np.arange(size) / 10).astype(np.float32)
    tone[4_000:20_000] = 0.0  # a pause
    markdown = spectrogram(tone, "01: hello there.")
    assert markdown.startswith("01  hello there\n\n![waveform and spectrogram](data:image/png;base64,")
    picture = base64.b64decode(markdown.rpartition(",")[2].removesuffix(")"))
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 1000


def test_it_is_small_because_each_materialization_keeps_one() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 24_000 * 20).astype(np.float32)  # no signal has more detail
    assert len(spectrogram(noise, "x")) < 30_000


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("title", ["](http://x) <b>", "$\\frac{a$", "$$$", "價錢 ✓ \n new", "_{", "\\"])
def test_a_title_cannot_inject_markdown(title: str) -> None:
    heading, image = spectrogram(np.zeros(24_000, np.float32), title).split("\n\n")
    assert not set(heading) & set("()[]<>$\\_{\n")
    assert image.startswith("![waveform and spectrogram](data:")


def test_the_backend_of_matplotlib_is_not_changed() -> None:
    import matplotlib

    before = matplotlib.get_backend()
    spectrogram(np.zeros(24_000, np.float32), "x")
    assert matplotlib.get_backend() == before
