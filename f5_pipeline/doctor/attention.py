"""The attention kernel that a run would use: already proven, to be installed, or torch's own and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from f5_pipeline.doctor.finding import Finding, from_error, ok, warn
from f5_pipeline.doctor.imports import Imports
from f5_pipeline.environment.attention import obstacle_to_flash_attn, proven_before
from f5_pipeline.environment.install import obstacle_to_installing, origin_of_installed
from f5_pipeline.environment.installed import (
    empty_remains,
    explain_failure,
    flash_attn_location,
    other_owners,
    removal_command,
)
from f5_pipeline.environment.platform import PlatformTags, read_tags
from f5_pipeline.environment.wheels import NoWheel, Wheel, choose_wheel
from f5_pipeline.errors import AttentionUnavailable, FlashAttnBroken
from f5_pipeline.settings.environment import Settings, address_of

NAME = "attention"


@dataclass(frozen=True)
class AttentionPlan:
    """What a run would do about flash_attn, as far as that is known without doing it."""

    proven: str = ""  # result of an earlier proof that is still valid; "": none
    obstacle: str = ""  # why flash_attn cannot be used; "": it can
    wheel: Wheel | None = None  # to be installed
    replaceable: bool = False  # True if the next run removes a broken flash_attn by itself
    location: str = ""  # of the present flash_attn


def probe_attention(settings: Settings, read: Callable[[str], PlatformTags] = read_tags) -> AttentionPlan:
    """The plan for this machine. ``read`` gives the platform of the device ``F5_DEVICE``.

    Raises:
        EnvironmentBroken: torch is installed and does not start.
    """
    plan = AttentionPlan(
        replaceable=(origin_of_installed() is not None and not other_owners()) or bool(empty_remains()),
        location=flash_attn_location(),
    )
    if (known := proven_before(settings)) is not None:
        return replace(plan, proven=known.reason)
    tags = read(settings.device)
    if (obstacle := obstacle_to_flash_attn(settings, tags)) is not None:
        return replace(plan, obstacle=obstacle)
    wheel = choose_wheel(tags, address_of(settings.wheels), address_of(settings.flash_attn))
    if isinstance(wheel, NoWheel):
        return replace(plan, obstacle=f"{wheel.reason}; to have flash_attn, {wheel.help}")
    return replace(plan, obstacle=obstacle_to_installing() or "", wheel=wheel)


def check_attention(imports: Imports, plan: AttentionPlan, setting: str) -> Finding:
    """``setting`` is ``F5_ATTENTION``. A broken flash_attn comes first: it breaks f5_tts whatever the setting."""
    if error := imports.errors.get("flash_attn", ""):
        return _broken(error, plan)
    if plan.proven:
        return ok(NAME, f"Proven here: {plan.proven.rstrip('.')}.")
    if "flash_attn" in imports.errors and not plan.obstacle:
        return ok(NAME, "flash_attn is installed and imports; the first run proves its kernels.")
    if plan.wheel is not None and not plan.obstacle:
        note = f" ({plan.wheel.note})" if plan.wheel.note else ""
        size = plan.wheel.wheel_bytes / 1e6
        return ok(NAME, f"The first run installs {plan.wheel.name}{note}, {size:,.0f} MB.")
    if setting == "flash_attn":
        return from_error(NAME, AttentionUnavailable(plan.obstacle.rstrip(".")))
    return ok(NAME, f"Runs use torch's own attention, because {plan.obstacle.rstrip('.')}.")


def _broken(error: str, plan: AttentionPlan) -> Finding:
    if plan.replaceable:
        return warn(
            NAME, f"The installed flash_attn is broken: {error}.", "No action is needed: the next run replaces it."
        )
    return from_error(NAME, FlashAttnBroken(plan.location, explain_failure(error), removal_command()))
