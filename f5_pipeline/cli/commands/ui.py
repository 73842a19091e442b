"""``ui`` and ``files``: Dagster's UI with the delivered files beside it, and the files alone."""

from __future__ import annotations

import signal
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn
from urllib.parse import urlsplit

import click

from f5_pipeline.cli.command import command, in_store
from f5_pipeline.cli.terminal import print_line, print_to_stderr
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore

_LOG = "f5-pipeline-ui.log"  # in the folder of Dagster's records
_host = click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. There are no passwords: whoever reaches it can use it.",
)


def _port(name: str, default: int, help: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    return click.option(name, type=click.IntRange(0, 65_535), default=default, show_default=True, help=help)


@command("ui", "Dagster's UI, and listening pages that play", examples=["ui", "ui --open", "ui --port 8080"])
@_port("--port", 3000, "The port of the UI.")
@_port("--files-port", 3001, "The port of the listening pages and audio files.")
@_host
@click.option("--open", "opens", is_flag=True, help="Open the UI in the browser.")
@in_store
def ui(settings: Settings, store: ObjectStore, port: int, files_port: int, host: str, opens: bool) -> int:
    """Start Dagster's UI and its daemon, and serve the listening pages and audio files of the store.

    Links in the UI lead to these pages, which save decisions into the store. Ctrl-C ends everything.
    """
    from f5_pipeline.server.dagster_ui import running_ui
    from f5_pipeline.server.listen import bind

    with bind(host, port, "--port") as free:  # Dagster binds it again
        port = free.getsockname()[1]
    log = _prepare_instance() / _LOG
    with _ended_by_signals(), _serving_files(settings, store, host, files_port, "--files-port") as pages:
        variables = {} if settings.store_pages else {"F5_STORE_PAGES": pages}
        print_to_stderr("Starting …")
        with running_ui(host, port, log, variables) as dagster:
            dagster.wait_until_ready()
            print_line(f"The UI is at {dagster.address}. Ctrl-C ends it.")
            if opens:
                webbrowser.open(dagster.address)
            dagster.wait()
    print_to_stderr("The UI has ended. A run that was in progress continues from its clips when it is started again.")
    return 0


@command("files", "serve listening pages and audio files to browsers", examples=["files", "files --port 8081"])
@_port("--port", 3001, "The port to listen on.")
@_host
@in_store
def files(settings: Settings, store: ObjectStore, port: int, host: str) -> int:
    """Serve the listening pages and audio files of the store to browsers, without Dagster's UI.

    Pages save decisions into the store; nothing else can be changed. Ctrl-C ends it.
    """
    with _ended_by_signals(), _serving_files(settings, store, host, port, "--port") as address:
        print_line(f"The listening pages are at {address}. Ctrl-C ends it.")
        signal.pause()  # returns by an exception only
    return 0


@contextmanager
def _serving_files(settings: Settings, store: ObjectStore, host: str, port: int, option: str) -> Iterator[str]:
    """Serve the files of the store; yields the address."""
    from f5_pipeline.server.app import LOOPBACK, files_app
    from f5_pipeline.server.listen import bind, browser_host, serving

    public = urlsplit(settings.store_pages or "").hostname
    hosts = [*LOOPBACK, browser_host(host), *([public] if public else [])]
    with TemporaryDirectory(prefix="f5-pipeline-") as downloads, bind(host, port, option) as bound:
        address = f"http://{browser_host(host)}:{bound.getsockname()[1]}"
        with serving(files_app(store, Path(downloads), hosts), bound):
            yield address


def _prepare_instance() -> Path:
    """Create Dagster's records, or find them, for the processes that this one starts; returns their folder."""
    from f5_pipeline.defs.instance.instance import instance_location, using_instance

    with using_instance():
        folder = Path(instance_location())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End the block at Ctrl-C, or when the process is told to end; what it has started ends before the block does."""
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
