"""The voices of the store: how many can be used, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from f5_pipeline.doctor.finding import Finding, ok, warn
from f5_pipeline.models.spec import ModelSpec
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.voices.checks import VoiceLimits
from f5_pipeline.voices.listing import describe_unused, list_voices
from f5_pipeline.voices.prepare import prepare_voices

NAME = "voices"
_MAX_SHOWN = 3  # unusable voices in the finding


def probe_voices(store: ObjectStore, cache: Path, model: ModelSpec) -> dict[str, Sequence[str]]:
    """The problems of each voice, by name. In a folder, recordings are decoded; in a bucket, only listed."""
    if isinstance(store, LocalStore):
        return {voice.name: voice.problems for voice in prepare_voices(store, cache, limits=VoiceLimits.of(model))}
    return {name: files.problems for name, files in list_voices(store).items()}


def check_voices(problems: Mapping[str, Sequence[str]], unused: Sequence[str] = ()) -> Finding:
    """Never fails: a batch with an unusable voice still speaks the rows of other voices.

    Args:
        problems: of each voice, by name.
        unused: keys of files that belong to no voice.
    """
    unusable = {name: found for name, found in problems.items() if found}
    usable, remark = len(problems) - len(unusable), f" {describe_unused(unused)}" if unused else ""
    if not problems:
        fix = "Put voices/NAME.wav and voices/NAME.txt into the store; 'make demo' adds six."
        return warn(NAME, f"The store has no voices yet.{remark}", fix)
    if unusable:
        shown = "; ".join(f"{name}: {found[0]}" for name, found in list(unusable.items())[:_MAX_SHOWN])
        more = "; …" if len(unusable) > _MAX_SHOWN else ""
        found = f"Usable voices: {usable}. Unusable: {len(unusable)} ({shown}{more}).{remark}"
        return warn(NAME, found, "See: f5-pipeline voices")
    return ok(NAME, f"Usable voices: {usable}.{remark}")
