"""Chooses the device, the number format and the size of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f5_pipeline.environment.accelerators import best, check_device

if TYPE_CHECKING:
    import torch

_MEMORY_SHARE = 0.5  # of the free memory; the rest is for the vocoder, fragmentation and other programs
_ACTIVATIONS = 40  # activations of model width per frame at a block's peak; an upper estimate from measurements
_MIN_FRAMES = 1000
_MAX_FRAMES = 60_000  # about ten minutes of audio; a larger batch has no higher throughput, only more latency
# About a minute of audio, where torch's attention may keep all weights of a sequence in memory, beside the activations.
_MAX_FRAMES_UNPROVEN = 6_000
# AMD's GPUs that multiply bfloat16 natively: CDNA (MI100 and newer), RDNA 3 and 4.
_AMD_BFLOAT16 = ("gfx908", "gfx90a", "gfx94", "gfx95", "gfx11", "gfx12")


def choose_device(device: str) -> torch.device:
    """The device that ``F5_DEVICE`` names; "auto" is the accelerator that torch sees, else the CPU.

    Raises:
        BadSetting: torch does not offer the device here.
    """
    import torch

    if device == "auto":
        return torch.device(best(torch))
    check_device(torch, device)
    return torch.device(device)


def is_proven(device: torch.device) -> bool:
    """True for CPUs and NVIDIA's GPUs, on which the kernels that this product chooses are tested.

    Any other device shows by a trial (``placement``) that it computes what a CPU computes.
    """
    import torch

    return device.type == "cpu" or (device.type == "cuda" and torch.version.hip is None)


def choose_precision(precision: str, device: torch.device) -> torch.dtype:
    """The number format that ``F5_PRECISION`` names.

    "auto" is bfloat16 where the hardware supports it (GPUs from Ampere on, CPUs with AVX512-BF16 or AMX), float16 on
    older GPUs, and float32 on other CPUs, which emulate bfloat16 at a tenth of the speed, and on other accelerators.
    """
    import torch

    if precision != "auto":
        return getattr(torch, precision)
    if device.type == "cuda":
        return torch.bfloat16 if _gpu_multiplies_bfloat16(device) else torch.float16
    if device.type == "xpu":
        return torch.bfloat16 if torch.xpu.is_bf16_supported() else torch.float32
    return torch.bfloat16 if device.type == "cpu" and _cpu_multiplies_bfloat16() else torch.float32


def _gpu_multiplies_bfloat16(device: torch.device) -> bool:
    import torch

    if torch.version.hip is not None:
        return torch.cuda.get_device_properties(device).gcnArchName.startswith(_AMD_BFLOAT16)
    return torch.cuda.get_device_capability(device)[0] >= 8


def _cpu_multiplies_bfloat16() -> bool:
    import torch

    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in names)


def batch_frames(transformer: Any, device: torch.device, bytes_per_value: int) -> int:
    """The most mel frames (reference + generated) that one batch may have.

    On an accelerator: the frames whose activations, of both halves of guidance, fit half of the free memory.

    Args:
        transformer: upstream's backbone; its ``dim`` is used.
        device: where it runs.
        bytes_per_value: of the number format.
    """
    if device.type == "cpu":
        return _MAX_FRAMES
    bytes_per_frame = transformer.dim * _ACTIVATIONS * bytes_per_value * 2  # conditional and unconditional
    most = _MAX_FRAMES if is_proven(device) else _MAX_FRAMES_UNPROVEN
    return max(_MIN_FRAMES, min(most, int(_free_memory(device) * _MEMORY_SHARE / bytes_per_frame)))


def _free_memory(device: torch.device) -> int:
    """Bytes of the device's memory that are free. For an accelerator that does not tell: of this machine's memory."""
    import psutil
    import torch

    module: Any = getattr(torch, device.type, None)
    if hasattr(module, "mem_get_info"):
        return int(module.mem_get_info(device)[0])
    free = psutil.virtual_memory().available
    if device.type == "mps" and hasattr(
        torch.mps, "recommended_max_memory"
    ):  # a Mac's GPU shares its memory, up to a limit
        return min(free, torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return free


def is_out_of_memory(error: Exception) -> bool:
    """True if the memory of the device is exhausted. MPS has no exception of its own for it."""
    import torch

    if isinstance(error, torch.cuda.OutOfMemoryError):  # of every device, from torch 2.5 on
        return True
    return isinstance(error, RuntimeError) and "out of memory" in str(error).lower()
