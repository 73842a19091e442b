"""Whether the store has voices that can be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from f5_pipeline.doctor.finding import Finding, ok, warn
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.voices.checks import VoiceLimits
from f5_pipeline.voices.listing import list_voices
from f5_pipeline.voices.prepare import prepare_voices

NAME = "voices"
_SHOWN = 3


def see_voices(store: ObjectStore, cache: Path, model: ModelSpec) -> dict[str, Sequence[str]]:
    """Each voice's problems. Those of a folder are listened to; of a bucket only the listing is read."""
    if isinstance(store, LocalStore):
        return {voice.name: voice.problems for voice in prepare_voices(store, cache, limits=VoiceLimits.of(model))}
    return {name: files.problems for name, files in list_voices(store).items()}


def judge_voices(problems: Mapping[str, Sequence[str]]) -> Finding:
    """A batch with an unusable voice still speaks its other rows, so this never fails."""
    bad = {name: found for name, found in problems.items() if found}
    good = len(problems) - len(bad)
    if not problems:
        fix = "Put voices/NAME.wav and voices/NAME.txt into the store; 'make demo' brings six."
        return warn(NAME, "The store has no voices yet.", fix)
    if bad:
        shown = "; ".join(f"{name}: {found[0]}" for name, found in list(bad.items())[:_SHOWN])
        more = "; …" if len(bad) > _SHOWN else ""
        return warn(NAME, f"{good} can be used and {len(bad)} cannot: {shown}{more}.", "See: f5-pipeline voices")
    return ok(NAME, f"{good} voices can be used.")
