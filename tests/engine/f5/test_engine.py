"""``F5Engine`` with the embedded model: real checkpoint, real vocoder, real sound."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.f5.device import batch_frames, choose_device, choose_precision
from f5_pipeline.engine.f5.engine import F5Engine
from f5_pipeline.engine.f5.load import load_tokens, load_transformer, load_vocoder
from f5_pipeline.engine.f5.sampler import Item
from f5_pipeline.engine.f5.vocoder import decode
from f5_pipeline.engine.protocol import SpeechChunk, frames_of, seconds_of
from f5_pipeline.errors import BadSetting, ModelUnsupported
from f5_pipeline.models.spec import Sampling
from tests.engine.f5.models import VOICES, demo_files, demo_spec

OFFICIAL_VOCABULARY = Path(str(files("f5_tts") / "infer/examples/vocab.txt"))
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


def test_a_bad_chunk_does_not_stop_its_batch(engine: F5Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it make the others be spoken one by one."""
    speak, sizes = engine._speak_together, []
    monkeypatch.setattr(engine, "_speak_together", lambda how, items: sizes.append(len(items)) or speak(how, items))
    unreadable, unsayable = replace(CHUNK, ref_audio="/nowhere.wav"), replace(CHUNK, text="caf\u00e9.")
    spoken = {one.index: one for one in engine._speak_in_batches([CHUNK, unreadable, CHUNK, unsayable])}
    assert sizes == [2]
    assert "nowhere" in spoken[1].error
    assert "vocabulary lacks '\u00e9'" in spoken[3].error
    (alone,) = _sounds(engine, [CHUNK])
    for index in (0, 2):
        assert np.linalg.norm(spoken[index].samples - alone) / np.linalg.norm(alone) < 1e-3


def test_a_batch_that_cannot_be_spoken_is_spoken_one_by_one(engine: F5Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    speak, make, sizes, made = engine._speak_together, engine._item_of, [], []

    def fails_for_some(how: Sampling, items: list[Item]) -> list[np.ndarray]:
        sizes.append(len(items))
        if any(item.frames > 500 for item in items):
            raise RuntimeError("no kernel for this shape")
        return speak(how, items)

    monkeypatch.setattr(engine, "_speak_together", fails_for_some)
    monkeypatch.setattr(engine, "_item_of", lambda chunks, index: made.append(index) or make(chunks, index))
    bad = replace(CHUNK, text="caf\u00e9.")
    spoken = {one.index: one for one in engine._speak_in_batches([CHUNK, replace(CHUNK, frames=300), bad])}
    assert sorted(sizes) == [1, 1, 2]
    assert sorted(set(made)) == [0, 1, 2]
    assert made.count(0) == made.count(1) == 1  # read and drawn once
    assert spoken[0].samples is not None
    assert spoken[1].error == "RuntimeError: no kernel for this shape"
    assert "vocabulary" in spoken[2].error


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
    assert len(list(engine._speak_in_batches([CHUNK] * 4))) == 4
    assert sizes[6:] == [2, 2]  # the next batch of lines begins with what fits


@pytest.mark.parametrize("full", [{2}, {0, 1, 2, 3}])
@pytest.mark.parametrize("budget", [10_000, 1], ids=["together", "one by one"])
def test_what_ran_out_of_memory_while_it_was_made_ready_is_made_again(
    full: set[int], budget: int, engine: F5Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, failed = engine._item_of, []

    def full_once(chunks: list[SpeechChunk], index: int) -> Item:
        if index in full and index not in failed:
            failed.append(index)
            raise torch.cuda.OutOfMemoryError
        return make(chunks, index)

    monkeypatch.setattr(engine, "_item_of", full_once)
    monkeypatch.setattr(engine, "_speak_together", lambda _, items: [np.zeros(1, np.float32) for _ in items])
    monkeypatch.setattr(engine, "_budget", budget)
    spoken = list(engine._speak_in_batches([CHUNK] * 4))
    assert set(failed) == full
    assert engine._budget == budget
    assert not [one.error for one in spoken if one.error]
    assert sorted(one.index for one in spoken) == [0, 1, 2, 3]


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


def test_what_does_not_change_is_computed_once(engine: F5Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a voice: its spectrogram. Of an utterance: its text, with and without. Of a step: both halves in one pass."""
    calls = Counter[str]()

    def counted(owner: Any, name: str, label: str) -> None:
        real = getattr(owner, name)

        def count(*args: Any, **kwargs: Any) -> Any:
            calls[label] += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, count)

    counted(engine, "_mel_spec", "spectrogram")
    counted(engine._model.dit.text_embed, "forward", "text")
    counted(engine._model, "hidden", "pass")
    monkeypatch.setattr(engine, "_references", {})
    monkeypatch.setattr(engine, "_budget", 10_000)
    assert len(list(engine._speak_in_batches([replace(CHUNK, seed=seed) for seed in range(3)]))) == 3
    assert calls == {"spectrogram": 1, "text": 2 * 3, "pass": SAMPLING.nfe_step}


@pytest.mark.parametrize(
    ("tokenizer", "text", "read"),
    [("pinyin", "你好 boat", " ni2 hao3 boat"), ("characters", "a bad penny...", "a bad penny...")],
)
def test_texts_are_read_as_upstream_reads_them_and_characters_as_they_are(
    tokenizer: str, text: str, read: str, engine: F5Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {token: number for number, token in enumerate(load_tokens(OFFICIAL_VOCABULARY))}
    monkeypatch.setattr(engine, "_tokens", known)
    monkeypatch.setattr(engine, "_pinyin", tokenizer == "pinyin")
    names = list(known)
    assert "".join(names[number] for number in engine._tokens_of(text)) == read


def test_what_the_vocabulary_lacks_is_an_error_not_a_silence(engine: F5Engine) -> None:
    """Upstream reads it as a space."""
    good, bad = sorted(engine.speak([CHUNK, replace(CHUNK, text="a naïve boat.")]), key=lambda one: one.index)
    assert good.samples is not None
    assert bad.samples is None
    assert "vocabulary lacks 'ï'" in (bad.error or "")


@pytest.mark.parametrize(
    ("on", "capability", "has", "chosen"),
    [
        ("cuda:0", 8, (), torch.bfloat16),
        ("cuda:0", 7, (), torch.float16),
        ("cpu", 0, ("_is_avx512_bf16_supported",), torch.bfloat16),
        ("cpu", 0, ("_is_amx_tile_supported",), torch.bfloat16),
        ("cpu", 0, (), torch.float32),  # it would emulate bfloat16
    ],
)
def test_automatic_precision(
    on: str, capability: int, has: tuple[str, ...], chosen: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (capability, 0))
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda there=name in has: there, raising=False)
    assert choose_precision("auto", torch.device(on)) is chosen


def test_the_batch_is_what_half_of_the_free_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    free = 8 * 2**30
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 80 * 2**30))
    small, wide = (batch_frames(SimpleNamespace(dim=dim), torch.device("cuda"), 2) for dim in (224, 1024))
    assert wide == free // 2 // (1024 * 40 * 2 * 2)
    assert small == 60_000  # more is no faster
    assert batch_frames(SimpleNamespace(dim=1024), torch.device("cuda"), 4) == wide // 2
    free = 2**20
    assert batch_frames(SimpleNamespace(dim=1024), torch.device("cuda"), 2) == 1000


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
