"""The spectrogram of a clip in the UI: Markdown with an embedded picture, for any clip and any text."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from f5_pipeline.defs.metadata.spectrogram import MAX_CHARACTERS, spectrogram


def picture(markdown: str) -> np.ndarray:
    """The shades of the WebP image in the SVG image."""
    (data,) = re.findall(r"data:image/webp;base64,([A-Za-z0-9+/=]+)'", markdown)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("L"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [500, 24_000, 24_000 * 20])
def test_every_clip_has_a_spectrogram_that_the_ui_shows_in_its_place(size: int) -> None:
    tone = np.sin(np.arange(size) / 10).astype(np.float32)
    tone[4_000:20_000] = 0.0  # a pause
    markdown = spectrogram(tone, "01-a, 8.4 s: hello there.")
    assert markdown.startswith("01-a, 8.4 s: hello there\n\n![spectrogram](data:image/svg+xml,%3Csvg%20")
    assert len(markdown) <= MAX_CHARACTERS
    if size == 24_000:
        shades = picture(markdown)
        assert shades[:, 60:90].min() > 200  # the pause is light
        assert shades[:, :18].min() < 60  # the tone is dark


def test_a_clip_that_a_browser_can_open_has_a_link() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 24_000 * 20).astype(np.float32)
    markdown = spectrogram(noise, "a", f"http://127.0.0.1:3001/clips/ab/{'ab' * 32}.flac?a=(b)")
    assert markdown.startswith(f"a [Play](http://127.0.0.1:3001/clips/ab/{'ab' * 32}.flac?a=%28b%29)\n\n![")
    assert len(markdown) <= MAX_CHARACTERS
    assert min(picture(markdown).shape) >= 16
    assert spectrogram(noise, "a", f"http://{'a' * 990}.org") == f"a [Play](http://{'a' * 990}.org)"


@pytest.mark.parametrize("size", [0, 1, 24_000])
def test_silence_is_said_in_words(size: int) -> None:
    assert spectrogram(np.zeros(size, np.float32), "x") == "x\n\nThe clip is silent."


def test_the_picture_of_noise_and_a_long_title_fit() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 24_000 * 20).astype(np.float32)  # no signal has more detail
    markdown = spectrogram(noise, "word " * 100)
    assert len(markdown) <= MAX_CHARACTERS
    assert min(picture(markdown).shape) >= 16


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "title", ["](http://x) <b>", "www.example.org", "--- - *a*", "$\\frac{a$", "$$$", "價錢 ✓ \n new", "_{", "\\"]
)
def test_a_title_cannot_inject_markdown(title: str) -> None:
    tone = np.sin(np.arange(24_000) / 10).astype(np.float32)
    heading, image = spectrogram(tone, title).split("\n\n")
    assert not set(heading) & set("()[]<>$\\_{*./\n")
    assert "--" not in heading
    assert image.startswith("![spectrogram](data:")


def test_combining_marks_of_a_title_stay() -> None:
    assert spectrogram(np.zeros(1, np.float32), "नमस्ते, ภาษาไทย é") == "नमस्ते, ภาษาไทย é\n\nThe clip is silent."
