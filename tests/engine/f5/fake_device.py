"""A device that is neither a CPU nor a GPU of NVIDIA: torch's own key for other vendors, ``PrivateUse1``, named "npu".

Its tensors are on "npu:0": torch and this module refuse to mix them with tensors of the CPU, as any accelerator does.
The CPU computes each operation on the tensors inside. A test may take operations away, or spoil their results.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._pytree import tree_map, tree_map_only
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

DEVICE = "npu:0"


class FakeNpu:
    """The device, and the module ``torch.npu``. Torch sees it only while it is plugged in."""

    def __init__(self) -> None:
        self.reset()

    def reset(self, count: int = 0) -> None:
        self.count = count
        self.lacking: set[str] = set()  # operations that it does not have: "aten::mish"
        self.spoiled: set[str] = set()  # operations with wrong results
        self.full = False  # its memory
        self.operations: set[str] = set()  # those that it ran

    def device_count(self) -> int:
        return self.count

    def is_available(self) -> bool:
        return self.count > 0

    def is_initialized(self) -> bool:
        return True

    def current_device(self) -> int:
        return 0

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, seed: int) -> None: ...


class NpuTensor(torch.Tensor):
    """A tensor on the device; ``inner`` has its values."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> NpuTensor:
        layout = {"strides": inner.stride(), "storage_offset": inner.storage_offset(), "dtype": inner.dtype}
        with torch.inference_mode(False):  # else torch refuses to make it a view of a normal tensor
            made = torch.Tensor._make_wrapper_subclass(cls, inner.shape, **layout, device=DEVICE)  # type: ignore[attr-defined]
            made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(function, args, kwargs or {})


@functools.cache
def fake_npu() -> FakeNpu:
    """The device, unplugged. Torch keeps its name until the process ends."""
    npu = FakeNpu()
    _setup_privateuseone_for_python_backend("npu", npu)
    library = torch.library.Library("_", "IMPL")
    library.fallback(lambda function, *args, **kwargs: _run(function, args, kwargs), "PrivateUse1")
    fake_npu.library = library  # type: ignore[attr-defined]
    return npu


def _run(function: Any, args: Any, kwargs: Any) -> Any:
    """Run an operation on the tensors inside."""
    npu, name = fake_npu(), function.name().partition(".")[0]
    given = [each for each in torch.utils._pytree.tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
    if name in npu.lacking:
        reason = f"The operator '{name}' is not currently implemented for the NPU device. Please comment on it."
        raise NotImplementedError(reason)
    if npu.full:
        raise RuntimeError("NPU backend out of memory (allocated: 9.00 GB)")
    copies = name in ("aten::_to_copy", "aten::copy_")
    if not copies and any(each.device.type == "cpu" and each.ndim for each in given):
        raise RuntimeError(f"{name}: expected all tensors to be on the same device, npu:0 and cpu found")
    npu.operations.add(name)
    target = kwargs.get("device") or (DEVICE if any(isinstance(each, NpuTensor) for each in given) else "cpu")
    inside = tree_map_only(NpuTensor, lambda tensor: tensor.inner, (args, kwargs))
    options = {**inside[1], **({"device": "cpu"} if "device" in kwargs else {})}
    result = function(*inside[0], **options)
    if name in npu.spoiled:
        result = result * 3
    return tree_map(_outside(given, torch.device(target).type == "npu"), result)


def _outside(given: list[torch.Tensor], on_npu: bool) -> Callable[[Any], Any]:
    """Results as tensors of the device; a tensor that was given (in place, ``out=``) stays that tensor."""
    known = {id(each.inner): each for each in given if isinstance(each, NpuTensor)}

    def outside(result: Any) -> Any:
        if not isinstance(result, torch.Tensor) or not on_npu:
            return result
        return known[id(result)] if id(result) in known else NpuTensor(result)

    return outside
