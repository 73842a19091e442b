"""Why torch does not use a GPU, from what torch and the system say; the system's files are planted."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.doctor.engine import Gpu, Imports
from f5_pipeline.doctor.gpu import Machine, judge_gpu, see_machine

H100 = Gpu("NVIDIA H100", 78_000_000_000)
OLD_DRIVER, NEW_DRIVER, DEVICES = "470.82.01", "550.54.15", ("/dev/nvidia0",)
KERNELS, ECC = "no kernel image is available", "an ECC error"
WHOLE = Machine(1, NEW_DRIVER, DEVICES)


def imports(*gpus: Gpu, cuda: str | None = "12.6", said: str = "") -> Imports:
    return Imports({"torch": ""}, "2.7.1", cuda, gpus, said)


@pytest.mark.parametrize(
    ("seen", "machine", "device", "status", "says", "fix"),
    [
        (imports(H100), WHOLE, "auto", "ok", "NVIDIA H100, 78 GB free; CUDA 12.6, driver 550.54.15.", ""),
        (imports(H100, H100), WHOLE, "cuda:1", "ok", "NVIDIA H100", ""),
        (imports(H100), WHOLE, "cuda:1", "fail", "torch sees 1 GPUs, counted from 0", "F5_DEVICE"),
        (imports(H100), WHOLE, "cpu", "ok", "no GPU is used", ""),
        (imports(), Machine(), "auto", "ok", "no NVIDIA GPU here", ""),
        (imports(), Machine(), "cuda", "fail", "this machine has none", "--gpus all"),
        (imports(cuda=None), WHOLE, "auto", "warn", "torch 2.7.1 is a build for CPUs", "--force-reinstall torch"),
        (imports(cuda=None), WHOLE, "cuda:0", "fail", "F5_DEVICE is cuda:0, and torch sees no GPU", "CUDA"),
        (imports(), Machine(cards=1), "auto", "warn", "no NVIDIA driver is loaded", "525.60.13"),
        (
            imports(),
            Machine(1, "470.82.01", DEVICES),
            "auto",
            "warn",
            "470.82.01 is too old for CUDA 12.6",
            "525.60.13",
        ),
        (imports(cuda="13.0"), Machine(1, NEW_DRIVER, DEVICES), "auto", "warn", "too old for CUDA 13.0", "580.65.06"),
        (imports(), Machine(1, NEW_DRIVER, DEVICES, DEVICES), "auto", "warn", "may not open /dev/nvidia0", "group"),
        (imports(), Machine(1, NEW_DRIVER, DEVICES, (), ""), "auto", "warn", "CUDA_VISIBLE_DEVICES is ''", "Unset"),
        (imports(), Machine(1, NEW_DRIVER), "auto", "warn", "there is no /dev/nvidia0", "--gpus all"),
        (imports(said="CUDA unknown error"), WHOLE, "auto", "warn", "CUDA unknown error", "nvidia-smi"),
        (
            imports(Gpu("K80", 10**10, "no kernel image is available")),
            WHOLE,
            "auto",
            "fail",
            "has no code for it",
            "torch",
        ),
        (imports(Gpu("T4", 10**8, "CUDA out of memory.")), WHOLE, "auto", "warn", "memory is full", "nvidia-smi"),
        (
            imports(Gpu("T4", 10**10, ECC)),
            WHOLE,
            "auto",
            "fail",
            "does not compute: an ECC error",
            "Restart",
        ),
        (imports(Gpu("T4", 10**9)), WHOLE, "auto", "warn", "T4, 1 GB free", "nvidia-smi"),
        (imports(), Machine(windows=True), "auto", "warn", "torch sees no GPU", "nvidia-smi"),
        (Imports({"torch": "it crashed"}), WHOLE, "auto", "warn", "because of torch", ""),
    ],
)
def test_the_gpu(seen: Imports, machine: Machine, device: str, status: str, says: str, fix: str) -> None:
    finding = judge_gpu(seen, machine, device)
    assert (finding.status, finding.name) == (status, "cuda")
    assert says in finding.found
    assert fix in finding.fix
    assert bool(finding.fix) == bool(fix)


@pytest.mark.parametrize(
    "line",
    [
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.161.08  Mon Jan 15 22:06:05 UTC 2024",
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  535.161.08  Release Build  (dvs-builder)",
    ],
)
def test_the_system_is_read(tmp_path: Path, environment: pytest.MonkeyPatch, line: str) -> None:
    assert see_machine(tmp_path) == Machine()
    for number, (vendor, kind) in enumerate([("0x10de", "0x030200"), ("0x10de", "0x040300"), ("0x8086", "0x030000")]):
        device = tmp_path / f"sys/bus/pci/devices/{number}"
        device.mkdir(parents=True)
        (device / "vendor").write_text(f"{vendor}\n")
        (device / "class").write_text(f"{kind}\n")
    (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
    (tmp_path / "proc/driver/nvidia/version").write_text(f"{line}\nGCC version: 12\n")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidia0").touch()
    (tmp_path / "dev/nvidiactl").touch()
    environment.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert see_machine(tmp_path) == Machine(1, "535.161.08", (str(tmp_path / "dev/nvidia0"),), (), "1")
