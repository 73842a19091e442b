"""``voices/NAME.toml``: the settings of a voice."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from f5_pipeline.settings.fields import Language, Speed


class VoiceSettings(BaseModel):
    """``voices/NAME.toml``: defaults for the lines that use a voice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: Language | None = Field(None, description="The language of the transcript, and of lines in this voice.")
    speed: Speed | None = Field(None, description="Speech rate of this voice; 1.0 is that of its reference.")
    model: str | None = Field(None, description="The catalogue's model that suits this voice.")
