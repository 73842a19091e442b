"""Chooses the device, the number format and the size of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f5_pipeline.errors import BadSetting

if TYPE_CHECKING:
    import torch

_MEMORY_SHARE = 0.5  # of the free memory; the rest is for the vocoder, fragmentation and other programs
_ACTIVATIONS = 40  # activations of model width per frame at a block's peak; an upper estimate from measurements
_MAX_FRAMES = 60_000  # about ten minutes of audio; a larger batch has no higher throughput, only more latency


def choose_device(device: str) -> torch.device:
    """The device that ``F5_DEVICE`` names; "auto" is a GPU if torch sees one, else the CPU.

    Raises:
        BadSetting: torch does not see the GPU.
    """
    import torch

    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    chosen = torch.device(device)
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        seen = torch.cuda.device_count()
        gpus = "1 GPU" if seen == 1 else f"{seen} GPUs"
        reason = f"{device} is not available: torch {torch.__version__} sees {gpus}."
        raise BadSetting("Environment", "F5_DEVICE", reason)
    return chosen


def choose_precision(precision: str, device: torch.device) -> torch.dtype:
    """The number format that ``F5_PRECISION`` names.

    "auto" is bfloat16 where the hardware supports it (GPUs from Ampere on, CPUs with AVX512-BF16 or AMX), float16 on
    older GPUs, and float32 on other CPUs, which emulate bfloat16 at a tenth of the speed.
    """
    import torch

    if precision != "auto":
        return getattr(torch, precision)
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device)[0] >= 8 else torch.float16
    return torch.bfloat16 if _cpu_multiplies_bfloat16() else torch.float32


def _cpu_multiplies_bfloat16() -> bool:
    import torch

    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in names)


def batch_frames(transformer: Any, device: torch.device, bytes_per_value: int) -> int:
    """The most mel frames (reference + generated) that one batch may have.

    On a GPU: the frames whose activations, of both halves of guidance, fit half of the free memory.

    Args:
        transformer: upstream's backbone; its ``dim`` is used.
        device: where it runs.
        bytes_per_value: of the number format.
    """
    import torch

    if device.type != "cuda":
        return _MAX_FRAMES
    free, _ = torch.cuda.mem_get_info(device)
    bytes_per_frame = transformer.dim * _ACTIVATIONS * bytes_per_value * 2  # conditional and unconditional
    return max(1000, min(_MAX_FRAMES, int(free * _MEMORY_SHARE / bytes_per_frame)))
