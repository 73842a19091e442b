"""``F5Engine`` with the embedded model: real checkpoint, real vocoder, real audio."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
import soundfile
import torch
from f5_tts.model.backbones.dit import TextEmbedding
from f5_tts.model.modules import MelSpec

from f5_pipeline.audio.samples import SAMPLE_RATE
from f5_pipeline.engine.f5.device import batch_frames, choose_device, choose_precision
from f5_pipeline.engine.f5.engine import F5Engine, tokenize
from f5_pipeline.engine.f5.load import load_tokens, load_transformer, load_vocoder
from f5_pipeline.engine.f5.packed import PackedDiT
from f5_pipeline.engine.f5.vocoder import decode
from f5_pipeline.engine.protocol import Chunk, seconds_of
from f5_pipeline.errors import BadSetting, ModelUnsupported
from f5_pipeline.models.spec import Solver
from tests.engine.f5.models import CHUNK, SAMPLING, VOICES, demo_files, demo_spec

OFFICIAL_VOCABULARY = Path(str(files("f5_tts") / "infer/examples/vocab.txt"))


@pytest.fixture(scope="module")
def engine() -> F5Engine:
    return F5Engine(demo_spec(), demo_files(), "cpu", "float32")


def _waveforms(engine: F5Engine, chunks: list[Chunk]) -> list[np.ndarray]:
    spoken = sorted(engine.speak(chunks), key=lambda one: one.index)
    assert [one.index for one in spoken] == list(range(len(chunks)))
    assert not [one.error for one in spoken if one.error]
    return [one.samples for one in spoken if one.samples is not None]


def test_the_audio_has_the_planned_length_and_a_plausible_level(engine: F5Engine) -> None:
    (waveform,) = _waveforms(engine, [CHUNK])
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    assert waveform.size / SAMPLE_RATE == pytest.approx(seconds_of(CHUNK.frames), abs=0.02)
    assert np.isfinite(waveform).all()
    assert 0.02 < np.sqrt(np.mean(waveform**2)) < 0.3


def test_a_chunk_sounds_the_same_alone_and_among_others(engine: F5Engine) -> None:
    others = [
        replace(CHUNK, text="nobody knew.", frames=90, seed=n, ref_audio=str(VOICES / "f2.wav")) for n in range(4)
    ]
    (alone,) = _waveforms(engine, [CHUNK])
    together = _waveforms(engine, [*others[:2], CHUNK, *others[2:]])[2]
    assert np.linalg.norm(together - alone) / np.linalg.norm(alone) < 1e-3


def test_packed_batches_sound_like_single_chunks(engine: F5Engine) -> None:
    chunks = [CHUNK, replace(CHUNK, text="nobody knew.", frames=90), replace(CHUNK, frames=150, seed=3)]
    packed = {one.index: one.samples for one in engine._runner.run_in_batches(chunks)}
    for index, alone in enumerate(_waveforms(engine, chunks)):
        assert np.linalg.norm(packed[index] - alone) / np.linalg.norm(alone) < 1e-3


def test_the_vocoder_decodes_a_batch_like_single_utterances() -> None:
    vocoder = load_vocoder(demo_files().vocoder)
    mels = [torch.randn(frames, 100, generator=torch.Generator().manual_seed(frames)) for frames in (90, 2, 40, 200)]
    with torch.inference_mode():
        alone = [vocoder.decode(mel.t()[None])[0] for mel in mels]
        together = decode(vocoder, mels)
    for one, other in zip(together, alone, strict=True):
        assert one.shape == other.shape
        assert torch.allclose(one, other, atol=1e-5 * float(other.abs().max()) + 1e-7)


def test_the_seed_determines_the_audio(engine: F5Engine) -> None:
    first, again, other = _waveforms(engine, [CHUNK, CHUNK, replace(CHUNK, seed=8)])
    assert np.allclose(first, again, atol=1e-4)
    assert not np.allclose(first, other, atol=1e-2)


def test_a_chunk_that_fails_does_not_stop_the_others(engine: F5Engine) -> None:
    spoken = {one.index: one for one in engine.speak([replace(CHUNK, ref_audio="/nowhere.wav"), CHUNK])}
    assert spoken[1].samples is not None
    assert spoken[0].samples is None
    assert "nowhere" in spoken[0].error


def test_stopping_early_stops_the_workers(engine: F5Engine) -> None:
    speaking = engine.speak([CHUNK] * 20)
    next(speaking)
    speaking.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("f5")]


def test_a_quiet_reference_does_not_change_the_level(engine: F5Engine, tmp_path) -> None:
    samples, rate = soundfile.read(CHUNK.ref_audio, dtype="float32")
    soundfile.write(tmp_path / "quiet.wav", samples / 20, rate, subtype="FLOAT")
    usual, quiet = _waveforms(engine, [CHUNK, replace(CHUNK, ref_audio=str(tmp_path / "quiet.wav"))])
    level = [np.sqrt(np.mean(np.square(waveform))) for waveform in (usual, quiet)]
    assert level[1] == pytest.approx(level[0], rel=0.2)


def test_a_text_with_more_tokens_than_frames_is_not_cut(engine: F5Engine) -> None:
    """Upstream would drop the rest of the text; the engine adds frames instead."""
    (waveform,) = _waveforms(engine, [replace(CHUNK, text="word " * 100, frames=20)])
    assert waveform.size > 256 * 200


@pytest.mark.parametrize("solver", get_args(Solver))
def test_step_independent_values_are_computed_once(monkeypatch: pytest.MonkeyPatch, solver: Solver) -> None:
    """A voice's spectrogram; an utterance's text embedding, with and without text; both guidance halves in one pass.

    The passes are ``nfe_step``, whatever the solver.
    """
    calls = Counter[str]()

    def count_calls(owner: Any, name: str, label: str) -> None:
        real = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            calls[label] += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)

    count_calls(MelSpec, "forward", "spectrogram")
    count_calls(TextEmbedding, "forward", "text")
    count_calls(PackedDiT, "hidden", "pass")
    engine = F5Engine(demo_spec(), demo_files(), "cpu", "float32", batch_seconds=100)
    chunk = replace(CHUNK, sampling=replace(SAMPLING, solver=solver))
    assert len(list(engine._runner.run_in_batches([replace(chunk, seed=seed) for seed in range(3)]))) == 3
    assert calls == {"spectrogram": 1, "text": 2 * 3, "pass": SAMPLING.nfe_step}


@pytest.mark.parametrize(
    ("pinyin", "text", "read"),
    [(True, "你好 boat", " ni2 hao3 boat"), (False, "a bad penny...", "a bad penny...")],
)
def test_texts_are_tokenized_as_upstream_does(pinyin: bool, text: str, read: str) -> None:
    vocabulary = load_tokens(OFFICIAL_VOCABULARY)
    names = {number: token for token, number in vocabulary.items()}
    assert "".join(names[number] for number in tokenize(text, vocabulary, pinyin)) == read


def test_a_character_outside_the_vocabulary_is_an_error(engine: F5Engine) -> None:
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
        ("cpu", 0, (), torch.float32),  # this CPU would emulate bfloat16
    ],
)
def test_automatic_precision(
    on: str, capability: int, has: tuple[str, ...], chosen: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (capability, 0))
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda supported=name in has: supported, raising=False)
    assert choose_precision("auto", torch.device(on)) is chosen


def test_a_batch_takes_half_of_the_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    free = 8 * 2**30
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free, 80 * 2**30))
    small, wide = (batch_frames(SimpleNamespace(dim=dim), torch.device("cuda"), 2) for dim in (224, 1024))
    assert wide == free // 2 // (1024 * 40 * 2 * 2)
    assert small == 60_000  # the upper limit
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
