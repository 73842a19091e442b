"""What all commands share: errors in one paragraph, exit codes, examples in the help, the settings and the store."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click

from f5_pipeline.cli.terminal import print_to_stderr
from f5_pipeline.display.secrets import raise_without_secrets
from f5_pipeline.errors import F5PipelineError
from f5_pipeline.settings.environment import load_settings
from f5_pipeline.storage.open import open_store

_MAX_LINK_SECONDS = 604_800  # a week: the most that S3 allows for a presigned URL
_INTERRUPTED = 130  # as a shell reports a process that SIGINT has ended


class Command(click.Command):
    """A command whose failures are a paragraph on stderr and an exit code."""

    examples: Sequence[str] = ()  # command lines without the name of the program

    def invoke(self, ctx: click.Context) -> int:
        """Returns the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
        try:
            return int(super().invoke(ctx) or 0)
        except F5PipelineError as error:
            print_to_stderr(error)
            return error.exit_code
        except BrokenPipeError:  # the reader of stdout has closed it: `f5-pipeline results x | head`
            sys.stderr.close()
            return 0
        except KeyboardInterrupt:
            print_to_stderr("Interrupted. Finished clips are stored; run the command again to continue.")
            return _INTERRUPTED
        except click.ClickException:
            raise
        except Exception as error:  # noqa: BLE001 - it is raised again
            raise_without_secrets(error)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, in the form in which the program was started."""
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{ctx.find_root().info_name} {example}\n")


def command(name: str, summary: str, *, examples: Sequence[str]) -> Callable[[Callable[..., int]], Command]:
    """A decorator that makes a command of a function. The function's docstring is the command's help.

    Args:
        summary: for the list of commands.
        examples: command lines without the name of the program, for the end of the help.
    """

    def decorate(function: Callable[..., int]) -> Command:
        made = click.command(name, cls=Command, short_help=summary)(function)
        made.examples = examples
        return made

    return decorate


def in_store(function: Callable[..., int]) -> Callable[..., int]:
    """A decorator that loads the settings, opens the store and passes both as the first arguments."""

    @wraps(function)
    def with_store(*arguments: Any, **options: Any) -> int:
        settings = load_settings()
        return function(settings, open_store(settings.store), *arguments, **options)

    return with_store


def complete_batch(ctx: click.Context, parameter: click.Parameter, start: str) -> list[str]:
    """The batches whose names begin with ``start``, for completion in a shell. Of a folder only: it must be quick."""
    from f5_pipeline.results.batches import known_batches

    try:
        store = open_store(load_settings().store)
        return [] if "://" in store.url else [batch for batch in known_batches(store) if batch.startswith(start)]
    except F5PipelineError:  # a shell that completes a word has no place for messages
        return []


batch_argument = click.argument("batch", shell_complete=complete_batch)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


class _LinkSeconds(click.ParamType):
    """The lifetime of a link in seconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if not (text.isdecimal() and 1 <= int(text) <= _MAX_LINK_SECONDS):
            self.fail(f"must be a whole number from 1 to {_MAX_LINK_SECONDS} (a week)", param, ctx)
        return int(text)


link_seconds = _LinkSeconds()
