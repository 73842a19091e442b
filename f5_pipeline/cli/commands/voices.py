"""``voices``: list the voices of the store, with the problems of those that cannot be used."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from f5_pipeline.cli.terminal import output_console, safe_text
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


def voices(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> int:
    """List the voices as a table or as JSON."""
    from f5_pipeline.models.catalogue import model_named
    from f5_pipeline.voices.checks import VoiceLimits
    from f5_pipeline.voices.prepare import prepare_voices

    found = prepare_voices(store, settings.cache, limits=VoiceLimits.of(model_named(settings)))
    if arguments.json:
        print(json.dumps([{**asdict(voice), "usable": voice.usable} for voice in found], ensure_ascii=False, indent=2))
        return 0
    if not found:
        print(f"The store {store.url} has no voices yet: put voices/NAME.wav and voices/NAME.txt there.")
        return 0
    table = Table("voice", "usable", "seconds", "text", "remarks", box=None, pad_edge=False)
    for voice in found:
        usable = Text("yes", "green") if voice.usable else Text("no", "red")
        remarks = "; ".join((*voice.problems, *voice.warnings))
        table.add_row(voice.name, usable, f"{voice.speech_seconds:.1f}", safe_text(voice.text), safe_text(remarks))
    output_console().print(table)
    return 0
