"""Prepares the imports of upstream's packages, f5_tts and vocos.

``f5_tts.model`` imports its trainer, and with it wandb, datasets, accelerate and ema_pytorch; its spectrograms for
BigVGAN need librosa, and with it numba. Inference uses none of them. They take almost half of the import's time and
500 MB of disk, so they are imported only when they are used, and the locked installation leaves them out
(``tool.uv.dependency-metadata`` in pyproject.toml). x_transformers imports einx, another quarter of the time, for
functions that F5-TTS does not call.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from f5_pipeline.environment.torchaudio import import_torchaudio

_MODEL, _TRAINER, _FILTERS, _EINX = "f5_tts.model", "f5_tts.model.trainer", "librosa.filters", "einx"
_NOT_IMPORTED = object()
_lock = threading.Lock()


def prepare_imports() -> None:
    """Call this before an import of f5_tts or vocos. Takes seconds at the first call.

    Raises:
        EnvironmentBroken: torchaudio cannot be imported.
    """
    with _lock:
        import_torchaudio()
        if _MODEL in sys.modules:
            return
        later: dict[str, dict[str, Any]] = {
            _TRAINER: {"Trainer": _NOT_IMPORTED},
            _FILTERS: {"mel": _mel},
            _EINX: {"__getattr__": _einx},
        }
        with _placeholders(later):
            model = importlib.import_module(_MODEL)
        if getattr(model, "Trainer", None) is _NOT_IMPORTED:
            del model.Trainer
            model.__getattr__ = _trainer  # type: ignore[method-assign]


@contextmanager
def _placeholders(contents: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """Modules with these contents, by name, stand in for those that are not imported yet while the block runs."""
    added = {name: ModuleType(name) for name in contents if name not in sys.modules}
    for name, module in added.items():
        vars(module).update(contents[name])
    sys.modules.update(added)
    try:
        yield
    finally:
        for name in added:
            del sys.modules[name]


def _trainer(name: str) -> Any:
    """The attributes that ``f5_tts.model`` lacks: the trainer, imported when it is used."""
    if name == "Trainer":
        return importlib.import_module(_TRAINER).Trainer
    raise AttributeError(f"module {_MODEL!r} has no attribute {name!r}")


def _mel(*args: Any, **kwargs: Any) -> Any:
    """librosa's function of this name, imported when it is called."""
    return importlib.import_module(_FILTERS).mel(*args, **kwargs)


def _einx(name: str) -> Any:
    """The functions of einx, imported when one of them is used."""
    return getattr(importlib.import_module(_EINX), name)
