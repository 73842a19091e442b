"""The voices that rows name, with their settings and models. The batch's model beats the voice's, then ``F5_MODEL``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from f5_pipeline.errors import BadSetting, LicenceForbids, UnknownModel
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.manifests.row_values import RowRejected
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.settings.validation import did_you_mean
from f5_pipeline.voices.listing import VoiceFiles
from f5_pipeline.voices.settings import VoiceSettings


@dataclass
class RowVoices:
    """The voices of a store, as the rows of one batch use them.

    Raises:
        UnknownModel: the model of the batch or of the environment is not in the catalogue.
        LicenceForbids: ``commercial = true``, and the model's licence forbids it.
    """

    settings: BatchSettings
    default_model: str
    catalogue: Mapping[str, ModelSpec]
    voices: Mapping[str, VoiceFiles]
    voice_settings: Callable[[VoiceFiles], VoiceSettings]
    _resolved: dict[str | None, tuple[VoiceSettings, ModelSpec] | RowRejected] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._model(self.settings.model or self.default_model)

    def voice(self, name: str | None) -> tuple[VoiceSettings, ModelSpec]:
        """The settings and the model of a voice. Cached, including failures.

        Raises:
            RowRejected: there is no such voice, or it cannot be used.
            LicenceForbids: ``commercial = true``, and the licence of the voice's model forbids it.
        """
        if name not in self._resolved:
            try:
                self._resolved[name] = self._resolve(name)
            except RowRejected as reason:
                self._resolved[name] = reason
        resolved = self._resolved[name]
        if isinstance(resolved, RowRejected):
            raise RowRejected(str(resolved))
        return resolved

    def _resolve(self, name: str | None) -> tuple[VoiceSettings, ModelSpec]:
        voices = [voice for voice, files in self.voices.items() if files.audio]
        listed = ", ".join(voices[:10]) + (", …" if len(voices) > 10 else "") if voices else "none"
        if not name:
            raise RowRejected(
                "The row names no voice, and the batch settings give none; add a column 'voice', or voice = "
                f'"{voices[0] if voices else "NAME"}" in the batch\'s .toml file. The store has: {listed}'
            )
        files = self.voices.get(name)
        if files is None or not files.audio:
            hint = did_you_mean(name, voices)
            raise RowRejected(f"The voice {name[:80]!r} is not in the store.{hint} It has: {listed}")
        if files.problems:
            raise RowRejected(f"The voice {name!r} cannot be used: {'; '.join(files.problems)}")
        try:
            voice = self.voice_settings(files)
            return voice, self._model(self.settings.model or voice.model or self.default_model)
        except (BadSetting, UnknownModel) as error:
            raise RowRejected(f"The voice {name!r} cannot be used: {error}".rstrip(".")) from None

    def _model(self, name: str) -> ModelSpec:
        if name not in self.catalogue:
            raise UnknownModel(name, sorted(self.catalogue))
        spec = self.catalogue[name]
        if self.settings.commercial and not spec.commercial:
            raise LicenceForbids(name, spec.licence)
        return spec
