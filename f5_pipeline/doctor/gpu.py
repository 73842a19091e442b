"""Whether torch sees the GPU that the machine has, and why not: the build, the driver, its version, permissions."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.doctor.engine import Gpu, Imports
from f5_pipeline.doctor.finding import Finding, fail, ok, skipped, warn

NAME = "cuda"
#: The oldest Linux driver that runs programs built for each CUDA, by NVIDIA's compatibility table.
_DRIVERS = {"11": "450.80.02", "12": "525.60.13", "13": "580.65.06"}
_TIGHT = 2_000_000_000  # bytes of GPU memory: less is little for F5-TTS
_NVIDIA, _DISPLAY = "0x10de", "0x03"  # of PCI: the vendor, and the class of display controllers


@dataclass(frozen=True)
class Machine:
    """What the system says of its GPUs, without torch."""

    cards: int = 0  # NVIDIA GPUs on the bus
    driver: str = ""  # the loaded driver's version; "": none is loaded
    devices: tuple[str, ...] = ()  # /dev/nvidia0, …
    denied: tuple[str, ...] = ()  # those that this user may not open
    visible: str | None = None  # CUDA_VISIBLE_DEVICES
    windows: bool = False  # Linux inside Windows, whose driver is Windows's

    @property
    def has_gpu(self) -> bool:
        return bool(self.cards or self.driver or self.devices or self.windows)


def see_machine(root: Path = Path("/")) -> Machine:
    """This machine; ``root`` is where its system files are."""
    devices = sorted(root.glob("dev/nvidia[0-9]*"))
    return Machine(
        cards=sum(map(_is_card, root.glob("sys/bus/pci/devices/*"))),
        driver=_driver(root / "proc/driver/nvidia/version"),
        devices=tuple(map(str, devices)),
        denied=tuple(str(device) for device in devices if not os.access(device, os.R_OK | os.W_OK)),
        visible=os.environ.get("CUDA_VISIBLE_DEVICES"),
        windows=(root / "dev/dxg").exists(),
    )


def _is_card(device: Path) -> bool:
    return _line(device / "vendor") == _NVIDIA and _line(device / "class").startswith(_DISPLAY)


def _driver(path: Path) -> str:
    """From "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.161.08  Mon …", or the open module's like line."""
    found = re.search(r"Module.*?\s(\d+\.\d+(\.\d+)?)\s", _line(path) + " ")
    return found[1] if found else ""


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()[0].strip()
    except (OSError, IndexError):
        return ""


def judge_gpu(imports: Imports, machine: Machine, device: str) -> Finding:
    """Whether the device of ``F5_DEVICE`` can be used, and is the best that this machine has."""
    if imports.failures.get("torch", "?"):
        return skipped(NAME, "torch")
    if device == "cpu":
        return ok(NAME, "F5_DEVICE is cpu: no GPU is used.")
    index = int(device.partition(":")[2] or 0)
    if index < len(imports.gpus):
        return _judge_seen(imports.gpus[index], imports, machine)
    if imports.gpus:
        said = f"F5_DEVICE is {device}, and torch sees {len(imports.gpus)} GPUs, counted from 0."
        return fail(NAME, said, "Set F5_DEVICE to one of these, or to auto.")
    if not machine.has_gpu and device == "auto":
        return ok(NAME, "There is no NVIDIA GPU here: the CPU speaks.")
    found, fix = _why_unseen(imports, machine)
    asked = "" if device == "auto" else f"F5_DEVICE is {device}, and "
    return (warn if device == "auto" else fail)(NAME, f"{asked}torch sees no GPU: {found}.", fix)


def _judge_seen(gpu: Gpu, imports: Imports, machine: Machine) -> Finding:
    said = f"{gpu.name}, {gpu.free / 1e9:.0f} GB free; CUDA {imports.cuda}, driver {machine.driver or 'unknown'}."
    if "out of memory" in gpu.trouble.lower():
        return warn(NAME, f"{said} Its memory is full.", "See what else runs on it (nvidia-smi), or wait.")
    if "kernel image" in gpu.trouble:
        fix = "Install a torch that was built for this GPU: https://pytorch.org/get-started/locally."
        return fail(NAME, f"{said} torch {imports.torch} has no code for it.", fix)
    if gpu.trouble:
        return fail(NAME, f"{said} It does not compute: {gpu.trouble}.", "Restart the machine, or look at dmesg.")
    if gpu.free < _TIGHT:
        return warn(NAME, said, "See what else runs on it (nvidia-smi): batches will be small.")
    return ok(NAME, said)


def _why_unseen(imports: Imports, machine: Machine) -> tuple[str, str]:
    """Reason and fix, the first that applies, in the order in which one would have to mend them."""
    needed = _DRIVERS.get((imports.cuda or "12").partition(".")[0], "")
    if not machine.has_gpu:
        fix = "In a container, start it with its GPUs (docker run --gpus all); else set F5_DEVICE=auto."
        return "this machine has none", fix
    if imports.cuda is None:
        fix = "Install a build with CUDA: pip install --force-reinstall torch torchaudio, without PyTorch's CPU index."
        return f"torch {imports.torch} is a build for CPUs", fix
    if not machine.windows and not machine.driver:
        fix = f"Install NVIDIA's driver, {needed} or newer; in a container, start it with its GPUs (--gpus all)."
        return "no NVIDIA driver is loaded", fix
    if machine.driver and _number(machine.driver) < _number(needed):
        fix = f"Install a driver from {needed} on, or a torch built for an older CUDA."
        return f"the driver {machine.driver} is too old for CUDA {imports.cuda}", fix
    if machine.denied:
        fix = "Add this user to the group that owns it (ls -l /dev/nvidia*), often video or render."
        return f"this user may not open {machine.denied[0]}", fix
    if machine.visible is not None:
        return f"CUDA_VISIBLE_DEVICES is {machine.visible!r}", "Unset it, or name the GPUs that may be used."
    if not machine.windows and not machine.devices:
        return "there is no /dev/nvidia0", "In a container, start it with its GPUs (docker run --gpus all)."
    return imports.said or "it does not say why", "Run nvidia-smi: if that fails too, reinstall the driver."


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
