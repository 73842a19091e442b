"""Pictures for the UI, as Markdown with the PNG inside: small, as every materialization keeps its own for ever."""

import base64
import io

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE

_SECONDS = 10.0  # longer clips are shown from their beginning
_DPI, _COLOURS = 70, 16


def spectrogram(samples: np.ndarray, title: str) -> str:
    """A waveform above a spectrogram, under a title.

    Args:
        samples: float32, mono, 24 kHz, shape (n,).
        title: of any script; the UI has the fonts for it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    samples = samples[: int(_SECONDS * SAMPLE_RATE)]
    figure = Figure(figsize=(6.4, 2.4), dpi=_DPI, layout="constrained")
    wave, spectrum = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2))
    seconds = np.arange(samples.size) / SAMPLE_RATE
    wave.plot(seconds, samples, linewidth=0.3, color="#4f6bed")
    wave.set(ylim=(-1, 1), yticks=[])
    if samples.size > 1024 and samples.any():
        with np.errstate(divide="ignore"):  # of digital silence
            spectrum.specgram(samples, NFFT=1024, noverlap=768, Fs=SAMPLE_RATE, cmap="magma", vmin=-140)
    spectrum.set(ylim=(0, 12_000), ylabel="Hz", xlabel="s")
    png = io.BytesIO()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(png, "png", optimize=True)
    data = base64.b64encode(png.getvalue()).decode()
    return f"{_plain(title)}\n\n![waveform and spectrogram](data:image/png;base64,{data})"


def _plain(text: str) -> str:
    """Text that means nothing in Markdown."""
    return "".join(character if character.isalnum() else " " for character in text).strip()
