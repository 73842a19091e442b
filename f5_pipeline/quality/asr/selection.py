"""Selection of the recogniser for a batch, by its settings and by what is on this machine. Downloads nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from f5_pipeline.environment.platform import torch_version
from f5_pipeline.errors import RecogniserMissing
from f5_pipeline.models.hub_cache import repository_folder, snapshot_folder
from f5_pipeline.quality.asr import sphinx, whisper
from f5_pipeline.quality.asr.recogniser import RecogniserSpec
from f5_pipeline.settings.devices import kind_of
from f5_pipeline.settings.environment import Settings
from f5_pipeline.settings.hub import hub_settings

ChooseRecogniser = Callable[[str | None], RecogniserSpec | None]  # ``recogniser`` of the batch settings → spec

_MODEL_FILES = ("config.json", "model.bin", "tokenizer.json")  # of a Whisper model for CTranslate2


def no_recogniser(requested: str | None) -> None:
    """Selects no recogniser for any batch."""


def choose_recogniser(settings: Settings, requested: str | None) -> RecogniserSpec | None:
    """The recogniser of a batch; None if its clips are not transcribed.

    Args:
        requested: ``none``, ``auto`` or a recogniser, from the batch settings; None: as ``F5_RECOGNISER``.

    Raises:
        RecogniserMissing: the requested recogniser is not installed, or its model is not on this machine.
    """
    name = requested or settings.recogniser
    if name == "pocketsphinx":
        return _pocketsphinx()
    if name == "faster_whisper":
        return _faster_whisper(settings)
    if name == "auto":
        with suppress(RecogniserMissing):
            return _faster_whisper(settings)
    return None


def _pocketsphinx() -> RecogniserSpec:
    _require("pocketsphinx")
    # One process transcribes at about 20 times real time. With few cores, the speech model needs them all.
    processes = max(1, min(8, (os.cpu_count() or 1) // 4))
    return RecogniserSpec(f"pocketsphinx-{sphinx.VERSION}", ("pocketsphinx",), frozenset({"en"}), processes)


def _faster_whisper(settings: Settings) -> RecogniserSpec:
    _require("faster_whisper")
    folder = _whisper_folder(settings)
    missing = [name for name in _MODEL_FILES if folder is None or not (folder / name).is_file()]
    if folder is None or missing:
        raise RecogniserMissing("faster_whisper", *_reason_and_fix(settings.whisper, folder, missing))
    languages = frozenset({"en"}) if whisper.is_english_only(folder) else None
    name = f"faster_whisper-{whisper.VERSION}-{_fingerprint(folder)}"
    return RecogniserSpec(name, ("faster_whisper", str(folder), _device(settings)), languages)


def _device(settings: Settings) -> str:
    """A device of CTranslate2, which runs on CPUs and NVIDIA's GPUs; a torch for ROCm calls AMD's GPUs cuda too."""
    if settings.device == "auto" or (kind_of(settings.device) == "cuda" and torch_version()[1] is not None):
        return settings.device
    return "cpu"


def _require(package: str) -> None:
    for module in (package, "rapidfuzz"):
        if find_spec(module) is None:
            install = "Install it with: pip install 'f5-pipeline[asr]'"
            raise RecogniserMissing(package, f"cannot be used: {module} is not installed", install)


def _reason_and_fix(model: str, folder: Path | None, missing: Sequence[str]) -> tuple[str, str]:
    if folder is not None:
        reason = f"cannot be used: its model in {folder} (F5_WHISPER) lacks {', '.join(missing)}"
    else:
        reason = f"cannot be used: its model {model!r} (F5_WHISPER) is not on this machine; a run does not download it"
    if _is_path(model):
        return reason, "F5_WHISPER must be a folder with a Whisper model for CTranslate2, or the name of a model"
    return reason, f"Download it once with: hf download {_repository(model)}"


def _whisper_folder(settings: Settings) -> Path | None:
    """The folder of the Whisper model: the user's, or in the cache of the Hugging Face Hub; None if there is none."""
    if _is_path(settings.whisper):
        folder = Path(settings.whisper).expanduser()
        return folder if folder.is_dir() else None
    folder = snapshot_folder(repository_folder(hub_settings().cache, _repository(settings.whisper)), "main")
    return folder if folder.is_dir() else None


def _is_path(name: str) -> bool:
    return name.startswith((".", "~", os.sep)) or Path(name).is_dir()


def _repository(name: str) -> str:
    """The hub repository of a model given by its size ("small", "large-v3") or by its repository."""
    return name if "/" in name else f"Systran/faster-whisper-{name}"


def _fingerprint(folder: Path) -> str:
    """Identifies a model by its small files and file sizes, without reading gigabytes."""
    digest = hashlib.sha256()
    for name in _MODEL_FILES:
        path = folder / name
        digest.update(f"{name} {path.stat().st_size}\n".encode())
        if path.stat().st_size < 10_000_000:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
