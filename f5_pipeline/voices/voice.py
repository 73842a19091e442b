"""A reference voice, prepared on this machine. ``voices.prepare`` makes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    """A prepared voice: reference audio and text, or the problems that make it unusable."""

    name: str
    problems: tuple[str, ...]  # reasons why it is unusable; empty: usable
    warnings: tuple[str, ...] = ()
    audio: str = ""  # local path of the prepared reference: WAV, 24 kHz, mono, 16 bit
    text: str = ""  # ref_text as given to the model
    fingerprint: str = ""  # sha256 of the prepared samples and the text
    audio_seconds: float = 0.0  # of the prepared reference
    speech_seconds: float = 0.0  # of it, without the silence appended at its end
    language: str | None = None  # this and the next two: from voices/NAME.toml
    speed: float | None = None
    model: str | None = None

    @property
    def usable(self) -> bool:
        """True if the voice has no problems."""
        return not self.problems
