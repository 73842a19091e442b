"""The picture of a clip for the UI, as Markdown with an embedded PNG. Small, because each materialization keeps one."""

import base64
import io

import numpy as np

from f5_pipeline.audio.samples import SAMPLE_RATE

_MAX_SECONDS = 10.0  # only the beginning of a longer clip is shown
_DPI, _COLOURS = 70, 16
_FFT_SIZE, _HOP_SIZE = 1024, 256  # samples


def spectrogram(samples: np.ndarray, title: str) -> str:
    """A waveform above a spectrogram, under a title.

    Args:
        samples: float32, mono, 24 kHz, shape (n,).
        title: text in any script; the browser has the fonts.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    samples = samples[: int(_MAX_SECONDS * SAMPLE_RATE)]
    figure = Figure(figsize=(6.4, 2.4), dpi=_DPI, layout="constrained")
    wave_axes, spectrum_axes = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2))
    wave_axes.plot(np.arange(samples.size) / SAMPLE_RATE, samples, linewidth=0.3, color="#4f6bed")
    wave_axes.set(ylim=(-1, 1), yticks=[])
    if samples.size > _FFT_SIZE and samples.any():
        with np.errstate(divide="ignore"):  # the logarithm of digital silence
            spectrum_axes.specgram(
                samples, NFFT=_FFT_SIZE, noverlap=_FFT_SIZE - _HOP_SIZE, Fs=SAMPLE_RATE, cmap="magma", vmin=-140
            )
    spectrum_axes.set(ylim=(0, SAMPLE_RATE / 2), ylabel="Hz", xlabel="s")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    png = io.BytesIO()
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(png, "png", optimize=True)
    data = base64.b64encode(png.getvalue()).decode()
    return f"{_without_markup(title)}\n\n![waveform and spectrogram](data:image/png;base64,{data})"


def _without_markup(text: str) -> str:
    """The text with every character that Markdown could interpret replaced by a space."""
    return "".join(character if character.isalnum() else " " for character in text).strip()
