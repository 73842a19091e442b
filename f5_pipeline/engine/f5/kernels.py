"""The operations between the matrix products of F5's DiT, in forms that suit the device.

On a CPU torch's own GELU, Mish and grouped convolution take a third of the model's time with a tenth of its
arithmetic (``benchmarks/kernels.py``); the functions here compute the same values in fewer or faster passes. On a GPU
one pass over memory takes about a tenth of a matrix product's time, so several operations are fused into one kernel.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import Tensor, device

Function = TypeVar("Function", bound=Callable[..., Any])

_log = logging.getLogger(__name__)

# gelu_tanh(x) = x · sigmoid(2 √(2/π) (x + 0.044715 x³)), since ½ (1 + tanh a) = sigmoid(2 a).
_GELU_LINEAR = 1.5957691216057308  # 2 √(2/π)
_GELU_CUBIC = _GELU_LINEAR * 0.044715
# Frames per block of the grouped convolution. A block reads 8 + 30 frames for 8 results: 1.2 times the arithmetic,
# but in dense matrix products.
_BLOCK = 8
_BLOCKS_AT_ONCE = 16  # their windows, half a megabyte, stay in a core's cache between copy and product
_DENSE_GROUP = 32  # channels per group from which torch's own convolution is faster


def fused(function: Function, on: device) -> Function:
    """The function compiled into one kernel on a GPU with Triton; elsewhere the function itself."""
    if on.type != "cuda" or importlib.util.find_spec("triton") is None:
        return function
    return Compiled(function)  # type: ignore[return-value]


class Compiled:
    """A function of tensors, compiled into one kernel at its first call.

    Falls back to the function itself, with a warning, where compilation fails. The kernel accepts any number of
    frames (the first dimension of tensors with several); all other sizes are fixed.
    """

    def __init__(self, function: Callable[..., Any], backend: str | Callable[..., Any] = "inductor") -> None:
        self._function, self._backend = function, backend
        self._compiled: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        import torch

        if self._compiled is None:
            self._compiled = self._compile()
        if self._compiled is self._function:
            return self._function(*args)
        import torch._dynamo

        frames = args[0].shape[0]
        for arg in args:
            if isinstance(arg, torch.Tensor) and arg.ndim > 1 and arg.shape[0] == frames:
                torch._dynamo.maybe_mark_dynamic(arg, 0)
        try:
            return self._compiled(*args)
        except torch._dynamo.exc.TorchDynamoException as error:
            # Compilation failed, before anything was computed: a missing C compiler or Python header, for example.
            text = str(error)
            if "out of memory" in text.lower() or "OutOfMemoryError" in text:  # temporary: the next call may compile
                raise torch.cuda.OutOfMemoryError(text) from None
            return self._give_up(error)(*args)

    def _compile(self) -> Callable[..., Any]:
        import torch

        try:
            import torch._inductor.config

            if "TORCHINDUCTOR_COMPILE_THREADS" not in os.environ:
                torch._inductor.config.compile_threads = 1  # a process pool takes longer to start than two kernels
            return torch.compile(self._function, backend=self._backend)
        except (ImportError, RuntimeError) as error:  # a Python release that this torch does not support
            return self._give_up(error)

    def _give_up(self, error: Exception) -> Callable[..., Any]:
        _log.warning("%s could not be compiled and runs slower: %s", self._function.__name__, str(error).strip())
        self._compiled = self._function
        return self._function


def rotate(qk: Tensor, rotation: Tensor, heads: int, norm: Tensor | None) -> Tensor:
    """Apply the rotary embedding to queries and keys; each pair of neighbouring channels is a complex number.

    RoPE: arXiv 2104.09864.

    Args:
        qk: (T, 2, H, d) queries and keys.
        rotation: (T, d / 2, 2) float32, cosines and sines; on a CPU (T, 2, heads, d / 2) complex64.
        heads: the number of leading heads to rotate.
        norm: (2, 1, d) weights of the RMS norms applied before, or None.

    Returns:
        (T, 2, H, d). On a CPU, without norms, ``qk`` itself, modified in place.
    """
    import torch
    from torch.nn.functional import rms_norm

    if norm is not None:
        qk = rms_norm(qk, (qk.shape[-1],), eps=1e-6) * norm
    if rotation.is_complex():
        part = qk[:, :, :heads]
        turned = torch.view_as_complex(part.float().unflatten(-1, (-1, 2))).mul_(rotation)
        if qk.dtype != torch.float32:
            part.copy_(torch.view_as_real(turned).flatten(-2))
        return qk
    even, odd = qk[:, :, :heads].float().unflatten(-1, (-1, 2)).unbind(-1)
    cosine, sine = rotation[:, None, None].unbind(-1)
    turned = torch.stack((even * cosine - odd * sine, odd * cosine + even * sine), -1).flatten(-2).to(qk.dtype)
    return turned if heads == qk.shape[2] else torch.cat((turned, qk[:, :, heads:]), dim=2)


def add_and_norm(h: Tensor, x: Tensor, gate: Tensor, weight: Tensor, shift: Tensor) -> Tensor:
    """h += gate · x, in place; returns LayerNorm(h), (T, D). ``h``, ``x``: (T, D); the others: (D,)."""
    from torch.nn.functional import layer_norm

    h.addcmul_(x, gate)
    return layer_norm(h, h.shape[-1:], weight, shift, 1e-6)


def project_gelu(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """gelu(x W + b): (T, D) → (T, F). ``weight``: (D, F)."""
    import torch

    if x.device.type == "cuda":  # cuBLAS fuses the GELU into the matrix product
        return torch._addmm_activation(bias, x, weight, use_gelu=True)
    return gelu_tanh(torch.addmm(bias, x, weight))


def gelu_tanh(x: Tensor) -> Tensor:
    """GELU in its tanh approximation (arXiv 1606.08415); same shape as ``x``."""
    import torch
    from torch.nn.functional import gelu

    if x.device.type != "cpu":
        return gelu(x, approximate="tanh")
    if x.dtype != torch.float32:
        return gelu_tanh(x.float()).to(x.dtype)  # twice as fast as in half precision
    return torch.addcmul(x.new_tensor(_GELU_LINEAR), x, x, value=_GELU_CUBIC).mul_(x).sigmoid_().mul_(x)


def mish(x: Tensor) -> Tensor:
    """Mish, x · tanh(log(1 + eˣ)) = x · n / (n + 2) with n = eˣ (eˣ + 2) (arXiv 1908.08681); same shape as ``x``."""
    import torch
    from torch.nn import functional

    if x.device.type != "cpu":
        return functional.mish(x)
    if x.dtype != torch.float32:
        return mish(x.float()).to(x.dtype)
    e = x.clamp(max=20.0).exp_()  # beyond 20 the quotient is 1 in float32
    n = e * (e + 2.0)
    return n.div_(n + 2.0).mul_(x)


class GappedConvolution:
    """A grouped 1-D convolution of odd width over sequences laid out with gaps of half that width.

    Args:
        weight: (D, D / groups, width).
        bias: (D,).
        groups: the number of groups, each of c = D / groups channels.
    """

    def __init__(self, weight: Tensor, bias: Tensor, groups: int) -> None:
        self.weight, self.bias, self.groups = weight, bias, groups
        self.width = weight.shape[-1]
        dense = weight.device.type == "cpu" and weight.shape[1] >= _DENSE_GROUP
        self._blocks = None if dense else self._as_blocks()
        self._at_once = _BLOCKS_AT_ONCE if weight.device.type == "cpu" else None

    def _as_blocks(self) -> Tensor:
        """(groups, (block + width − 1) c, block c): the convolution of one block of frames as a matrix."""
        groups, c = self.groups, self.weight.shape[1]
        taps = self.weight.view(groups, c, c, self.width)
        matrix = self.weight.new_zeros(groups, _BLOCK + self.width - 1, c, _BLOCK, c)
        for frame in range(_BLOCK):
            matrix[:, frame : frame + self.width, :, frame] = taps.permute(0, 3, 2, 1)
        return matrix.reshape(groups, -1, _BLOCK * c)

    def __call__(self, frames: Tensor, gapped: Tensor, gapped_rows: int, bias: bool = True) -> Tensor:
        """Convolve packed frames, each sequence on its own.

        Args:
            frames: (T, D).
            gapped: (T,) int64, the row of each frame in the layout with gaps (``Layout.gapped``).
            gapped_rows: the number of rows of that layout.
            bias: False: only the linear part, so that the results of two terms can be added.

        Returns:
            (T, D).
        """
        from torch.nn.functional import conv1d

        half = self.width // 2
        rows = -(-gapped_rows // _BLOCK) * _BLOCK + 2 * half
        spread = frames.new_zeros(rows, frames.shape[-1])
        spread[gapped] = frames
        if self._blocks is None:
            convolved = conv1d(spread.t()[None], self.weight, padding=half, groups=self.groups)[0].t()
            out = convolved[gapped]
        else:
            out = self._convolve_blocks(spread, (rows - 2 * half) // _BLOCK)[gapped - half]
        return out.add_(self.bias) if bias else out

    def _convolve_blocks(self, spread: Tensor, count: int) -> Tensor:
        """(count · block, D): row r is the convolution around row r + width // 2 of ``spread``."""
        import torch

        assert self._blocks is not None
        width, groups = spread.shape[-1], self.groups
        c, window = width // groups, _BLOCK + self.width - 1
        windows = spread.as_strided((groups, count, window, c), (c, _BLOCK * width, width, 1))
        out = spread.new_empty(count, _BLOCK, groups, c)
        at_once = self._at_once or count
        for start in range(0, count, at_once):
            part = windows[:, start : start + at_once].reshape(groups, -1, window * c)
            done = torch.bmm(part, self._blocks).view(groups, -1, _BLOCK, c)
            out[start : start + at_once] = done.permute(1, 2, 0, 3)
        return out.view(count * _BLOCK, width)
