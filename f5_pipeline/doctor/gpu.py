"""The GPU: that torch sees it and computes on it; if not, the reason (build, driver, version, permissions)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.doctor.finding import Finding, fail, ok, skipped, warn
from f5_pipeline.doctor.imports import Gpu, Imports
from f5_pipeline.settings.devices import kind_of

NAME = "cuda"
#: The oldest Linux driver for each major version of CUDA, from NVIDIA's compatibility table.
_MIN_DRIVERS = {"11": "450.80.02", "12": "525.60.13", "13": "580.65.06"}
_LOW_MEMORY = 2_000_000_000  # bytes of GPU memory; F5-TTS needs about that much
_NVIDIA, _DISPLAY = "0x10de", "0x03"  # PCI: the vendor, and the class of display controllers

_TRIAL = "A run tries it out against the CPU, and uses the CPU if it lacks an operation."


@dataclass(frozen=True)
class GpuHardware:
    """What the operating system knows of NVIDIA GPUs, without torch."""

    cards: int = 0  # NVIDIA GPUs on the PCI bus
    driver: str = ""  # version of the loaded driver; "": none is loaded
    devices: tuple[str, ...] = ()  # /dev/nvidia0, …
    denied: tuple[str, ...] = ()  # those that this user may not open
    visible: str | None = None  # CUDA_VISIBLE_DEVICES
    wsl: bool = False  # Linux inside Windows, which uses the driver of Windows

    @property
    def has_gpu(self) -> bool:
        return bool(self.cards or self.driver or self.devices or self.wsl)


def probe_hardware(root: Path = Path("/")) -> GpuHardware:
    """The hardware of this machine; ``root`` is where its system files are."""
    devices = sorted(root.glob("dev/nvidia[0-9]*"))
    return GpuHardware(
        cards=sum(map(_is_nvidia_gpu, root.glob("sys/bus/pci/devices/*"))),
        driver=_driver_version(root / "proc/driver/nvidia/version"),
        devices=tuple(map(str, devices)),
        denied=tuple(str(device) for device in devices if not os.access(device, os.R_OK | os.W_OK)),
        visible=os.environ.get("CUDA_VISIBLE_DEVICES"),
        wsl=(root / "dev/dxg").exists(),
    )


def _is_nvidia_gpu(device: Path) -> bool:
    return _first_line(device / "vendor") == _NVIDIA and _first_line(device / "class").startswith(_DISPLAY)


def _driver_version(path: Path) -> str:
    """From "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.161.08  Mon …", or the open module's similar line."""
    match = re.search(r"Module.*?\s(\d+\.\d+(\.\d+)?)\s", _first_line(path) + " ")
    return match[1] if match else ""


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[0].strip()
    except (OSError, IndexError):
        return ""


def check_gpu(imports: Imports, hardware: GpuHardware, device: str) -> Finding:
    """Check that the device of ``F5_DEVICE`` works, and that ``auto`` finds the GPU that the machine has."""
    if imports.errors.get("torch", "?"):
        return skipped(NAME, "torch")
    if device == "cpu":
        return ok(NAME, "F5_DEVICE is cpu: no GPU is used.")
    if kind_of(device) not in ("auto", "cuda"):
        return _check_other(device, imports)
    index = int(device.partition(":")[2] or 0)
    if index < len(imports.gpus):
        return _check_visible(imports.gpus[index], imports, hardware)
    if imports.gpus:
        seen = "1 GPU" if len(imports.gpus) == 1 else f"{len(imports.gpus)} GPUs"
        found = f"F5_DEVICE is {device}, and torch sees {seen}, counted from 0."
        return fail(NAME, found, "Set F5_DEVICE to one of these, or to auto.")
    if imports.accelerators and device == "auto":
        return ok(NAME, f"Runs use {imports.accelerators[0]}. {_TRIAL}")
    if not hardware.has_gpu and device == "auto":
        return ok(NAME, "This machine has no NVIDIA GPU: runs use the CPU.")
    reason, fix = _why_invisible(imports, hardware)
    setting = "" if device == "auto" else f"F5_DEVICE is {device}, and "
    return (warn if device == "auto" else fail)(NAME, f"{setting}torch sees no GPU: {reason}.", fix)


def _check_other(device: str, imports: Imports) -> Finding:
    """Check that torch sees an accelerator that is no GPU of CUDA."""
    if {device, f"{device}:0"} & set(imports.accelerators):
        return ok(NAME, f"torch sees {device}. {_TRIAL}")
    seen = ", ".join((*(f"cuda:{index}" for index in range(len(imports.gpus))), *imports.accelerators, "cpu"))
    found = f"F5_DEVICE is {device}, and torch {imports.torch} sees {seen} here."
    return fail(NAME, found, "Set F5_DEVICE to one of these, or to auto.")


def _check_visible(gpu: Gpu, imports: Imports, hardware: GpuHardware) -> Finding:
    """Check that a GPU that torch sees computes and has free memory."""
    found = f"{gpu.name}, {gpu.free / 1e9:.0f} GB free; CUDA {imports.cuda}, driver {hardware.driver or 'unknown'}."
    if "out of memory" in gpu.error.lower():
        return warn(NAME, f"{found} Its memory is full.", "See which other programs use it (nvidia-smi), or wait.")
    if "kernel image" in gpu.error:
        fix = "Install a torch that was built for this GPU: https://pytorch.org/get-started/locally."
        return fail(NAME, f"{found} torch {imports.torch} has no kernels for it.", fix)
    if gpu.error:
        return fail(NAME, f"{found} It does not compute: {gpu.error}.", "Restart the machine, or look at dmesg.")
    if gpu.free < _LOW_MEMORY:
        return warn(NAME, found, "See which other programs use it (nvidia-smi): packed batches will be small.")
    return ok(NAME, found)


def _why_invisible(imports: Imports, hardware: GpuHardware) -> tuple[str, str]:
    """Reason and fix: the first that applies, in the order in which they have to be fixed."""
    min_driver = _MIN_DRIVERS.get((imports.cuda or "12").partition(".")[0], "")
    if not hardware.has_gpu:
        fix = "In a container, start it with its GPUs (docker run --gpus all); else set F5_DEVICE=auto."
        return "this machine has none", fix
    if imports.cuda is None:
        fix = "Install a build with CUDA: pip install --force-reinstall torch torchaudio, without PyTorch's CPU index."
        return f"torch {imports.torch} is a build for CPUs", fix
    if not hardware.wsl and not hardware.driver:
        fix = f"Install NVIDIA's driver, {min_driver} or newer; in a container, start it with its GPUs (--gpus all)."
        return "no NVIDIA driver is loaded", fix
    if hardware.driver and _version_tuple(hardware.driver) < _version_tuple(min_driver):
        fix = f"Install driver {min_driver} or newer, or a torch built for an older CUDA."
        return f"the driver {hardware.driver} is too old for CUDA {imports.cuda}", fix
    if hardware.denied:
        fix = "Add this user to the group that owns it (ls -l /dev/nvidia*), often video or render."
        return f"this user may not open {hardware.denied[0]}", fix
    if hardware.visible is not None:
        return f"CUDA_VISIBLE_DEVICES is {hardware.visible!r}", "Unset it, or list the GPUs to use."
    if not hardware.wsl and not hardware.devices:
        return "there is no /dev/nvidia0", "In a container, start it with its GPUs (docker run --gpus all)."
    return imports.warnings or "torch gives no reason", "Run nvidia-smi: if that fails too, reinstall the driver."


def _version_tuple(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
