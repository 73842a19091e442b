"""FFmpeg's programs as an independent reference: what a file contains, and how loud it is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


def program(name: str) -> str:
    """The path of a program. If it is missing, the test is skipped; in CI it fails."""
    found = shutil.which(name)
    if found is None:
        assert not os.environ.get("CI"), f"{name} is missing"
        pytest.skip(f"{name} is not installed")
    return found


def probe(path: Path) -> dict[str, Any]:
    """ffprobe's report without a warning: ``streams``, ``chapters``, ``format``."""
    options = ["-v", "error", "-show_streams", "-show_chapters", "-show_format", "-of", "json"]
    done = subprocess.run([program("ffprobe"), *options, str(path)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return dict(json.loads(done.stdout))


def audio_stream(path: Path) -> dict[str, Any]:
    """The only audio stream of a file."""
    (stream,) = [each for each in probe(path)["streams"] if each["codec_type"] == "audio"]
    return dict(stream)


def tags(path: Path) -> dict[str, str]:
    """The tags of a file, by name in lower case; in Ogg they belong to the stream."""
    found = probe(path)
    both = {**found["streams"][0].get("tags", {}), **found["format"].get("tags", {})}
    return {name.lower(): value for name, value in both.items()}


def ebur128(path: Path) -> tuple[float, float]:
    """Integrated loudness (LUFS) and true peak (dBTP) by ffmpeg's ``ebur128``."""
    command = [program("ffmpeg"), "-hide_banner", "-nostats", "-i", str(path)]
    done = subprocess.run(
        [*command, "-map", "0:a", "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    summary = done.stderr[done.stderr.rindex("Summary:") :]
    numbers = re.search(r"I:\s+(\S+) LUFS.*Peak:\s+(\S+) dBFS", summary, re.DOTALL)
    assert numbers, done.stderr
    return float(numbers[1]), float(numbers[2])
