"""The model on a device that is neither a CPU nor a GPU of NVIDIA."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from f5_pipeline.engine.f5.attention import attend_by_head, attend_each, choose_attention
from f5_pipeline.engine.f5.device import batch_frames, choose_device, choose_precision, is_out_of_memory
from f5_pipeline.engine.f5.load import load_vocoder
from f5_pipeline.engine.f5.placement import PlacedModel, lacks_operation
from f5_pipeline.errors import BadSetting
from tests.engine.f5.fake_device import FakeNpu, fake_npu
from tests.engine.f5.models import SAMPLING, backbone, demo_files, sampler_inputs

pytestmark = pytest.mark.slow


@pytest.fixture
def npu() -> Iterator[FakeNpu]:
    npu = fake_npu()
    npu.reset(1)
    yield npu
    npu.reset()


def model_on(device: str) -> PlacedModel:
    """A small network with random weights, and the embedded vocoder."""
    vocoder = load_vocoder(demo_files().vocoder)
    return PlacedModel(copy.deepcopy(backbone("v1")), vocoder, choose_device(device), "float32", "torch")


def waveforms(model: PlacedModel) -> list[np.ndarray]:
    # Upstream has a table of time steps for 5 of them. Torch cannot make a tensor of a list on the fake device.
    return model.synthesize(replace(SAMPLING, nfe_step=4), sampler_inputs([50, 70]))


@pytest.fixture(scope="module")
def expected() -> list[np.ndarray]:
    return waveforms(model_on("cpu"))


def assert_same(left: list[np.ndarray], right: list[np.ndarray]) -> None:
    for one, other in zip(left, right, strict=True):
        assert np.linalg.norm(one - other) / np.linalg.norm(other) < 1e-3


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


def test_another_accelerator_speaks_as_the_cpu_does(
    npu: FakeNpu, expected: list[np.ndarray], caplog: pytest.LogCaptureFixture
) -> None:
    model = model_on("auto")
    npu.operations.clear()
    assert_same(waveforms(model), expected)
    assert (model.device.type, model.placement) == ("npu", "npu:0")
    assert {"aten::addmm", "aten::istft"} <= npu.operations  # the network and the vocoder ran on it
    assert warnings_of(caplog) == []


@pytest.mark.parametrize("operation", ["aten::mish", "aten::istft"], ids=["network", "vocoder"])
def test_a_device_that_lacks_an_operation_leaves_the_model_to_the_cpu(
    npu: FakeNpu, expected: list[np.ndarray], caplog: pytest.LogCaptureFixture, operation: str
) -> None:
    npu.lacking = {operation}
    model = model_on("npu")
    assert model.device.type == "cpu"
    (warning,) = warnings_of(caplog)
    assert all(fact in warning for fact in ("CPU", "the device npu ", operation))
    assert "comment" not in warning
    assert model.placement.startswith("cpu, because the device npu cannot run the model: ")
    assert operation in model.placement
    npu.operations.clear()
    assert_same(waveforms(model), expected)
    assert npu.operations == set()


def test_a_device_to_which_the_model_cannot_be_moved_is_the_one_that_is_named(npu: FakeNpu) -> None:
    transformer = copy.deepcopy(backbone("v1"))
    move = transformer.to

    def refuse(on: torch.device) -> object:
        if on.type == "npu":
            raise TypeError("npu does not support float64")
        return move(on)

    transformer.to = refuse
    vocoder = load_vocoder(demo_files().vocoder)
    model = PlacedModel(transformer, vocoder, choose_device("npu"), "float32", "torch")
    assert model.placement == "cpu, because the device npu cannot run the model: npu does not support float64."


def test_an_operation_that_is_first_missed_during_a_batch(
    npu: FakeNpu, expected: list[np.ndarray], caplog: pytest.LogCaptureFixture
) -> None:
    """As with kernels that a device has for some shapes only."""
    model = model_on("npu")
    npu.lacking = {"aten::addmm"}
    assert_same(waveforms(model), expected)
    assert model.device.type == "cpu"
    assert len(warnings_of(caplog)) == 1


@pytest.mark.parametrize(("operation", "part"), [("aten::mish", "network"), ("aten::istft", "vocoder")])
def test_a_device_that_computes_something_else_is_not_used(
    npu: FakeNpu, expected: list[np.ndarray], caplog: pytest.LogCaptureFixture, operation: str, part: str
) -> None:
    npu.spoiled = {operation}
    model = model_on("npu")
    (warning,) = warnings_of(caplog)
    assert part in warning
    assert_same(waveforms(model), expected)


def test_full_memory_is_no_reason_for_the_cpu(npu: FakeNpu) -> None:
    npu.full = True
    with pytest.raises(RuntimeError, match="out of memory"):
        model_on("npu")


def test_a_device_that_does_not_exist_is_refused_with_those_that_do(npu: FakeNpu) -> None:
    for missing in ("cuda:9", "mps", "xpu:1", "npu:1", "fpga"):
        with pytest.raises(BadSetting) as refused:
            choose_device(missing)
        assert all(fact in str(refused.value) for fact in ("F5_DEVICE", missing, "npu:0, cpu"))
    assert choose_device("npu") == torch.device("npu")
    npu.reset()
    assert choose_device("auto").type == "cpu"


def test_settings_of_another_accelerator(npu: FakeNpu) -> None:
    on = torch.device("npu:0")
    assert choose_precision("auto", on) is torch.float32
    assert choose_attention("flash_attn", on, True, 64) is attend_each
    assert choose_attention("torch", torch.device("cpu"), True, 64) is attend_by_head
    assert 1000 <= batch_frames(backbone("v1"), on, 4) <= 6_000


def test_errors_of_devices() -> None:
    mps = "The operator 'aten::x' is not currently implemented for the MPS device. If you want"
    double = "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
    assert lacks_operation(NotImplementedError(mps))
    assert lacks_operation(TypeError(double))
    assert lacks_operation(RuntimeError("\"addmm_impl\" not implemented for 'Half'"))
    assert not lacks_operation(RuntimeError("shapes do not match"))
    assert is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"))
    assert is_out_of_memory(torch.cuda.OutOfMemoryError())
    assert not is_out_of_memory(RuntimeError("shapes do not match"))
