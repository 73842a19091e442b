"""Three operations of F5's DiT in forms that suit the device.

On a CPU torch's own GELU, Mish and grouped convolution take a third of the model's time though they hold a tenth of
its arithmetic (``benchmarks/kernels.py``); the forms here compute the same values in fewer or faster passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

# gelu_tanh(x) = x · sigmoid(2 √(2/π) (x + 0.044715 x³)), since ½ (1 + tanh a) = sigmoid(2 a).
_GELU_LINEAR = 1.5957691216057308  # 2 √(2/π)
_GELU_CUBIC = _GELU_LINEAR * 0.044715
# Frames per block of the grouped convolution. A block reads 8 + 30 frames for 8 results: 1.2 times the arithmetic,
# as dense matrix products.
_BLOCK = 8
_BLOCKS_AT_ONCE = 16  # their windows, half a megabyte, stay in a core's cache between copy and product
_DENSE_GROUP = 32  # channels per group from which torch's own convolution is the faster one


def gelu_tanh(x: Tensor) -> Tensor:
    """GELU in its tanh approximation; same shape as ``x``."""
    import torch
    from torch.nn.functional import gelu

    if x.device.type != "cpu" or x.dtype != torch.float32:
        return gelu(x, approximate="tanh")
    return torch.addcmul(x.new_tensor(_GELU_LINEAR), x, x, value=_GELU_CUBIC).mul_(x).sigmoid_().mul_(x)


def mish(x: Tensor) -> Tensor:
    """Mish, x · tanh(log(1 + eˣ)); same shape as ``x``."""
    import torch
    from torch.nn import functional

    if x.device.type != "cpu" or x.dtype != torch.float32:
        return functional.mish(x)
    e = x.clamp(max=20.0).exp_()  # beyond 20 the quotient is 1 in float32
    n = e * (e + 2.0)
    return n.div_(n + 2.0).mul_(x)


class SpacedConvolution:
    """A grouped 1-D convolution of odd width over frames laid out with gaps of half its width.

    Args:
        weight: (D, D / groups, width).
        bias: (D,).
    """

    def __init__(self, weight: Tensor, bias: Tensor, groups: int) -> None:
        self.weight, self.bias, self.groups = weight, bias, groups
        self.width = weight.shape[-1]
        dense = weight.device.type != "cpu" or weight.shape[1] >= _DENSE_GROUP
        self._blocks = None if dense else self._as_blocks()

    def _as_blocks(self) -> Tensor:
        """(groups, (block + width − 1) c, block c): the convolution of one block of frames as a matrix."""
        groups, c = self.groups, self.weight.shape[1]
        taps = self.weight.view(groups, c, c, self.width)
        matrix = self.weight.new_zeros(groups, _BLOCK + self.width - 1, c, _BLOCK, c)
        for frame in range(_BLOCK):
            matrix[:, frame : frame + self.width, :, frame] = taps.permute(0, 3, 2, 1)
        return matrix.reshape(groups, -1, _BLOCK * c)

    def __call__(self, frames: Tensor, spaced: Tensor, spaced_rows: int, bias: bool = True) -> Tensor:
        """Convolve ``frames`` (T, D), which lie at rows ``spaced`` (T,) of a layout of ``spaced_rows`` rows.

        Without ``bias`` only the linear part, whose values for a sum are the sum of its values.
        """
        from torch.nn.functional import conv1d

        half = self.width // 2
        rows = -(-spaced_rows // _BLOCK) * _BLOCK + 2 * half
        laid = frames.new_zeros(rows, frames.shape[-1])
        laid[spaced] = frames
        if self._blocks is None:
            wide = conv1d(laid.t()[None], self.weight, padding=half, groups=self.groups)[0].t()
            out = wide[spaced]
        else:
            out = self._convolve_blocks(laid, (rows - 2 * half) // _BLOCK)[spaced - half]
        return out.add_(self.bias) if bias else out

    def _convolve_blocks(self, laid: Tensor, count: int) -> Tensor:
        """(count · block, D): row r is the convolution around row r + width // 2 of ``laid``."""
        import torch

        assert self._blocks is not None
        width, groups = laid.shape[-1], self.groups
        c, window = width // groups, _BLOCK + self.width - 1
        windows = laid.as_strided((groups, count, window, c), (c, _BLOCK * width, width, 1))
        out = laid.new_empty(count, _BLOCK, groups, c)
        for start in range(0, count, _BLOCKS_AT_ONCE):
            part = windows[:, start : start + _BLOCKS_AT_ONCE].reshape(groups, -1, window * c)
            done = torch.bmm(part, self._blocks).view(groups, -1, _BLOCK, c)
            out[start : start + _BLOCKS_AT_ONCE] = done.permute(1, 2, 0, 3)
        return out.view(count * _BLOCK, width)
