"""FFmpeg's programs as independent witnesses of what a file is and how loud it sounds."""

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
    """Its path. Without it the test is skipped, in CI it fails."""
    found = shutil.which(name)
    if found is None:
        assert not os.environ.get("CI"), f"{name} is missing"
        pytest.skip(f"{name} is not installed")
    return found


def probe(path: Path) -> dict[str, Any]:
    """What ffprobe says of a file, which it must like: ``streams``, ``chapters``, ``format``."""
    options = ["-v", "error", "-show_streams", "-show_chapters", "-show_format", "-of", "json"]
    done = subprocess.run([program("ffprobe"), *options, str(path)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return dict(json.loads(done.stdout))


def sound_of(path: Path) -> dict[str, Any]:
    """The one audio stream of a file."""
    (stream,) = [each for each in probe(path)["streams"] if each["codec_type"] == "audio"]
    return dict(stream)


def loudness_of(path: Path) -> float:
    """Integrated loudness in LUFS by ffmpeg's ebur128."""
    command = [program("ffmpeg"), "-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128", "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", done.stderr)[-1])
