"""The CPU code of three operations (``engine/f5/kernels.py``) against torch's own, at the demo model's sizes.

    python benchmarks/kernels.py

One thread, two sequences of 530 frames (an utterance and its unconditional half), best of 30, in milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch.nn import functional

from f5_pipeline.engine.f5.kernels import GappedConvolution, gelu_tanh, mish
from f5_pipeline.engine.f5.packed import make_layout

FRAMES, WIDTH, INNER, GROUPS, TAPS = 530, 224, 448, 16, 31


def best(call: Callable[[], object], runs: int = 30) -> float:
    """The shortest CPU time of a call, in milliseconds."""
    times = []
    for _ in range(runs):
        started = time.process_time()
        call()
        times.append(time.process_time() - started)
    return 1e3 * min(times)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    inner, frames = torch.randn(2 * FRAMES, INNER), torch.randn(2 * FRAMES, WIDTH)
    layer = torch.nn.Conv1d(WIDTH, WIDTH, TAPS, groups=GROUPS, padding=TAPS // 2)
    layout = make_layout((FRAMES, FRAMES), TAPS // 2, torch.device("cpu"))
    gapped = GappedConvolution(layer.weight, layer.bias, GROUPS)
    channels_first = frames.view(2, FRAMES, WIDTH).transpose(1, 2).contiguous()
    with torch.inference_mode():
        rows = {
            "GELU (tanh)": (lambda: gelu_tanh(inner), lambda: functional.gelu(inner, approximate="tanh")),
            "Mish": (lambda: mish(frames), lambda: functional.mish(frames)),
            "grouped convolution": (
                lambda: gapped(frames, layout.gapped, layout.gapped_rows),
                lambda: layer(channels_first),
            ),
        }
        print("| operation | ours, ms | torch, ms | ratio |\n|---|---:|---:|---:|")
        for name, (ours, torchs) in rows.items():
            our_time, torch_time = best(ours), best(torchs)
            print(f"| {name} | {our_time:.2f} | {torch_time:.2f} | {torch_time / our_time:.2f} |")


if __name__ == "__main__":
    main()
