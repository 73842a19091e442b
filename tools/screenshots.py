"""Makes the pictures, the recording and the audio samples of the documentation: ``python -m tools.screenshots``.

Everything is taken from the running product: the embedded batch and the batches of ``docs/tutorial.md`` are spoken with
the embedded model, ``f5-pipeline ui`` serves them, and a headless Chromium (``CHROMIUM``, or one on ``PATH``) opens the
pages. Takes some minutes; the ports 3000 and 3001 must be free. The results go to ``docs/assets`` and ``docs/samples``.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.text import Text

from tools.tutorial import blocks

ROOT = Path(__file__).resolve().parent.parent
ASSETS, SAMPLES = ROOT / "docs" / "assets", ROOT / "docs" / "samples"
UI, PAGES = "http://127.0.0.1:3000", "http://127.0.0.1:3001"

_COLUMNS, _LINES = 100, 40  # of the terminal
_QUALITY = 80  # of WebP
_LISTENING = f"{PAGES}/batches/demo/report.html"
_DESKTOP, _PHONE = {"width": 1280, "height": 1000}, {"width": 390, "height": 844}
_RECORDING, _FRAME_SECONDS = {"width": 900, "height": 700}, 0.3
_LAYOUT = 4000.0  # milliseconds in which Dagster lays out and draws a page, in steps
#: Of the recording: keys that are pressed, and the seconds that are recorded after them.
_STEPS = (("", 1.0), ("jj", 0.5), (" ", 4.0), (" jz", 0.8), (" ", 3.5), (" a", 1.5))
#: Delivered files that become samples.
_SAMPLES = {
    "fable.mp3": "fables/the-fox-and-the-grapes.mp3",
    "game.ogg": "guards/audio/quests/gate/guard_002.ogg",
    "menu.wav": "menu/audio/choose.wav",
}


def main() -> None:
    """Speak the batches and write all pictures, the recording and the samples."""
    with TemporaryDirectory(prefix="f5-pipeline-pictures-") as created:
        folder = Path(created)
        shutil.copy(ROOT / "dagster.yaml", folder)
        environment = _environment()
        terminal = _speak(folder, environment)
        (ASSETS / "terminal.svg").write_text(_svg(terminal.replace(str(folder), "~/f5-pipeline")), encoding="utf-8")
        _copy_samples(folder / "store" / "batches")
        with _ui(folder, environment), _chromium() as browser:
            _listening_pages(browser)
            _record(browser)
            _dagster_pages(browser)
    for path in sorted([*ASSETS.iterdir(), *SAMPLES.iterdir()]):
        print(f"{path.stat().st_size / 1000:6.0f} kB  {path.relative_to(ROOT)}")


# --- the product ----------------------------------------------------------------------------------------------


def _environment() -> Mapping[str, str]:
    """This environment without settings, with ``f5-pipeline`` on the path, links to the pages and a terminal's size."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("F5_", "DAGSTER_"))}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    size = {"COLUMNS": str(_COLUMNS), "LINES": str(_LINES), "TERM": "xterm-256color"}
    return {**kept, **size, "PATH": path, "F5_STORE_PAGES": PAGES, "PYTHONWARNINGS": "ignore"}


def _speak(folder: Path, environment: Mapping[str, str]) -> str:
    """Speak the embedded batch and those of the tutorial; returns what a terminal shows for the first one of these."""
    _run("f5-pipeline demo", folder, environment)
    manifests = []
    for _, title, content in blocks():
        if title and not title.startswith("out/"):
            (folder / title).write_text(content, encoding="utf-8")
            manifests.append(title)
    batches = [name for name in dict.fromkeys(manifests) if not name.endswith(".toml")]
    shown = ""
    for manifest in batches:
        for command in (f"submit {manifest}", f"run {Path(manifest).stem}", f"results {Path(manifest).stem}"):
            output = _run(f"f5-pipeline {command}", folder, environment)
            if manifest == batches[0]:
                shown += f"\x1b[1m$ f5-pipeline {command}\x1b[0m\n{output}"
    return shown


