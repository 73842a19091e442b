"""``f5-pipeline``: the list of commands, and wrong usage. A command's interface and work are in ``cli.commands``.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. An error is one paragraph on stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from f5_pipeline.cli.commands.batches import list_batches
from f5_pipeline.cli.commands.completion import COMPLETE, completion
from f5_pipeline.cli.commands.decide import decide
from f5_pipeline.cli.commands.demo import demo
from f5_pipeline.cli.commands.doctor import doctor
from f5_pipeline.cli.commands.evaluate import evaluate
from f5_pipeline.cli.commands.maintenance import clean, mirror, verify
from f5_pipeline.cli.commands.results import fetch, report, results
from f5_pipeline.cli.commands.run import run
from f5_pipeline.cli.commands.submit import submit
from f5_pipeline.cli.commands.ui import files, ui
from f5_pipeline.cli.commands.voices import voices
from f5_pipeline.cli.terminal import PROGRAM, invocation, print_text, print_to_stderr

_WRONG_USAGE = 2


class _InOrder(click.Group):
    """Lists the commands in the order in which they were added, which is that of their use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    PROGRAM,
    cls=_InOrder,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name=PROGRAM, prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Batch text-to-speech with F5-TTS.

    Settings are environment variables, or lines of a file .env; F5_STORE names the store (default: the folder store).
    """
    if context.invoked_subcommand is None:
        print_text(context.get_help())


for _command in (
    *(demo, submit, run, list_batches, results, evaluate, report, decide, fetch),
    *(ui, files, voices, doctor, clean, verify, mirror, completion),
):
    cli.add_command(_command)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    try:
        return int(cli.main(argv, prog_name=invocation(), complete_var=COMPLETE, standalone_mode=False) or 0)
    except click.ClickException as error:
        print_to_stderr(f"{error.format_message()} {_usage(error)}")
        return _WRONG_USAGE


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None) or click.Context(cli, info_name=invocation())
    return f"{context.get_usage()} (help: {context.command_path} --help)"


if __name__ == "__main__":
    sys.exit(main())
