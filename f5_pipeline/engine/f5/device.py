"""Choosing the device, the number format and the size of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f5_pipeline.errors import BadSetting

if TYPE_CHECKING:
    import torch

_HALF_OF_FREE = 0.5  # of the free memory: the rest is for the vocoder, fragmentation and other programs
_ACTIVATIONS = 40  # values of model width held for each frame at the peak of a block, measured generously
_MOST_FRAMES = 60_000  # about ten minutes of audio: beyond this a batch is no faster, only later


def choose_device(device: str) -> torch.device:
    """The device that ``F5_DEVICE`` names; "auto": a GPU if torch sees one.

    Raises:
        BadSetting: a GPU is asked for and torch sees none.
    """
    import torch

    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    chosen = torch.device(device)
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        seen = torch.cuda.device_count()
        raise BadSetting(
            "Environment", "F5_DEVICE", f"{device} is not there: torch {torch.__version__} sees {seen} GPUs."
        )
    return chosen


def choose_precision(precision: str, device: torch.device) -> torch.dtype:
    """The number format that ``F5_PRECISION`` names.

    "auto" is bfloat16 where the hardware multiplies it (GPUs from Ampere on, CPUs with AVX512-BF16 or AMX), float16
    on older GPUs, and float32 on other CPUs, which emulate bfloat16 ten times slower.
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
    """How many mel frames (reference + generated) one batch may have."""
    import torch

    if device.type != "cuda":
        return _MOST_FRAMES
    free, _ = torch.cuda.mem_get_info(device)
    bytes_per_frame = transformer.dim * _ACTIVATIONS * bytes_per_value * 2  # and the unconditional half
    return max(1000, min(_MOST_FRAMES, int(free * _HALF_OF_FREE / bytes_per_frame)))
