"""A reference voice as the pipeline uses it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    """A voice made ready on this machine: reference audio + text, or what is wrong with it."""

    name: str
    problems: tuple[str, ...]  # why it is unusable; empty: usable
    warnings: tuple[str, ...] = ()
    audio: str = ""  # local path of the prepared reference: WAV, 24 kHz, mono, 16 bit
    text: str = ""  # ref_text as the model gets it
    fingerprint: str = ""  # sha256 of the prepared samples and the text
    audio_seconds: float = 0.0  # of the prepared reference
    speech_seconds: float = 0.0  # of it, without the silence that was added at its end
    language: str | None = None  # from voices/NAME.toml, as are the next two
    speed: float | None = None
    model: str | None = None

    @property
    def usable(self) -> bool:
        return not self.problems
