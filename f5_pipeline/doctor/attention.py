"""Which attention a run would use here: what was proven, what would be installed, or why torch's own."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from importlib.util import find_spec

from f5_pipeline.doctor.engine import Imports
from f5_pipeline.doctor.finding import Finding, of_error, ok, warn
from f5_pipeline.environment.attention import obstacle_to_flash_attn, proven_before
from f5_pipeline.environment.install import obstacle_to_installing, origin_of_installed
from f5_pipeline.environment.platform import read_tags
from f5_pipeline.environment.wheels import NoWheel, Wheel, choose_wheel
from f5_pipeline.errors import AttentionUnavailable, FlashAttnBroken
from f5_pipeline.settings.environment import Settings

NAME = "attention"


@dataclass(frozen=True)
class Prospect:
    """What the environment says a run would do, as far as that can be told without doing it."""

    proven: str = ""  # what a run found out before, unchanged since; "": nothing
    obstacle: str = ""  # why flash_attn is out of the question; "": it is not
    wheel: Wheel | None = None  # that would be installed
    ours: bool = False  # whether the installed flash_attn is of our installing
    where: str = ""  # it is


def see_prospect(settings: Settings) -> Prospect:
    """Of this machine.

    Raises:
        EnvironmentBroken: torch is installed and does not start.
    """
    spec = find_spec("flash_attn")
    installed = Prospect(ours=origin_of_installed() is not None, where=str(spec.origin) if spec else "")
    if (known := proven_before(settings)) is not None:
        return replace(installed, proven=known.reason)
    tags = read_tags(settings.device)
    if (obstacle := obstacle_to_flash_attn(settings, tags)) is not None:
        return replace(installed, obstacle=obstacle)
    wheel = choose_wheel(tags, settings.wheels, settings.flash_attn)
    if isinstance(wheel, NoWheel):
        return replace(installed, obstacle=f"{wheel.reason}; to have flash_attn, {wheel.help}")
    return replace(installed, obstacle=obstacle_to_installing() or "", wheel=wheel)


def judge_attention(imports: Imports, prospect: Prospect, wanted: str) -> Finding:
    """``wanted`` is ``F5_ATTENTION``. A broken flash_attn comes first: it breaks f5_tts, whatever is wanted."""
    if said := imports.failures.get("flash_attn", ""):
        return _broken(said, prospect)
    if prospect.proven:
        return ok(NAME, f"Proven here: {prospect.proven.rstrip('.')}.")
    if "flash_attn" in imports.failures and not prospect.obstacle:
        return ok(NAME, "flash_attn is installed and imports; the first run proves its kernels.")
    if prospect.wheel is not None and not prospect.obstacle:
        note = f" ({prospect.wheel.note})" if prospect.wheel.note else ""
        size = prospect.wheel.wheel_bytes / 1e6
        return ok(NAME, f"The first run installs {prospect.wheel.name}{note}, {size:,.0f} MB.")
    if wanted == "flash_attn":
        return of_error(NAME, AttentionUnavailable(prospect.obstacle.rstrip(".")))
    return ok(NAME, f"torch's own, because {prospect.obstacle.rstrip('.')}.")


def _broken(said: str, prospect: Prospect) -> Finding:
    if prospect.ours:
        return warn(NAME, f"The installed flash_attn is broken: {said}.", "The next run replaces it by itself.")
    command = f"{sys.executable} -m pip uninstall flash_attn"
    return of_error(NAME, FlashAttnBroken(prospect.where, said, command))
