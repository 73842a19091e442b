"""Proves that flash_attn works: imports it in a new interpreter and compares its kernels with torch's attention.

A wheel whose name matches may still fail to load or compute wrong results. f5_tts imports flash_attn if it is
installed, so a broken one breaks torch's attention too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from f5_pipeline.errors import GpuUnusable

_TIMEOUT = 600.0  # seconds; the first kernel loads a gigabyte, perhaps from a slow disk

# The imports of f5_tts, and both kernels that it calls: equal sequence lengths, and packed sequences.
PROOF_SCRIPT = """
import json, sys
if sys.argv[1]:
    sys.path.insert(0, sys.argv[1])
import torch
import torch.nn.functional as F

def report(**result):
    print("\\n" + json.dumps(result))

def torch_attention(q, k, v, dtype):
    q, k, v = (x.to(dtype).transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).float()

device = sys.argv[2]
if device:
    device = device if torch.cuda.is_available() else "cpu"
    generator = torch.Generator("cpu").manual_seed(0)
    lengths = [77, 130]
    try:
        q, k, v = (torch.randn(2, 130, 4, 64, generator=generator).to(device, torch.float16) for _ in range(3))
        exact = torch_attention(q, k, v, torch.float32)
        allowed = 2 * (torch_attention(q, k, v, torch.float16) - exact).abs().max().item() + 1e-3
    except Exception as failure:
        report(gpu=device, gpu_failure=str(failure))
        sys.exit()

import flash_attn
from flash_attn import flash_attn_func, flash_attn_varlen_func
from flash_attn.bert_padding import pad_input, unpad_input

if not device:
    report(version=flash_attn.__version__, file=flash_attn.__file__, error=None, allowed=None)
    sys.exit()

error = (flash_attn_func(q, k, v).float() - exact).abs().max().item()

mask = torch.arange(130, device=device)[None] < torch.tensor(lengths, device=device)[:, None]
packed, indices, ends, longest, *_ = unpad_input(q, mask)
k_packed, v_packed = unpad_input(k, mask)[0], unpad_input(v, mask)[0]
out = flash_attn_varlen_func(packed, k_packed, v_packed, ends, ends, longest, longest)
out = pad_input(out, indices, 2, 130).float()
for row, length in enumerate(lengths):
    part = slice(row, row + 1), slice(0, length)
    exact = torch_attention(q[part], k[part], v[part], torch.float32)
    error = max(error, (out[part] - exact).abs().max().item())

report(version=flash_attn.__version__, file=flash_attn.__file__, error=error, allowed=allowed)
"""


@dataclass(frozen=True)
class Proof:
    """The result of a proof."""

    failure: str  # the reason why flash_attn does not work; "" if it works
    seconds: float
    version: str | None = None
    kernel_error: float | None = None  # largest difference from torch's attention in float32
    kernel_error_allowed: float | None = None  # twice the error of torch's float16 attention, plus 0.001

    @property
    def works(self) -> bool:
        return not self.failure


def prove_flash_attn(folder: Path | None = None, device: str | None = None) -> Proof:
    """Run flash_attn in a new interpreter: the installed one, or the one in ``folder``.

    ``device``: the setting of that name, which selects the GPU. Without a device flash_attn is only imported, as f5_tts
    does on a machine where no kernel can run.

    Raises:
        GpuUnusable: the GPU does not even compute torch's own attention, so nothing follows for flash_attn.
    """
    started = time.monotonic()
    command = [sys.executable, "-c", PROOF_SCRIPT, str(folder or ""), "cuda" if device == "auto" else device or ""]
    try:
        # Not in the working folder, which may contain a torch.py of the user.
        done = subprocess.run(command, capture_output=True, text=True, cwd=sys.prefix, timeout=_TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return Proof(f"its first kernel did not return within {_TIMEOUT:.0f} s", time.monotonic() - started)
    return _evaluate(done, folder, time.monotonic() - started)


def _evaluate(done: subprocess.CompletedProcess[str], folder: Path | None, seconds: float) -> Proof:
    if done.returncode < 0:
        return Proof(f"it crashed the interpreter with signal {-done.returncode}", seconds)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return Proof(f"it does not run: {last[:300]}", seconds)
    try:
        result = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return Proof("its import ended the interpreter", seconds)
    if "gpu_failure" in result:
        raise GpuUnusable(result["gpu"], result["gpu_failure"].strip().splitlines()[0][:300])
    error, allowed, version = result["error"], result["allowed"], result["version"]
    failure = ""
    if folder is not None and not Path(result["file"]).is_relative_to(folder):
        failure = f"another flash_attn is imported instead: {result['file']}"
    elif error is not None and not error <= allowed:  # true for NaN too
        failure = f"its kernel is off by {error:.2g} from torch's attention, where {allowed:.2g} is allowed"
    return Proof(failure, seconds, version, error, allowed)
