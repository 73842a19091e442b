"""``voices``: list the voices of the store, with the problems of those that cannot be used."""

from __future__ import annotations

from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from f5_pipeline.cli.command import command, in_store, json_option
from f5_pipeline.cli.terminal import output_console, print_json, print_line, print_to_stderr, safe_text
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


@command("voices", "list the voices, and what is wrong with them", examples=["voices", "voices --json"])
@json_option
@in_store
def voices(settings: Settings, store: ObjectStore, as_json: bool) -> int:
    """List the voices, with the problems of those that cannot be used."""
    from f5_pipeline.models.catalogue import model_named
    from f5_pipeline.quality.neural.mos import recordings_mos
    from f5_pipeline.voices.checks import VoiceLimits
    from f5_pipeline.voices.listing import describe_unused, unused_files
    from f5_pipeline.voices.prepare import prepare_voices

    found = prepare_voices(store, settings.cache, limits=VoiceLimits.of(model_named(settings)))
    if unused := unused_files(store):
        print_to_stderr(describe_unused(unused))  # stdout has the voices alone, also as JSON
    mos = {} if settings.neural_measures == "none" else recordings_mos(found)
    if as_json:
        print_json([{**asdict(voice), "usable": voice.usable, "mos": mos.get(voice.name)} for voice in found])
        return 0
    if not found:
        print_line(f"The store {store.url} has no voices yet: put voices/NAME.wav and voices/NAME.txt there.")
        return 0
    table = Table("voice", "usable", "seconds", *(["MOS"] if mos else []), "text", "remarks", box=None, pad_edge=False)
    for voice in found:
        usable = Text("yes", "green") if voice.usable else Text("no", "red")
        remarks = "; ".join((*voice.problems, *voice.warnings))
        numbers = [f"{voice.speech_seconds:.1f}"]
        if mos:
            numbers.append(f"{mos[voice.name]:.1f}" if voice.name in mos else "")
        table.add_row(voice.name, usable, *numbers, safe_text(voice.text), safe_text(remarks))
    output_console().print(table)
    return 0
