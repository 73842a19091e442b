"""Judges of speech: what it says, whose voice it is, how good it sounds. Audio in, numbers out; one thread.

Each is one function that loads a model and returns a function of one clip. ``transcriber`` is the product's own
recogniser; the others need a package that the product does not depend on, and are None without it. docs/training.md
names the packages.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.quality.asr.comparison import words_of
from f5_pipeline.quality.asr.recogniser import TranscriptionRequest
from f5_pipeline.quality.asr.whisper import Whisper
from f5_pipeline.settings.environment import Settings
from training.teachers.protocol import LEVEL, Samples

Transcribe = Callable[[Samples, str], list[str]]  # 24 kHz samples and the text that they should speak → words
_RATE = 16_000  # Hz, of all models here
_DNSMOS_SECONDS = 9.01


def transcriber() -> tuple[str, Transcribe]:
    """The recogniser's name, and the recogniser: Whisper if ``F5_WHISPER`` is a folder, else pocketsphinx.

    Raises:
        RecogniserFailed: the folder has no Whisper model for CTranslate2.
    """
    folder = Path(Settings().whisper).expanduser()
    if not folder.is_dir():
        return "pocketsphinx", _pocketsphinx()
    model = Whisper(str(folder), "cpu")

    def transcribe(samples: Samples, text: str) -> list[str]:
        request = TranscriptionRequest(np.asarray(samples, np.float32), text, "", "en")
        return [word.text for word in model.transcribe(request)]

    return "whisper", transcribe


def speaker_embedding() -> Callable[[Samples], NDArray[np.float32]] | None:
    """Resemblyzer: 24 kHz samples → a unit vector (256,); its dot product with another's is the similarity."""
    if find_spec("resemblyzer") is None:
        return None
    from resemblyzer import VoiceEncoder, preprocess_wav

    encoder = VoiceEncoder("cpu", verbose=False)

    def embed(samples: Samples) -> NDArray[np.float32]:
        return np.asarray(encoder.embed_utterance(preprocess_wav(_at_level(samples), source_sr=_RATE)), np.float32)

    return embed


def dnsmos() -> Callable[[Samples], float] | None:
    """DNSMOS OVRL (arXiv 2110.01763) of ``speechmos``: 24 kHz samples → 1 (bad) to 5 (excellent)."""
    if find_spec("speechmos") is None:
        return None
    from onnxruntime import InferenceSession, SessionOptions
    from speechmos.dnsmos import DNSMOS

    class OneThread(DNSMOS):
        """Its own sessions take all threads, which makes it seven times as dear."""

        def __init__(self, folder: Path) -> None:
            options = SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            self.onnx_sess = InferenceSession(str(folder / "sig_bak_ovr.onnx"), options)
            self.p808_onnx_sess = InferenceSession(str(folder / "model_v8.onnx"), options)

    import speechmos

    judge = OneThread(Path(speechmos.__file__).parent / "dnsmos_models")
    window = int(_DNSMOS_SECONDS * _RATE)

    def predict(samples: Samples) -> float:
        speech = _at_level(samples)
        return float(judge(np.resize(speech, max(window, len(speech))), _RATE, False)["ovrl_mos"])

    return predict


def distillmos() -> Callable[[Samples], float] | None:
    """DistillMOS (arXiv 2502.05356): 24 kHz samples → 1 (bad) to 5 (excellent)."""
    if find_spec("distillmos") is None:
        return None
    import torch
    from distillmos import ConvTransformerSQAModel

    model = ConvTransformerSQAModel().eval()

    def predict(samples: Samples) -> float:
        with torch.inference_mode():
            return float(model(torch.from_numpy(_at_level(samples))[None])[0])

    return predict


def _pocketsphinx() -> Transcribe:
    """pocketsphinx with its general model of English, without the text as a grammar."""
    from pocketsphinx import Decoder
    from soxr import resample

    decoder = Decoder(samprate=_RATE, loglevel="FATAL")
    silence = np.zeros(_RATE // 5)

    def transcribe(samples: Samples, text: str) -> list[str]:
        padded = np.concatenate([silence, resample(samples, SAMPLE_RATE, _RATE), silence])
        decoder.start_utt()
        decoder.process_raw((padded.clip(-1, 1) * 32767).astype(np.int16).tobytes(), full_utt=True)
        decoder.end_utt()
        return words_of(decoder.hyp().hypstr) if decoder.hyp() else []

    return transcribe


def _at_level(samples: Samples) -> Samples:
    """16 kHz samples at F5's level: the judges of quality depend on loudness."""
    from soxr import resample

    speech = np.asarray(resample(np.asarray(samples, np.float32), SAMPLE_RATE, _RATE), np.float32)
    return (speech * np.float32(LEVEL / max(1e-6, float(np.sqrt(np.mean(speech**2)))))).clip(-1, 1)
