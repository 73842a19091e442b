"""The setting ``F5_DEVICE``: names of devices. Which of them exist here, ``environment.accelerators`` asks torch."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

#: Kinds of device that torch itself names. An extension of torch may add another one, such as npu.
KINDS = ("auto", "cpu", "cuda", "mps", "xpu")
_WITHOUT_NUMBER = ("auto", "cpu", "mps")
_NAME = re.compile(r"([a-z][a-z0-9_]*)(?::(\d{1,4}))?")
_ALLOWED = "must be auto, cpu, cuda, cuda:N, mps, xpu, xpu:N or another accelerator of torch"
_ANY = "set F5_DEVICE=auto for the GPU that torch sees"
_HINTS = {
    _ANY: ("gpu", "default", "none", "tpu", "xla", "vulkan", "opencl", "directml", "dml", "meta"),
    "torch calls an NVIDIA GPU cuda: set F5_DEVICE=cuda": ("nvidia", "geforce", "rtx"),
    "torch's builds for ROCm call an AMD GPU cuda: set F5_DEVICE=cuda": ("amd", "hip", "radeon", "rocm"),
    "torch calls the GPU of a Mac mps: set F5_DEVICE=mps": ("apple", "mac", "metal"),
    "torch calls an Intel GPU xpu: set F5_DEVICE=xpu": ("arc", "intel", "sycl"),
}


def kind_of(device: str) -> str:
    """ "cuda" of "cuda:1"."""
    return device.partition(":")[0]


def _device(value: str) -> str:
    """The name in torch's spelling: in lower case, the number without leading zeros."""
    found = _NAME.fullmatch(value.strip().lower())
    if found is None:
        raise PydanticCustomError("device", _ALLOWED)
    kind, number = found[1], int(found[2] or 0)
    hint = _hint(kind)
    if hint or (number and kind in _WITHOUT_NUMBER):
        raise PydanticCustomError("device", f"{_ALLOWED}{hint}")
    return kind if found[2] is None or kind in _WITHOUT_NUMBER else f"{kind}:{number}"


def _hint(kind: str) -> str:
    """What to set instead of a name that no device of torch has; "" for any other name."""
    if kind in KINDS:
        return ""
    for hint, names in _HINTS.items():
        if kind in names:
            return f"; {hint}"
    close = get_close_matches(kind, KINDS, n=1, cutoff=0.7)
    return f"; did you mean {close[0]}?" if close else ""


#: ``auto``, or a device by torch's name for it.
Device = Annotated[str, AfterValidator(_device)]
