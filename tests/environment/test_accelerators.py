"""The devices that torch offers, from modules that report as torch's do on other machines."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from f5_pipeline.environment.accelerators import available, best, check_device, check_device_apart
from f5_pipeline.errors import BadSetting


def torch_with(preferred: str = "", extension: str = "privateuseone", **counts: int) -> Any:
    """torch on a machine with these devices. ``preferred``: its current accelerator; "old": torch before 2.6."""
    current = SimpleNamespace(is_available=lambda: bool(preferred), current_accelerator=lambda: device)
    device = SimpleNamespace(type=preferred)
    modules = {kind: SimpleNamespace(device_count=lambda count=count: count) for kind, count in counts.items()}
    named = {"privateuseone": SimpleNamespace(type=extension)}.__getitem__
    accelerator = {} if preferred == "old" else {"accelerator": current}
    return SimpleNamespace(__version__="2.13.0", device=named, cpu=modules, **modules, **accelerator)


@pytest.mark.parametrize(
    ("torch", "first", "names"),
    [
        (torch_with(cuda=0, xpu=0, mps=0), "cpu", ["cpu"]),
        (torch_with("mps", cuda=0, xpu=0, mps=1), "mps", ["mps", "cpu"]),
        (torch_with("xpu", cuda=0, xpu=2, mps=0), "xpu", ["xpu:0", "xpu:1", "cpu"]),
        (torch_with("npu", extension="npu", cuda=1, npu=1), "npu", ["npu:0", "cuda:0", "cpu"]),
        (torch_with("old", cuda=0, mps=1), "mps", ["mps", "cpu"]),
        (torch_with("old", cuda=0, mps=0), "cpu", ["cpu"]),
    ],
)
def test_auto_follows_torch(torch: Any, first: str, names: list[str]) -> None:
    assert best(torch) == first
    assert available(torch) == names


def test_a_device_that_is_not_offered_is_refused_with_those_that_are() -> None:
    machine = torch_with("xpu", cuda=0, xpu=2, mps=0)
    for device in ("xpu", "xpu:1", "cpu"):
        check_device(machine, device)
    for device in ("xpu:2", "cuda", "mps", "npu"):
        with pytest.raises(BadSetting, match=f"{device} is not available: torch 2.13.0 sees xpu:0, xpu:1, cpu here"):
            check_device(machine, device)


def test_the_torch_of_this_machine_is_asked() -> None:
    with pytest.raises(BadSetting, match=r"fpga is not available: torch .* cpu here"):
        check_device_apart("fpga")
