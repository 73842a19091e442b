"""Signals during a run: the first ends it as soon as what is in hand is stored, a second one ends the process at once.

A terminal sends its signals (Ctrl-C, hang-up, quit) to all processes of the group. They are blocked here, and so in the
processes that the run starts: those end with the run, without traces of their own. A thread waits for the signals, and
passes the first on to the main thread as SIGTERM, which Dagster turns into an interrupt. All this must begin before any
other thread does: a thread that does not block a signal would receive it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from f5_pipeline.cli.terminal import print_to_stderr, show_cursor

_FORCED = "Stopped at once. Finished clips are stored; run the command again to continue."
_STOPPING = "Stopping: clips in hand are being stored. Press Ctrl-C again to stop at once."
_EXIT_CODE = 130
_SIGNALS = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


@contextmanager
def stop_on_signals(cancel: Callable[[], object]) -> Iterator[None]:
    """Handle the signals of a terminal while the block runs, in the main thread.

    Args:
        cancel: records that the run is canceled; called before the process ends at once. It may fail.

    Raises:
        KeyboardInterrupt: in the block, at the first signal.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    waiting = threading.Thread(target=_wait, args=(threading.main_thread().ident, cancel), daemon=True)
    waiting.start()
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGTERM, before)


def _wait(main_thread: int, cancel: Callable[[], object]) -> None:
    signal.sigwait(_SIGNALS)
    _say(_STOPPING)
    signal.pthread_kill(main_thread, signal.SIGTERM)
    signal.sigwait(_SIGNALS)
    with suppress(Exception):  # a locked database must not keep the process alive
        cancel()
    _say(_FORCED)
    with suppress(OSError, ValueError):
        show_cursor()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            process.kill()
    os._exit(_EXIT_CODE)  # threads of native code (torch) may not be interruptible


def _say(sentence: str) -> None:
    with suppress(OSError, ValueError):  # after a hang-up there is no terminal
        print_to_stderr(sentence)
