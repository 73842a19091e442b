"""Reference recordings as files: their suffixes, the containers that are decoded, and what is decoded at most.

Plain values, so that a listing needs no decoder. ``audio.decode`` reads the files; the formats of delivered files are
in ``audio.formats``.
"""

from __future__ import annotations

#: Suffixes of recordings, in lower case. They only select files: the content decides how a file is decoded.
SUFFIXES = (
    *("wav", "flac", "mp3", "ogg", "opus", "m4a", "mp4", "webm", "aac", "aiff", "aif", "aifc", "wma", "oga", "mka"),
    *("mkv", "mov", "m4b", "m4v", "3gp", "caf", "au", "snd", "amr", "spx", "wave", "bwf", "rf64", "w64", "ac3", "mp2"),
    *("wv", "tta", "ape", "avi", "wmv"),
)
#: FFmpeg's names of the containers that are read. A playlist is none of them: it would make FFmpeg open other files.
CONTAINERS = (
    *("wav", "w64", "aiff", "au", "caf", "flac", "mp3", "ogg", "mov", "matroska", "aac", "asf", "amr", "ac3", "eac3"),
    *("mpegts", "mpeg", "avi", "wv", "tta", "ape"),
)

# The limits of a recording, all checked before its samples are decoded. Decoded samples are float32: those of a hostile
# file of a few kilobytes take 128 MiB at most. With the most channels at the highest rate, that is 21 s.
MAX_BYTES = 200 * 2**20  # about six minutes of 96 kHz, 24-bit stereo
SAMPLE_RATES = (4_000, 192_000)  # Hz, lowest and highest
MAX_CHANNELS = 8
MAX_VALUES = 2**25  # samples of all channels
_MIN_SECONDS = 60.0


def decoded_seconds(max_reference: float) -> float:
    """Seconds of a recording that are decoded for a reference of ``max_reference`` seconds: silence may surround it."""
    return max(_MIN_SECONDS, 3 * max_reference)
