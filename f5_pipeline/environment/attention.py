"""Which attention this machine uses, torch's own or flash_attn's, and why.

This decides; what this machine is, is read in ``platform``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from f5_pipeline.environment.platform import PlatformTags, read_tags
from f5_pipeline.errors import AttentionUnavailable
from f5_pipeline.settings import Settings

_OLDEST_CAPABILITY = (8, 0)  # Ampere; flash_attn 2 has no kernels for older GPUs


@dataclass(frozen=True)
class EnvironmentReport:
    """What the check of the environment found and did."""

    attention: Literal["torch", "flash_attn"]
    reason: str  # a sentence: "torch attention, because …"
    tags: PlatformTags
    seconds: float
    bytes_downloaded: int = 0


def prove_environment(settings: Settings) -> EnvironmentReport:
    """Decide on the attention of this machine.

    Raises:
        AttentionUnavailable: ``F5_ATTENTION=flash_attn``, and it cannot be had here; says why.
    """
    started = time.monotonic()
    tags = read_tags(settings.device)
    obstacle = _obstacle(settings, tags)
    if settings.attention == "flash_attn" and obstacle is not None:
        raise AttentionUnavailable(obstacle)
    reason = f"torch attention, because {obstacle or 'flash_attn is not installed'}"
    return EnvironmentReport("torch", reason, tags, time.monotonic() - started)


def _obstacle(settings: Settings, tags: PlatformTags) -> str | None:
    """Why flash_attn is out of the question here, without looking any further; None: it is not."""
    if settings.attention == "torch":
        return "F5_ATTENTION is torch"
    if settings.device == "cpu":
        return "F5_DEVICE is cpu, and flash_attn's kernels run on GPUs only"
    if settings.precision == "float32":
        return "F5_PRECISION is float32, and flash_attn computes in 16 bit only"
    if tags.torch is None:
        return "torch is not installed"
    if tags.cuda is None:
        return f"torch {tags.torch} is built without CUDA"
    if tags.capability is None:
        return f"torch {tags.torch} (CUDA {tags.cuda}) sees no GPU"
    if tags.capability < _OLDEST_CAPABILITY:
        major, minor = tags.capability
        return f"{tags.gpu} has compute capability {major}.{minor}, and flash_attn 2 needs 8.0 (Ampere) or newer"
    return None
