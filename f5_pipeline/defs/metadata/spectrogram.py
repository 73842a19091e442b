"""The picture of a clip for the UI, as Markdown that the UI shows in its place.

The UI shows Markdown of 1,000 characters and more only on a click, so the picture is an SVG image with a WebP image of
some 500 bytes in it, which the browser enlarges: enough to see pauses, noise and a cut end. The listening page has the
whole spectrogram.
"""

import base64
import io
import re
from urllib.parse import quote

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE, Samples
from f5_pipeline.delivery.spectrogram import RANGE_DB, band_levels
from f5_pipeline.display.characters import visible

MAX_CHARACTERS = 999
_MAX_SECONDS = 10.0  # only the beginning of a longer clip is shown
_MAX_TITLE = 60
# The group: ASCII punctuation, which Markdown may interpret, except within numbers and words.
_UNSAFE = re.compile(r"(?<=\d)\.(?=\d)|(?<=\w)-(?=\w)|[,:]|([!-/:-@\[-`{-~])")
_URL_CHARACTERS = ":/?#&=%+,;~@-._"
_QUALITIES = (40, 30, 24, 18, 14, 10, 7, 4, 2, 0)  # of WebP, the best first
_SIZES = ((128, 32), (96, 24), (64, 16))  # columns and rows of the picture, the best first
_SVG = (
    "%3Csvg xmlns='http://www.w3.org/2000/svg' width='560' height='120'%3E%3Cimage width='560' height='120' "
    "preserveAspectRatio='none' href='data:image/webp;base64,{}'/%3E%3C/svg%3E"
).replace(" ", "%20")


def spectrogram(samples: Samples, title: str, page: str = "") -> str:
    """A spectrogram under a title: time from left to right, low frequencies at the bottom, speech dark.

    Args:
        samples: float32, mono, 24 kHz, shape (n,).
        title: text in any script.
        page: the URL at which a browser plays the clip, if there is one.

    Returns:
        Markdown of at most ``MAX_CHARACTERS``, or the title alone if its URL leaves no room for a picture.
    """
    heading = " ".join(_without_markup(title).split())
    heading = heading if len(heading) <= _MAX_TITLE else f"{heading[: _MAX_TITLE - 2].rstrip()} …"
    linked = f"{heading} [Play]({quote(page, safe=_URL_CHARACTERS)})" if page else heading
    levels = band_levels(samples[: int(_MAX_SECONDS * SAMPLE_RATE)], SAMPLE_RATE)
    if levels.size == 0:
        return f"{linked}\n\nThe clip is silent."
    shades = (np.clip(-levels / RANGE_DB, 0, 1) * 255).astype(np.uint8)
    for size in _SIZES:
        for quality in _QUALITIES:
            data = _webp(shades.T[::-1], size, quality)
            markdown = f"{linked}\n\n![spectrogram](data:image/svg+xml,{_SVG.format(data)})"
            if len(markdown.encode("utf-16-le")) // 2 <= MAX_CHARACTERS:  # as JavaScript counts
                return markdown
    return linked  # the URL leaves no room


def _webp(shades: np.ndarray, size: tuple[int, int], quality: int) -> str:
    """A grey image as base64.

    Args:
        shades: uint8, shape (rows, columns).
        size: columns and rows of the image.
    """
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(shades)).resize(size, Image.Resampling.BOX)
    data = io.BytesIO()
    image.save(data, "webp", quality=quality, method=4)
    return base64.b64encode(data.getvalue()).decode()


def _without_markup(text: str) -> str:
    """The text with every character that Markdown could interpret replaced by a space."""
    return _UNSAFE.sub(lambda found: " " if found[1] else found[0], visible(text))
