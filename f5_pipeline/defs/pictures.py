"""Pictures for the UI, as Markdown with the PNG inside."""

import base64
import io

import numpy as np

from f5_pipeline.speech.engine import SAMPLE_RATE

_SECONDS = 10.0  # longer clips are shown from their beginning


def spectrogram(samples: np.ndarray, title: str) -> str:
    """A waveform above a spectrogram.

    Args:
        samples: float32, mono, 24 kHz, shape (n,).
    """
    from matplotlib.figure import Figure

    samples = samples[: int(_SECONDS * SAMPLE_RATE)]
    figure = Figure(figsize=(8, 3), layout="constrained")
    wave, spectrum = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2))
    seconds = np.arange(samples.size) / SAMPLE_RATE
    wave.plot(seconds, samples, linewidth=0.3, color="#4f6bed")
    wave.set(ylim=(-1, 1), yticks=[], title=title.replace("$", r"\$"))
    if samples.size > 1024:
        spectrum.specgram(samples + 1e-6, NFFT=1024, noverlap=768, Fs=SAMPLE_RATE, cmap="magma", vmin=-140)
    spectrum.set(ylim=(0, 12_000), ylabel="Hz", xlabel="s")
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=80)
    return f"![{_plain(title)}](data:image/png;base64,{base64.b64encode(png.getvalue()).decode()})"


def _plain(text: str) -> str:
    """Text that cannot end the Markdown it stands in."""
    return "".join(character if character.isalnum() else " " for character in text)
