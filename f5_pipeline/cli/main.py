"""``f5-pipeline``: thin. Each command reads its arguments, calls one function of a layer below, and prints.

Exit code 0 done, 1 failed, 2 wrong usage. What went wrong is one paragraph on stderr. Dagster and torch are imported
only by the commands that need them; the read-only ones need neither.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from f5_pipeline.cli.terminal import counted, plain, wide_console
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.settings.environment import Settings, load_settings
from f5_pipeline.storage import layout
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store

if TYPE_CHECKING:
    from f5_pipeline.doctor.finding import Finding

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}

_SHOWN = 5  # reasons after a run


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command is doctor:  # what is wrong with the settings is among its findings
            return doctor(arguments)
        settings = load_settings()
        return int(arguments.command(arguments, settings, open_store(settings.store)) or 0)
    except F5PipelineError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output has left: `f5-pipeline results x | head`
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("Interrupted. What was spoken is stored; run it again to go on.", file=sys.stderr)
        return 130


def submit(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> int:
    """Put a manifest in the store and register its partition; or only show what would be said."""
    if arguments.dry_run:
        return _preview(arguments, settings, store)
    if arguments.json:
        print("--json shows what --dry-run finds: add --dry-run.", file=sys.stderr)
        return 2
    from f5_pipeline.defs.instance.instance import register_batch
    from f5_pipeline.manifests.batch_files import submit_manifest

    batch = submit_manifest(store, arguments.manifest, arguments.batch)
    kept = register_batch(batch)
    print(f"Batch {batch!r} is in the store {store.url}; its partition is registered in {kept}.")
    print(f"Speak it with: f5-pipeline run {batch}")
    return 0


def _preview(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> int:
    """Show what a manifest would say; 1 if a row is rejected."""
    from f5_pipeline.cli.preview_table import print_preview
    from f5_pipeline.manifests.batch_files import local_files
    from f5_pipeline.models.catalogue import load_catalogue
    from f5_pipeline.synthesis.preview import preview

    found = preview(local_files(arguments.manifest, arguments.batch), store, settings, load_catalogue(settings))
    if arguments.json:
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        print_preview(found)
    return 1 if found.rejected else 0


def run(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> int:
    """Speak and deliver a batch."""
    from f5_pipeline.cli.progress_bar import BarProgress
    from f5_pipeline.defs.instance.instance import instance_location
    from f5_pipeline.defs.run import run_batch
    from f5_pipeline.manifests.batch_files import find_manifest

    find_manifest(store, arguments.batch)
    print(f"Dagster instance: {instance_location()}", file=sys.stderr)
    with BarProgress(Console(stderr=True)) as progress:
        outcome = run_batch(arguments.batch, progress, lambda said: print(said, file=sys.stderr))
    if said := outcome.metadata:  # the index is written, whatever came of it
        print(
            f"{said['ok']} ok, {said['suspect']} suspect, {said['failed']} failed, {said['rejected']} rejected; "
            f"{counted(said['clips_spoken'], 'clip')} spoken, {counted(said['cache_hits'], 'line')} spoken before."
        )
        _print_remarks(store, arguments.batch)
    if not outcome.succeeded:
        print(outcome.error, file=sys.stderr)
        return 1
    _print_delivery(store, arguments.batch)
    return 0


def results(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> None:
    """Show what became of each utterance. Reads only."""
    from f5_pipeline.cli.results_table import print_rows
    from f5_pipeline.results.lookup import batch_results, manifest_has_changed, share_clips

    found = batch_results(store, arguments.batch, arguments.id)
    if found.spoken and manifest_has_changed(store, found.batch):
        print(f"The manifest has changed since this was spoken; run: f5-pipeline run {found.batch}", file=sys.stderr)
    links = share_clips(store, found, arguments.links) if arguments.links else {}
    if arguments.json:
        table = found.as_json()
        for row in table["utterances"]:
            row.update({"link": links[row["id"]]} if row["id"] in links else {})
        print(json.dumps(table, ensure_ascii=False, indent=2))
    elif links:
        for id, link in links.items():
            print(f"{id}\t{link}")
    elif not found.spoken:
        print(f"Batch {found.batch!r} was not spoken yet. Speak it with: f5-pipeline run {found.batch}")
    else:
        print_rows(found.rows, store)
        counts = ", ".join(f"{count} {status}" for status, count in found.counts.items())
        print(f"{counted(len(found.rows), 'utterance')} ({counts}), {found.audio_seconds:.1f} s of audio")
        _print_delivery(store, found.batch)


def report(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> None:
    """Make a listening page whose audio is behind links that need no credentials."""
    from f5_pipeline.delivery.shared_page import publish_page, save_page

    if arguments.publish:
        page = publish_page(store, arguments.batch, arguments.links)
    else:
        page = save_page(store, arguments.batch, arguments.links, arguments.file or Path(f"{arguments.batch}.html"))
    print(page.location)
    if page.expires is not None:
        until = datetime.fromtimestamp(page.expires).astimezone()
        print(f"Whoever has it can hear the batch until {until:%Y-%m-%d %H:%M %Z}: it is a secret.", file=sys.stderr)


def fetch(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> None:
    """Copy the delivered files to a local folder. Reads only."""
    from f5_pipeline.results.lookup import fetch_delivered

    report = fetch_delivered(store, arguments.batch, arguments.folder)
    print(f"{counted(report.copied, 'file')} copied to {report.folder}, {report.unchanged} there already.")


def voices(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> None:
    """Show the voices of the store, and what is wrong with those that are unusable."""
    from f5_pipeline.models.catalogue import model_named
    from f5_pipeline.voices.checks import VoiceLimits
    from f5_pipeline.voices.prepare import prepare_voices

    found = prepare_voices(store, settings.cache, limits=VoiceLimits.of(model_named(settings)))
    if arguments.json:
        print(json.dumps([{**asdict(voice), "usable": voice.usable} for voice in found], ensure_ascii=False, indent=2))
        return
    if not found:
        print(f"The store {store.url} has no voices yet: put voices/NAME.wav and voices/NAME.txt there.")
        return
    table = Table("voice", "usable", "seconds", "text", "remarks", box=None, pad_edge=False)
    for voice in found:
        usable = Text("yes", "green") if voice.usable else Text("no", "red")
        remarks = "; ".join((*voice.problems, *voice.warnings))
        table.add_row(voice.name, usable, f"{voice.speech_seconds:.1f}", plain(voice.text), plain(remarks))
    wide_console().print(table)


def doctor(arguments: argparse.Namespace) -> int:
    """Look at everything that could go wrong on this machine. Leaves nothing behind in the store."""
    from f5_pipeline.doctor.checks import examine
    from f5_pipeline.doctor.finding import usable

    with Console(stderr=True).status("Looking at everything; this takes up to a minute …"):
        findings = examine()
    if arguments.json:
        print(json.dumps({"usable": usable(findings), "checks": [asdict(each) for each in findings]}, indent=2))
    else:
        _print_findings(findings)
    return 0 if usable(findings) else 1


def clean(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> None:
    """Remove partial files of dead processes, and clips that no index names any more."""
    from f5_pipeline.results.garbage_collection import clean as tidy_up

    report = tidy_up(store, [settings.cache], dry_run=arguments.dry_run)
    verb = "Would remove" if report.dry_run else "Removed"
    for partial in report.partial_files:
        print(f"{verb} {partial.path}")
    print(
        f"{verb} {len(report.partial_files)} partial files of dead processes and {report.clips} clips that no batch "
        f"names: {report.bytes_freed / 1e6:.1f} MB. {len(report.kept_partial_files)} partial files are in use."
    )
    for key, begun in report.unfinished_uploads:
        print(f"An upload of {key} has been unfinished since {begun:%Y-%m-%d %H:%M}; a lifecycle rule can end it.")


def mirror(arguments: argparse.Namespace, settings: Settings, store: ObjectStore) -> None:
    """Copy a model's files into the store's ``models/``, for machines without a hub."""
    from f5_pipeline.models.catalogue import model_named
    from f5_pipeline.models.weights import mirror as fill_mirror

    copied = fill_mirror(model_named(settings, arguments.model), settings.cache, store)
    for file in copied:
        print(file)
    if not copied:
        print(f"Nothing of {arguments.model!r} needs a mirror: its files come with a package, or are your own.")


def _print_findings(findings: Sequence[Finding]) -> None:
    """A row for each thing that was looked at, with its fix below, and the sum."""
    table = Table("", "looked at", "found", box=None, pad_edge=False)
    for finding in findings:
        said = plain(finding.found)
        if finding.fix:
            said.append(f"\n→ {plain(finding.fix)}", "bold")
        table.add_row(Text(finding.status, _STYLES[finding.status]), finding.name, said)
    wide_console().print(table)
    failed, doubtful = (sum(each.status == status for each in findings) for status in ("fail", "warn"))
    verdict = "Batches can be spoken here" if not failed else f"{counted(failed, 'thing')} must be mended first"
    print(f"{verdict}; {counted(doubtful, 'thing')} to look at.")


def _print_delivery(store: ObjectStore, batch: str) -> None:
    """Where the delivered files are, if there are any."""
    if store.stat(page := layout.report_object(batch)) is not None:
        print(f"Audio:  {store.location(layout.audio_folder(batch))}")
        print(f"Listen: {store.location(page)}")
        if store.url.startswith("s3://"):
            print(f"        f5-pipeline report {batch}   makes a page that plays from a private bucket")


def _print_remarks(store: ObjectStore, batch: str) -> None:
    """On stderr: what is odd about the manifest, and why lines were not spoken or came out badly."""
    from f5_pipeline.manifests.utterance_file import load_utterances
    from f5_pipeline.results.index import read_index

    remarks = list(load_utterances(store, batch).warnings)
    amiss = [row for row in read_index(store, batch) or [] if row.status != "ok"]
    remarks += [f"{row.id} ({row.status}): {row.reason}" for row in amiss[:_SHOWN]]
    if len(amiss) > _SHOWN:
        remarks.append(f"{len(amiss) - _SHOWN} more; all of them: f5-pipeline results {batch}")
    for remark in remarks:
        print(f"  {plain(remark)}", file=sys.stderr)


def _link_seconds(text: str) -> int:
    """How long a link may live: S3 allows a week."""
    if not (text.isdecimal() and 1 <= int(text) <= 604_800):
        raise argparse.ArgumentTypeError("SECONDS must be a whole number from 1 to 604800 (a week)")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("f5-pipeline", description="Batch text-to-speech with F5-TTS.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    one = commands.add_parser("submit", help="put a manifest in the store and register its partition; speaks nothing")
    one.add_argument("manifest", type=Path, metavar="MANIFEST", help="a .csv, .jsonl, .parquet or .txt file")
    one.add_argument("--batch", metavar="NAME", help="default: the file's name")
    one.add_argument(
        "--dry-run", action="store_true", help="only show what would be said; fails if a row would be rejected"
    )
    one.add_argument("--json", action="store_true", help="with --dry-run: all of it, for programs")
    one.set_defaults(command=submit)

    one = commands.add_parser("run", help="speak and deliver a batch, with a progress bar")
    one.add_argument("batch", metavar="BATCH")
    one.set_defaults(command=run)

    one = commands.add_parser("results", help="status, duration, quality and location of each clip; reads only")
    one.add_argument("batch", metavar="BATCH")
    one.add_argument("--id", metavar="ID", help="one utterance only")
    one.add_argument("--json", action="store_true")
    one.add_argument(
        "--links",
        type=_link_seconds,
        metavar="SECONDS",
        help="URLs that open the clips without credentials, for so long",
    )
    one.set_defaults(command=results)

    one = commands.add_parser(
        "report", help="a listening page whose audio is behind links, for a bucket that is private"
    )
    one.add_argument("batch", metavar="BATCH")
    where = one.add_mutually_exclusive_group()
    where.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: BATCH.html in this folder")
    where.add_argument("--publish", action="store_true", help="put it into the store, and print one link that opens it")
    one.add_argument(
        "--links",
        type=_link_seconds,
        metavar="SECONDS",
        default=86_400,
        help="how long its links live (default: a day, at most a week)",
    )
    one.set_defaults(command=report)

    one = commands.add_parser("fetch", help="copy the delivered files to a local folder; reads only")
    one.add_argument("batch", metavar="BATCH")
    one.add_argument("folder", type=Path, metavar="FOLDER")
    one.set_defaults(command=fetch)

    one = commands.add_parser("voices", help="the voices, and what is wrong with those that are unusable")
    one.add_argument("--json", action="store_true")
    one.set_defaults(command=voices)

    one = commands.add_parser("doctor", help="python, torch, GPU, attention, disk, store: what works, and what to mend")
    one.add_argument(
        "--json", action="store_true", help="for monitoring; the exit code is 1 if something must be mended"
    )
    one.set_defaults(command=doctor)

    one = commands.add_parser("clean", help="remove dead partial files, and clips that no index names any more")
    one.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    one.set_defaults(command=clean)

    one = commands.add_parser("mirror", help="copy a model's files into the store, for machines without a hub")
    one.add_argument("model", metavar="MODEL")
    one.set_defaults(command=mirror)
    return parser


if __name__ == "__main__":
    sys.exit(main())
