"""``f5-pipeline``: the parser, and the dispatch to a command. What a command does is in ``cli.commands``.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. An error is one paragraph on stderr.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from f5_pipeline.cli.commands.doctor import doctor
from f5_pipeline.cli.commands.maintenance import clean, mirror
from f5_pipeline.cli.commands.results import fetch, report, results
from f5_pipeline.cli.commands.run import run
from f5_pipeline.cli.commands.submit import submit
from f5_pipeline.cli.commands.voices import voices
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.settings.environment import Settings, load_settings
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.open import open_store

Command: TypeAlias = Callable[[argparse.Namespace, Settings, ObjectStore], int]
Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

_MAX_LINK_SECONDS = 604_800  # a week: the most that S3 allows for a presigned URL


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command is doctor:  # it loads the settings itself, to report what is wrong with them
            return doctor(arguments)
        command: Command = arguments.command
        settings = load_settings()
        return command(arguments, settings, open_store(settings.store))
    except F5PipelineError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader of stdout has closed it: `f5-pipeline results x | head`
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("Interrupted. Finished clips are stored; run the command again to continue.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("f5-pipeline", description="Batch text-to-speech with F5-TTS.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for add_command in (
        *(_add_submit, _add_run, _add_results, _add_report, _add_fetch),
        *(_add_voices, _add_doctor, _add_clean, _add_mirror),
    ):
        add_command(commands)
    return parser


def _add_parser(commands: Subparsers, name: str, summary: str) -> argparse.ArgumentParser:
    """The parser of a command. The list of commands and the command's own help show the summary."""
    return commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")


def _add_submit(commands: Subparsers) -> None:
    parser = _add_parser(commands, "submit", "put a manifest into the store and register its partition; speaks nothing")
    parser.add_argument("manifest", type=Path, metavar="MANIFEST", help="a .csv, .jsonl, .parquet or .txt file")
    parser.add_argument("--batch", metavar="NAME", help="the name of the batch (default: the name of the file)")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="only show the lines to speak and the rejected rows; exit code 1 if a row is rejected",
    )
    parser.add_argument("--json", action="store_true", help="with --dry-run: print the complete preview as JSON")
    parser.set_defaults(command=submit)


def _add_run(commands: Subparsers) -> None:
    parser = _add_parser(commands, "run", "speak and deliver a batch, with a progress bar")
    parser.add_argument("batch", metavar="BATCH", help="the name of a batch")
    parser.set_defaults(command=run)


def _add_results(commands: Subparsers) -> None:
    parser = _add_parser(commands, "results", "show status, duration, quality and location of each clip; read-only")
    parser.add_argument("batch", metavar="BATCH", help="the name of a batch")
    parser.add_argument("--id", metavar="ID", help="show one utterance only")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--links",
        type=_link_seconds,
        metavar="SECONDS",
        help="print URLs that open the clips without credentials and expire after SECONDS",
    )
    parser.set_defaults(command=results)


def _add_report(commands: Subparsers) -> None:
    parser = _add_parser(
        commands, "report", "make a listening page that plays from a private bucket, through links that expire"
    )
    parser.add_argument("batch", metavar="BATCH", help="the name of a batch")
    target = parser.add_mutually_exclusive_group()
    target.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="the page to write (default: BATCH.html in this folder)"
    )
    target.add_argument("--publish", action="store_true", help="store the page in the bucket and print a link to it")
    parser.add_argument(
        "--links",
        type=_link_seconds,
        metavar="SECONDS",
        default=86_400,
        help="lifetime of the links (default: a day; maximum: a week)",
    )
    parser.set_defaults(command=report)


def _add_fetch(commands: Subparsers) -> None:
    parser = _add_parser(commands, "fetch", "copy the delivered files to a local folder; read-only")
    parser.add_argument("batch", metavar="BATCH", help="the name of a batch")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="created if it does not exist")
    parser.set_defaults(command=fetch)


def _add_voices(commands: Subparsers) -> None:
    parser = _add_parser(commands, "voices", "list the voices, with the problems of those that cannot be used")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(command=voices)


def _add_doctor(commands: Subparsers) -> None:
    parser = _add_parser(
        commands,
        "doctor",
        "check Python, torch, GPU, attention, disk, store and voices, and say how to fix problems",
    )
    parser.add_argument(
        "--json", action="store_true", help="print JSON, for monitoring; the exit code is 1 if a check fails"
    )
    parser.set_defaults(command=doctor)


def _add_clean(commands: Subparsers) -> None:
    parser = _add_parser(commands, "clean", "remove partial files of dead processes, and clips that no batch names")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be removed")
    parser.set_defaults(command=clean)


def _add_mirror(commands: Subparsers) -> None:
    parser = _add_parser(
        commands, "mirror", "copy a model's files into the store, for machines that cannot reach a model hub"
    )
    parser.add_argument("model", metavar="MODEL", help="a name in the model catalogue")
    parser.set_defaults(command=mirror)


def _link_seconds(text: str) -> int:
    """The lifetime of a link in seconds, as argparse parses it."""
    if not (text.isdecimal() and 1 <= int(text) <= _MAX_LINK_SECONDS):
        raise argparse.ArgumentTypeError(f"SECONDS must be a whole number from 1 to {_MAX_LINK_SECONDS} (a week)")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
