"""Why torch does not use a GPU, from what torch and the (fake) system files report."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.doctor.gpu import GpuHardware, check_gpu, probe_hardware
from f5_pipeline.doctor.imports import Gpu, Imports

H100 = Gpu("NVIDIA H100", 78_000_000_000)
OLD_DRIVER, NEW_DRIVER, DEVICES = "470.82.01", "550.54.15", ("/dev/nvidia0",)
KERNELS, ECC = "no kernel image is available", "an ECC error"
COMPLETE = GpuHardware(1, NEW_DRIVER, DEVICES)


def imports(*gpus: Gpu, cuda: str | None = "12.6", warnings: str = "") -> Imports:
    return Imports({"torch": ""}, "2.7.1", cuda, gpus, warnings)


@pytest.mark.parametrize(
    ("imported", "hardware", "device", "status", "fact", "fix"),
    [
        (imports(H100), COMPLETE, "auto", "ok", "NVIDIA H100, 78 GB free; CUDA 12.6, driver 550.54.15.", ""),
        (imports(H100, H100), COMPLETE, "cuda:1", "ok", "NVIDIA H100", ""),
        (imports(H100), COMPLETE, "cuda:1", "fail", "torch sees 1 GPU, counted from 0", "F5_DEVICE"),
        (imports(H100), COMPLETE, "cpu", "ok", "no GPU is used", ""),
        (imports(), GpuHardware(), "auto", "ok", "no NVIDIA GPU", ""),
        (imports(), GpuHardware(), "cuda", "fail", "this machine has none", "--gpus all"),
        (imports(cuda=None), COMPLETE, "auto", "warn", "torch 2.7.1 is a build for CPUs", "--force-reinstall torch"),
        (imports(cuda=None), COMPLETE, "cuda:0", "fail", "F5_DEVICE is cuda:0, and torch sees no GPU", "CUDA"),
        (imports(), GpuHardware(cards=1), "auto", "warn", "no NVIDIA driver is loaded", "525.60.13"),
        (
            imports(),
            GpuHardware(1, "470.82.01", DEVICES),
            "auto",
            "warn",
            "470.82.01 is too old for CUDA 12.6",
            "525.60.13",
        ),
        (
            imports(cuda="13.0"),
            GpuHardware(1, NEW_DRIVER, DEVICES),
            "auto",
            "warn",
            "too old for CUDA 13.0",
            "580.65.06",
        ),
        (imports(), GpuHardware(1, NEW_DRIVER, DEVICES, DEVICES), "auto", "warn", "may not open /dev/nvidia0", "group"),
        (imports(), GpuHardware(1, NEW_DRIVER, DEVICES, (), ""), "auto", "warn", "CUDA_VISIBLE_DEVICES is ''", "Unset"),
        (imports(), GpuHardware(1, NEW_DRIVER), "auto", "warn", "there is no /dev/nvidia0", "--gpus all"),
        (imports(warnings="CUDA unknown error"), COMPLETE, "auto", "warn", "CUDA unknown error", "nvidia-smi"),
        (
            imports(Gpu("K80", 10**10, "no kernel image is available")),
            COMPLETE,
            "auto",
            "fail",
            "has no kernels for it",
            "torch",
        ),
        (imports(Gpu("T4", 10**8, "CUDA out of memory.")), COMPLETE, "auto", "warn", "memory is full", "nvidia-smi"),
        (
            imports(Gpu("T4", 10**10, ECC)),
            COMPLETE,
            "auto",
            "fail",
            "does not compute: an ECC error",
            "Restart",
        ),
        (imports(Gpu("T4", 10**9)), COMPLETE, "auto", "warn", "T4, 1 GB free", "nvidia-smi"),
        (imports(), GpuHardware(wsl=True), "auto", "warn", "torch sees no GPU", "nvidia-smi"),
        (Imports({"torch": "it crashed"}), COMPLETE, "auto", "warn", "because torch failed", ""),
        (Imports({"torch": ""}, "2.13.0", accelerators=("mps",)), GpuHardware(), "auto", "ok", "Runs use mps.", ""),
        (Imports({"torch": ""}, "2.13.0", accelerators=("xpu:0",)), GpuHardware(), "xpu", "ok", "torch sees xpu.", ""),
        (imports(H100), COMPLETE, "mps", "fail", "F5_DEVICE is mps, and torch 2.7.1 sees cuda:0, cpu here", "auto"),
    ],
)
def test_finding_per_state(
    imported: Imports, hardware: GpuHardware, device: str, status: str, fact: str, fix: str
) -> None:
    finding = check_gpu(imported, hardware, device)
    assert (finding.status, finding.name) == (status, "cuda")
    assert fact in finding.found
    assert fix in finding.fix
    assert bool(finding.fix) == bool(fix)


@pytest.mark.parametrize(
    "line",
    [
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.161.08  Mon Jan 15 22:06:05 UTC 2024",
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  535.161.08  Release Build  (dvs-builder)",
    ],
)
def test_hardware_is_read_from_system_files(tmp_path: Path, environment: pytest.MonkeyPatch, line: str) -> None:
    assert probe_hardware(tmp_path) == GpuHardware()
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
    assert probe_hardware(tmp_path) == GpuHardware(1, "535.161.08", (str(tmp_path / "dev/nvidia0"),), (), "1")