def _run(command: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Run a command on a pseudo-terminal; returns what it shows at the end, with escape sequences for colours.

    Raises:
        RuntimeError: it failed.
    """
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
    with subprocess.Popen(command.split(), stdout=secondary, stderr=secondary, cwd=folder, env=environment) as process:
        os.close(secondary)
        output = b"".join(_received(primary))
    os.close(primary)
    if process.returncode:
        raise RuntimeError(f"{command}: exit code {process.returncode}\n{output.decode()}")
    lines = output.decode().replace("\r\n", "\n").split("\n")
    return "\n".join(line.rsplit("\r", 1)[-1] for line in lines)  # a progress bar is written again and again


def _received(primary: int) -> Iterator[bytes]:
    try:
        while block := os.read(primary, 1 << 16):
            yield block
    except OSError:  # the process has closed its end
        return


@contextmanager
def _ui(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    command = ["f5-pipeline", "ui"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if "The UI is at" not in (line := process.stdout.readline()):
            raise RuntimeError(f"f5-pipeline ui did not start: {line}")
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)


def _copy_samples(batches: Path) -> None:
    SAMPLES.mkdir(exist_ok=True)
    for name, source in _SAMPLES.items():
        shutil.copy(batches / source, SAMPLES / name)


# --- pictures -------------------------------------------------------------------------------------------------


def _svg(terminal: str) -> str:
    """A picture of a terminal. Its font is one of the reader's: an image may not load others."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(terminal))
    svg = console.export_svg(title="f5-pipeline", clear=True)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
    return re.sub(r"font-family: Fira Code[^;]*;", "font-family: ui-monospace, Menlo, Consolas, monospace;", svg)


@contextmanager
def _chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def _page(browser: Browser, url: str, viewport: Any, **options: Any) -> Iterator[Page]:
    with browser.new_context(viewport=viewport, **options) as context:
        page = context.new_page()
        page.goto(url)
        yield page


def _listening_pages(browser: Browser) -> None:
    for name, viewport, keys, options in (
        ("listening", _DESKTOP, "jj", {}),
        ("listening-dark", _DESKTOP, "jjz", {"color_scheme": "dark"}),
        ("listening-phone", _PHONE, "jj", {"device_scale_factor": 2, "is_mobile": True, "has_touch": True}),
    ):
        with _page(browser, _LISTENING, viewport, **options) as page:
            _press(page, keys)
            page.evaluate("scrollTo(0, 0)")
            page.wait_for_timeout(300)
            _save(page.screenshot(), name)


def _press(page: Page, keys: str) -> None:
    page.locator(".row").first.wait_for()
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(200)


def _record(browser: Browser) -> None:
    """The listening page while a listener plays two lines, looks at a spectrogram, and accepts a take."""
    frames, seconds = [], []
    with _page(browser, _LISTENING, _RECORDING) as page:
        page.locator(".row").first.wait_for()
        for keys, length in _STEPS:
            _press(page, keys)
            start = time.monotonic()
            while (now := time.monotonic()) < start + length:
                frames.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
                page.wait_for_timeout(max(0, 1000 * (_FRAME_SECONDS - (time.monotonic() - now))))
                seconds.append(time.monotonic() - now)
    first, *others = frames
    first.save(
        ASSETS / "recording.webp",
        save_all=True,
        append_images=others,
        duration=[round(1000 * each) for each in seconds],
        loop=0,
        quality=40,
        method=4,
    )


def _dagster_pages(browser: Browser) -> None:
    with _page(browser, f"{UI}/asset-groups", {"width": 1400, "height": 860}) as page:
        page.set_default_timeout(60_000)
        page.get_by_text("Hide navigation").click()
        page.get_by_text("Materialize all").wait_for()
        page.wait_for_timeout(_LAYOUT)
        page.keyboard.press("Alt+e")  # expands all groups, and notes that in the address
        page.wait_for_timeout(_LAYOUT)
        page.reload()  # fits the graph into the window
        page.get_by_text("delivered_audio", exact=True).first.wait_for()
        page.wait_for_timeout(_LAYOUT)
        _save(page.screenshot(), "lineage")
    url = f"{UI}/assets/generated_audio?view=partitions&partition=demo"
    with _page(browser, url, {"width": 1400, "height": 900}) as page:
        page.set_default_timeout(60_000)
        page.get_by_text("audio_seconds", exact=True).first.wait_for()
        page.wait_for_timeout(_LAYOUT)
        _save(page.screenshot(), "batch")


def _save(png: bytes, name: str) -> None:
    Image.open(io.BytesIO(png)).convert("RGB").save(ASSETS / f"{name}.webp", quality=_QUALITY, method=6)


if __name__ == "__main__":
    main()
