"""``F5Engine`` with the embedded model: real checkpoint, real vocoder, real sound."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from f5_pipeline.errors import BadSetting, ModelUnsupported
from f5_pipeline.speech.engine import SAMPLE_RATE, SpeechChunk, frames_of, seconds_of
from f5_pipeline.speech.f5.device import choose_device, choose_precision
from f5_pipeline.speech.f5.engine import F5Engine
from f5_pipeline.speech.f5.load import load_transformer, load_vocoder
from f5_pipeline.speech.f5.sampler import Item
from f5_pipeline.speech.f5.vocoder import decode
from f5_pipeline.speech.utterance import Sampling
from tests.speech.f5.models import VOICES, demo_files, demo_spec

SAMPLING = Sampling(5, 1.0, -1.0, 1.0, 0.15)
CHUNK = SpeechChunk(
    "a small boat on the lake.",
    str(VOICES / "m3.wav"),
    3.1,
    "a quick brown fox jumps over the lazy dog near the river.",
    130,
    SAMPLING,
    7,
)


@pytest.fixture(scope="module")
def engine() -> F5Engine:
    return F5Engine(demo_spec(), demo_files(), "cpu", "float32")


def _sounds(engine: F5Engine, chunks: list[SpeechChunk]) -> list[np.ndarray]:
    spoken = sorted(engine.speak(chunks), key=lambda one: one.index)
    assert [one.index for one in spoken] == list(range(len(chunks)))
    assert not [one.error for one in spoken if one.error]
    return [one.samples for one in spoken if one.samples is not None]


def test_speaks(engine: F5Engine) -> None:
    (sound,) = _sounds(engine, [CHUNK])
    assert sound.dtype == np.float32
    assert sound.ndim == 1
    assert sound.size / SAMPLE_RATE == pytest.approx(seconds_of(CHUNK.frames), abs=0.02)
    assert np.isfinite(sound).all()
    assert 0.02 < np.sqrt(np.mean(sound**2)) < 0.3


def test_the_same_alone_and_in_company(engine: F5Engine) -> None:
    others = [
        replace(CHUNK, text="nobody knew.", frames=90, seed=n, ref_audio=str(VOICES / "f2.wav")) for n in range(4)
    ]
    (alone,) = _sounds(engine, [CHUNK])
    together = _sounds(engine, [*others[:2], CHUNK, *others[2:]])[2]
    assert np.linalg.norm(together - alone) / np.linalg.norm(alone) < 1e-3


def test_packed_batches_as_on_a_gpu_sound_the_same(engine: F5Engine) -> None:
    chunks = [CHUNK, replace(CHUNK, text="nobody knew.", frames=90), replace(CHUNK, frames=150, seed=3)]
    packed = {one.index: one.samples for one in engine._speak_in_batches(chunks)}
    for index, alone in enumerate(_sounds(engine, chunks)):
        assert np.linalg.norm(packed[index] - alone) / np.linalg.norm(alone) < 1e-3


def test_the_vocoder_decodes_a_batch_as_it_does_each_alone() -> None:
    vocoder = load_vocoder(demo_files().vocoder)
    mels = [torch.randn(frames, 100, generator=torch.Generator().manual_seed(frames)) for frames in (90, 2, 40, 200)]
    with torch.inference_mode():
        alone = [vocoder.decode(mel.t()[None])[0] for mel in mels]
        together = decode(vocoder, mels)
    for one, other in zip(together, alone, strict=True):
        assert one.shape == other.shape
        assert torch.allclose(one, other, atol=1e-5 * float(other.abs().max()) + 1e-7)


def test_a_seed_decides(engine: F5Engine) -> None:
    first, again, other = _sounds(engine, [CHUNK, CHUNK, replace(CHUNK, seed=8)])
    assert np.allclose(first, again, atol=1e-4)
    assert not np.allclose(first, other, atol=1e-2)


def test_one_that_fails_does_not_stop_the_others(engine: F5Engine) -> None:
    spoken = {one.index: one for one in engine.speak([replace(CHUNK, ref_audio="/nowhere.wav"), CHUNK])}
    assert spoken[1].samples is not None
    assert spoken[0].samples is None
    assert "nowhere" in spoken[0].error


def test_a_bad_chunk_does_not_stop_its_batch(engine: F5Engine) -> None:
    bad = replace(CHUNK, ref_audio="/nowhere.wav")
    spoken = {one.index: one for one in engine._speak_in_batches([CHUNK, bad])}
    assert spoken[0].samples is not None
    assert "nowhere" in spoken[1].error


def test_out_of_memory_halves_the_batches_for_good(engine: F5Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, most = [], 2

    def speak(_: Sampling, items: list[Item]) -> list[np.ndarray]:
        sizes.append(len(items))
        if len(items) > most:
            raise torch.cuda.OutOfMemoryError
        return [np.zeros(1, np.float32) for _ in items]

    monkeypatch.setattr(engine, "_speak_together", speak)
    monkeypatch.setattr(engine, "_budget", 10_000)
    spoken = list(engine._speak_in_batches([CHUNK] * 8))
    assert sorted(one.index for one in spoken) == list(range(8))
    assert sizes == [8, 4, 2, 2, 2, 2]


def test_different_steps_do_not_share_a_batch(engine: F5Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[tuple[int, int]] = []

    def speak(sampling: Sampling, items: list[Item]) -> list[np.ndarray]:
        batches.append((sampling.nfe_step, len(items)))
        return [np.zeros(1, np.float32) for _ in items]

    monkeypatch.setattr(engine, "_speak_together", speak)
    list(engine._speak_in_batches([CHUNK, replace(CHUNK, sampling=replace(SAMPLING, nfe_step=7)), CHUNK]))
    assert sorted(batches) == [(5, 2), (7, 1)]


def test_the_next_batch_is_made_ready_meanwhile(engine: F5Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    made, speaking = set[int](), list[set[int]]()
    is_made = [threading.Event() for _ in range(6)]
    make = engine._item_of

    def notice(chunks: list[SpeechChunk], index: int) -> Item:
        item = make(chunks, index)
        made.add(index)
        is_made[index].set()
        return item

    def speak(_: Sampling, items: list[Item]) -> list[np.ndarray]:
        done = 2 * len(speaking)
        assert all(event.wait(60) for event in is_made[: done + 4])  # its own two and the next two
        speaking.append(set(made))
        return [np.zeros(1, np.float32) for _ in items]

    monkeypatch.setattr(engine, "_item_of", notice)
    monkeypatch.setattr(engine, "_speak_together", speak)
    monkeypatch.setattr(engine, "_budget", 2 * (frames_of(CHUNK.ref_seconds) + CHUNK.frames))
    assert len([one for one in engine._speak_in_batches([CHUNK] * 6) if not one.error]) == 6
    assert speaking == [{0, 1, 2, 3}, set(range(6)), set(range(6))]  # and no more than that: it would fill the memory


def test_stopping_early_stops_the_workers(engine: F5Engine) -> None:
    speaking = engine.speak([CHUNK] * 20)
    next(speaking)
    speaking.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("f5")]


def test_a_quiet_reference_speaks_at_the_usual_level(engine: F5Engine, tmp_path) -> None:
    samples, rate = soundfile.read(CHUNK.ref_audio, dtype="float32")
    soundfile.write(tmp_path / "quiet.wav", samples / 20, rate, subtype="FLOAT")
    usual, quiet = _sounds(engine, [CHUNK, replace(CHUNK, ref_audio=str(tmp_path / "quiet.wav"))])
    level = [np.sqrt(np.mean(np.square(sound))) for sound in (usual, quiet)]
    assert level[1] == pytest.approx(level[0], rel=0.2)


def test_text_longer_than_its_time_is_not_cut(engine: F5Engine) -> None:
    """More tokens than frames: upstream would drop the rest of the text, so there are more frames."""
    (sound,) = _sounds(engine, [replace(CHUNK, text="word " * 100, frames=20)])
    assert sound.size > 256 * 200


def test_device_and_precision() -> None:
    assert choose_device("cpu").type == "cpu"
    assert choose_precision("bfloat16", torch.device("cpu")) is torch.bfloat16
    if not torch.cuda.is_available():
        assert choose_device("auto").type == "cpu"
        with pytest.raises(BadSetting, match="cuda:1"):
            choose_device("cuda:1")


def test_other_backbones_are_refused() -> None:
    with pytest.raises(ModelUnsupported, match="UNetT"):
        load_transformer(replace(demo_spec(), backbone="UNetT"), demo_files().checkpoint, 31)
