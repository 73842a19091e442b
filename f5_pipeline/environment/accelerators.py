"""The devices that torch offers on this machine. torch is handed in, or imported in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from f5_pipeline.errors import BadSetting, EnvironmentBroken

_BUILT_IN = ("cuda", "xpu", "mps")
_SCRIPT = """
import json, torch
from f5_pipeline.environment.accelerators import available
print("\\n" + json.dumps([torch.__version__, available(torch)]))
"""


def best(torch: Any) -> str:
    """The kind of accelerator that torch prefers on this machine; "cpu" if it sees none."""
    accelerator = getattr(torch, "accelerator", None)  # from torch 2.6 on
    if accelerator is None:
        return next((kind for kind in _BUILT_IN if _count(torch, kind)), "cpu")
    return str(accelerator.current_accelerator().type) if accelerator.is_available() else "cpu"


def available(torch: Any) -> list[str]:
    """The names of all devices that torch can use here, the preferred kind first: "cuda:0", "cuda:1", "cpu"."""
    extension = torch.device("privateuseone").type  # the name that an extension gave it: "npu", for example
    kinds = dict.fromkeys([best(torch), *_BUILT_IN, extension])
    found = [name for kind in kinds for name in _names(kind, _count(torch, kind))]
    return [*found, "cpu"]


def check_device(torch: Any, device: str) -> None:
    """Raises ``BadSetting`` if torch does not offer the device ``F5_DEVICE`` here."""
    _refuse_missing(device, torch.__version__, available(torch))


def check_device_apart(device: str) -> None:
    """``check_device`` in a process of its own, which takes seconds.

    Raises:
        BadSetting: torch does not offer the device here.
        EnvironmentBroken: torch cannot be imported.
    """
    # Not in the working folder, which may contain a torch.py of the user.
    command = [sys.executable, "-c", _SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, cwd=sys.prefix, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it crashed without a message"])[-1]
        raise EnvironmentBroken("torch", last[:300])
    version, names = json.loads(done.stdout.strip().splitlines()[-1])
    _refuse_missing(device, version, names)


def _refuse_missing(device: str, version: str, names: list[str]) -> None:
    if device not in names and f"{device}:0" not in names:
        offered = ", ".join(names)
        reason = f"{device} is not available: torch {version} sees {offered} here. Set one of these, or auto."
        raise BadSetting("Environment", "F5_DEVICE", reason)


def _count(torch: Any, kind: str) -> int:
    """The number of devices of a kind; 0 if this torch, or this machine, has none."""
    count = getattr(getattr(torch, kind, None), "device_count", None)
    return int(count()) if count is not None and kind != "cpu" else 0


def _names(kind: str, count: int) -> list[str]:
    return ["mps"] if kind == "mps" and count else [f"{kind}:{index}" for index in range(count)]
