"""The networks: equal to those of the packages that they come from, and unmoved by level and silence."""

from __future__ import annotations

import numpy as np
import pytest

from f5_pipeline.quality.neural.mel import Floats, resampled
from f5_pipeline.quality.neural.mos import MosPredictor, mos_model
from f5_pipeline.quality.neural.networks import NetworksProcess, choose_networks
from f5_pipeline.quality.neural.speaker import SpeakerEncoder, mean_embedding, speech_only
from f5_pipeline.settings.environment import Settings
from tests.quality.asr.recordings import recording
from tests.quality.neural.extra import needs_quality

ENCODER = SpeakerEncoder()


def speech(voice: str) -> Floats:
    """The recording of a demo voice at 16 kHz."""
    return resampled(recording(voice)[0])


def similarity(one: Floats, other: Floats) -> float:
    return float(mean_embedding(ENCODER.embed(one)) @ mean_embedding(ENCODER.embed(other)))


@pytest.mark.parametrize(
    ("one", "other", "cosine"),
    [("m1", "m3", 0.833179), ("m1", "f2", 0.615526), ("f2", "f5", 0.785955), ("m3", "f5", 0.567028)],
)
def test_embeddings_are_those_of_resemblyzer(one: str, other: str, cosine: float) -> None:
    """Computed by ``VoiceEncoder().embed_utterance`` of Resemblyzer 0.1.4, with librosa, torch and its own weights."""
    assert similarity(speech(one), speech(other)) == pytest.approx(cosine, abs=2e-4)  # the weights have 16 bits here


def test_level_and_silence_do_not_change_whose_voice_it_is() -> None:
    samples = speech("m3")
    changed = np.concatenate([np.zeros(8000, np.float32), 0.05 * samples, np.zeros(24_000, np.float32)])
    assert similarity(speech_only(samples), speech_only(changed)) > 0.99
    assert similarity(speech_only(samples), changed) < 0.95  # without that step


def test_silence_has_an_embedding() -> None:
    """A failed take is measured, too."""
    assert np.isfinite(ENCODER.embed(speech_only(np.zeros(100, np.float32)))).all()


@needs_quality
@pytest.mark.parametrize(("voice", "mos"), [("m3", 3.4878), ("f2", 2.8551)])
def test_mos_is_that_of_speechmos(voice: str, mos: float) -> None:
    """``p808_mos`` of ``speechmos.dnsmos.run`` 0.0.1.1 for the recording, repeated until it has 9.01 s."""
    model = mos_model()
    assert model is not None
    assert MosPredictor(model).predict(speech(voice)) == pytest.approx(mos, abs=1e-3)


@needs_quality
def test_noise_lowers_the_mos() -> None:
    model = mos_model()
    assert model is not None
    predictor, samples = MosPredictor(model), speech("m3")
    noise = 0.05 * np.random.default_rng(1).standard_normal(samples.size).astype(np.float32)
    assert predictor.predict(samples + noise) < predictor.predict(samples) - 0.3


@needs_quality
def test_the_process_measures_as_the_networks_do() -> None:
    model, process = mos_model(), NetworksProcess()
    assert model is not None
    samples = recording("f2")[0]
    record = process.measure(samples)
    assert process.measure(np.zeros(0, np.float32)).windows.shape == (1, 256)
    process.close()
    np.testing.assert_allclose(record.windows, ENCODER.embed(speech_only(resampled(samples))), atol=1e-5)
    assert record.mos == pytest.approx(MosPredictor(model).predict(resampled(samples)), abs=1e-4)


def test_without_the_extra_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("f5_pipeline.quality.neural.networks.mos_model", lambda: None)
    assert choose_networks(Settings(neural_measures="auto")) is None


@needs_quality
def test_neural_measures_can_be_switched_off() -> None:
    assert choose_networks(Settings(neural_measures="auto")) is not None
    assert choose_networks(Settings(neural_measures="none")) is None
