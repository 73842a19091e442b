"""``completion``: the script with which a shell completes commands, options and batches."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from f5_pipeline.cli.command import command
from f5_pipeline.cli.terminal import PROGRAM, print_text

COMPLETE = "_F5_PIPELINE_COMPLETE"  # the name that click derives from the program's


@command(
    "completion",
    "print the completion script of a shell",
    examples=[
        "completion bash >> ~/.bashrc",
        "completion zsh >> ~/.zshrc",
        "completion fish > ~/.config/fish/completions/f5-pipeline.fish",
    ],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the script with which SHELL completes commands, options and the names of batches."""
    script = get_completion_class(shell)
    assert script is not None  # click has all three
    print_text(script(context.find_root().command, {}, PROGRAM, COMPLETE).source())
    return 0
