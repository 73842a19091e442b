"""Makes the weights of the speaker encoder in ``f5_pipeline/quality/neural/ge2e/`` from Resemblyzer's wheel:

    pip download --no-deps Resemblyzer==0.1.4
    python tools/speaker_encoder.py Resemblyzer-0.1.4-py3-none-any.whl

The wheel has the weights with their optimiser's state, 17 MB, as a pickle; here they are 16-bit safetensors, 2.8 MB.
The package itself is no dependency: it requires a build of webrtcvad, and a module that SciPy no longer has.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "f5_pipeline/quality/neural/ge2e"
SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"  # of resemblyzer/pretrained.pt


def main(wheel: str) -> None:
    import safetensors.torch
    import torch

    with zipfile.ZipFile(wheel) as archive:
        checkpoint = archive.read("resemblyzer/pretrained.pt")
        licence = archive.read("Resemblyzer-0.1.4.dist-info/LICENSE")
    if hashlib.sha256(checkpoint).hexdigest() != SHA256:
        sys.exit(f"{wheel} has other weights than those that were tested.")
    state = torch.load(io.BytesIO(checkpoint), map_location="cpu", weights_only=True)["model_state"]
    weights = {name: value.half() for name, value in state.items() if name.startswith(("lstm.", "linear."))}
    safetensors.torch.save_file(weights, FOLDER / "encoder.safetensors")
    (FOLDER / "LICENSE.txt").write_bytes(licence)


if __name__ == "__main__":
    main(*sys.argv[1:])
