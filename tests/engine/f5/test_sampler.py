"""The sampler on real weights: an utterance sounds the same alone and in a batch, and the same as upstream's."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch

from f5_pipeline.engine.f5.sampler import SamplerInput, draw_noise, sample, time_steps
from f5_pipeline.models.spec import Solver
from tests.engine.f5.models import ARCHITECTURES, packed, relative_error, sampler_inputs, upstream

CPU = torch.device("cpu")
SIXTEEN = (90, 64, 131, 77, 200, 58, 145, 90, 111, 63, 180, 99, 72, 250, 84, 120)
MODELS = ("demo", *ARCHITECTURES)


@pytest.fixture(autouse=True)
def _inference():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # these models are too small to share between cores
    with torch.inference_mode():
        yield
    torch.set_num_threads(threads)


def _upstream_mel(name: str, one: SamplerInput, seed: int, steps: int = 7) -> torch.Tensor:
    """The result of ``CFM.sample`` for one input; it draws the same noise from the same seed."""
    mel, _ = upstream(name).sample(
        one.reference[None],
        one.tokens[None],
        one.frames,
        steps=steps,
        cfg_strength=one.cfg_strength,
        sway_sampling_coef=-1.0,
        seed=seed,
    )
    return mel[0]


@pytest.mark.parametrize(
    ("name", "cfg_strength", "solver"),
    [*((name, 2.0, "euler") for name in MODELS), ("v1", 0.0, "euler"), ("v1", 2.0, "ab2")],
)
def test_batched_equals_alone(name: str, cfg_strength: float, solver: Solver) -> None:
    model, batch = packed(name), sampler_inputs(SIXTEEN, cfg_strength)
    times = time_steps(5, -1.0, CPU, solver)
    together = sample(model, batch, times, solver)
    for one, mel in zip(batch[::5], together[::5], strict=True):
        assert relative_error(mel, sample(model, [one], times, solver)[0]) < 1e-3


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("cfg_strength", [2.0, 0.0])
def test_equals_upstream_on_the_same_noise(name: str, cfg_strength: float) -> None:
    model, batch = packed(name), sampler_inputs((90, 64, 131), cfg_strength)
    mels = sample(model, batch, time_steps(7, -1.0, CPU))
    for seed, (one, mel) in enumerate(zip(batch, mels, strict=True)):
        assert relative_error(mel, _upstream_mel(name, one, seed)) < 1e-3


@pytest.mark.parametrize("name", MODELS)
def test_the_code_for_a_gpu_gives_the_same(name: str) -> None:
    batch, times = sampler_inputs((90, 131)), time_steps(5, -1.0, CPU)
    for_cpu, for_gpu = (torch.cat(sample(packed(name, cpu_forms=forms), batch, times)) for forms in (True, False))
    assert relative_error(for_gpu, for_cpu) < 1e-3


@pytest.mark.parametrize("steps", [5, 6, 7, 8, 10, 12, 16, 32])
def test_time_steps_are_upstreams(steps: int) -> None:
    one = sampler_inputs((70,))[0]
    mel = sample(packed("v1"), [one], time_steps(steps, -1.0, CPU))[0]
    assert relative_error(mel, _upstream_mel("v1", one, 0, steps)) < 1e-3


class LinearModel:
    """Instead of a network, the velocity t x: x(1) = √e x(0)."""

    device, compute, gap = CPU, torch.float64, 0
    dit = SimpleNamespace(text_embed=lambda tokens, seq_len, drop_text: torch.zeros(1, seq_len, 1))
    project = staticmethod(lambda hidden: hidden)

    def modulations(self, times: torch.Tensor) -> list[torch.Tensor]:
        return list(times.double())

    def hidden(self, noisy: torch.Tensor, condition: object, time: torch.Tensor, *rest: object) -> torch.Tensor:
        return time * noisy

    def condition(self, *parts: object) -> None:
        return None

    def rotations(self, layout: object) -> None:
        return None


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("ab2", 2)])
def test_the_order_of_a_solver(solver: Solver, order: int) -> None:
    """Twice the steps divide the error by 2 to the power of the order. Every other step is twice as long."""
    one = SamplerInput(torch.zeros(1), torch.zeros(0, 1), 1, torch.ones(1, 1, dtype=torch.float64), 0.0)

    def error(steps: int) -> float:
        lengths = torch.tensor([0.0, *(1.0, 2.0) * (steps // 2)], dtype=torch.float64)
        times = lengths.cumsum(0) / lengths.sum()
        return abs(float(sample(LinearModel(), [one], times, solver)[0]) - math.sqrt(math.e))  # type: ignore[arg-type]

    assert error(40) / error(80) == pytest.approx(2**order, rel=0.1)


def test_sixteen_of_one_length_equal_alone() -> None:
    model, batch, times = packed("v1"), sampler_inputs((96,) * 16), time_steps(5, None, CPU)
    together = sample(model, batch, times)
    assert (
        max(relative_error(mel, sample(model, [one], times)[0]) for one, mel in zip(batch, together, strict=True))
        < 1e-3
    )


def test_guidance_may_differ_within_a_batch() -> None:
    model, times = packed("v1"), time_steps(5, -1.0, CPU)
    batch = [sampler_inputs((90, 120), strength)[index] for index, strength in enumerate((1.0, 3.0))]
    together = sample(model, batch, times)
    for one, mel in zip(batch, together, strict=True):
        assert relative_error(mel, sample(model, [one], times)[0]) < 1e-3


def test_zero_guidance_for_some_inputs_only_is_refused() -> None:
    batch = [sampler_inputs((90, 120), strength)[index] for index, strength in enumerate((0.0, 2.0))]
    with pytest.raises(ValueError, match="guidance"):
        sample(packed("v1"), batch, time_steps(5, -1.0, CPU))


def test_the_reference_is_returned_unchanged() -> None:
    one = sampler_inputs((90,))[0]
    mel = sample(packed("v1"), [one], time_steps(5, -1.0, CPU))[0]
    assert torch.equal(mel[: len(one.reference)], one.reference)
    assert mel.shape == (90, 100)


def test_noise_depends_on_the_seed_alone() -> None:
    torch.manual_seed(99)
    first = draw_noise(5, 40, 100)
    torch.manual_seed(1)
    assert torch.equal(first, draw_noise(5, 40, 100))
    assert not torch.equal(first, draw_noise(6, 40, 100))


def test_upstreams_batches_change_the_result() -> None:
    """The reason for this package's own sampler: in upstream's batches a row's result depends on the other rows.

    If this test fails, upstream has fixed that, and its sampler can be used for batches too.
    """
    batch = sampler_inputs((90, 131, 200))
    longest = max(one.frames for one in batch)
    references = torch.nn.utils.rnn.pad_sequence([one.reference for one in batch], batch_first=True)
    tokens = torch.nn.utils.rnn.pad_sequence([one.tokens for one in batch], batch_first=True, padding_value=-1)
    together, _ = upstream("v1").sample(
        references,
        tokens,
        torch.tensor([one.frames for one in batch]),
        lens=torch.tensor([len(one.reference) for one in batch]),
        steps=7,
        cfg_strength=2.0,
        sway_sampling_coef=-1.0,
        seed=0,
    )
    alone = _upstream_mel("v1", batch[0], 0)
    assert together.shape[1] == longest
    assert relative_error(together[0, : batch[0].frames], alone) > 1e-2


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("precision", "bound"), [(torch.bfloat16, 0.03), (torch.float16, 0.005)])
def test_half_precision_stays_near_float32(name: str, precision: torch.dtype, bound: float) -> None:
    """Bounds for bfloat16 (8 bits of mantissa) and float16 (11): relative L2 error of the mel after seven steps."""
    batch, times = sampler_inputs((90, 131)), time_steps(7, -1.0, CPU)
    model = packed(name, precision)
    half, exact = sample(model, batch, times), sample(packed(name), batch, times)
    for one, mel, expected in zip(batch, half, exact, strict=True):
        assert relative_error(mel, expected) < bound
        assert relative_error(sample(model, [one], times)[0], mel) < bound
