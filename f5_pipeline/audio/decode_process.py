"""Decodes a recording in a process of its own, with limits of memory and time: files come from outside.

A file that makes a decoder crash, hang or fill the memory costs one recording and not the run. The program of that
process is this module.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from f5_pipeline.audio.decode import Decoded, Undecodable, decode

MAX_BYTES = 3 * 2**30  # of address space, of which a decoder uses a fraction
MAX_SECONDS = 60.0


def decode_apart(path: Path, limit: float, max_seconds: float = MAX_SECONDS, max_bytes: int = MAX_BYTES) -> Decoded:
    """``decode`` in a process of its own.

    Args:
        path: the recording.
        limit: seconds of it to decode.
        max_seconds: after which the process is killed.
        max_bytes: address space of the process.

    Raises:
        Undecodable: as ``decode``; or the decoder crashed, or exceeded a limit.
    """
    command = [sys.executable, "-m", __name__, str(path), str(limit), str(max_bytes)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=max_seconds, check=False)
    except subprocess.TimeoutExpired:
        raise Undecodable(f"decoding it takes more than {max_seconds:g} s; export it again as wav or flac") from None
    header, _, samples = done.stdout.partition(b"\n")
    if done.returncode or not header:
        reason = "it needs too much memory" if b"MemoryError" in done.stderr else f"exit code {done.returncode}"
        raise Undecodable(f"the decoder failed on it ({reason}); export it again as wav or flac")
    answer = json.loads(header)
    if "error" in answer:
        raise Undecodable(answer["error"])
    return Decoded(np.frombuffer(samples, np.float32).copy(), answer["sample_rate"], answer["seconds"])


def _main(path: str, limit: str, max_bytes: str) -> None:
    with suppress(ValueError, OSError):  # macOS has no limit of the address space
        resource.setrlimit(resource.RLIMIT_AS, (int(max_bytes), int(max_bytes)))
    try:
        decoded = decode(Path(path), float(limit))
    except Undecodable as error:
        print(json.dumps({"error": str(error)}))
        return
    header = {"sample_rate": decoded.sample_rate, "seconds": decoded.seconds}
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + decoded.samples.tobytes())


if __name__ == "__main__":
    _main(*sys.argv[1:])
