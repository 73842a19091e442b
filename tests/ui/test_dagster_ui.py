"""The UI: a real ``dagster dev``, a real browser, the embedded model.

Controls are found by the names that a person reads. If a new version of Dagster renames them, these tests fail.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest

from f5_pipeline.storage.local import LocalStore
from tests.material import put_voices

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow

START_SECONDS = 240
RUN_MILLISECONDS = 240_000
MANIFEST = """id,voice,text
hello,m3,Welcome back to the river.
bad,nobody,Who is there?
lamp,f2,The lamp is by the window.
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a checkout: Dagster's configuration and a store with four voices and one manifest."""
    folder = tmp_path_factory.mktemp("ui")
    shutil.copy(ROOT / "dagster.yaml", folder)
    for kind in ("voices", "manifests"):
        (folder / "store" / kind).mkdir(parents=True)
    put_voices(LocalStore(folder / "store"), "f2", "m3")
    (folder / "story.csv").write_text(MANIFEST)
    (folder / "story.toml").write_text("nfe_step = 5\nmax_attempts = 1\n")
    return folder


@pytest.fixture(scope="module")
def pages(folder: Path) -> Iterator[str]:
    """The address of a web server on the store's folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder / "store")))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def ui(folder: Path, pages: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of ``dagster dev`` in that folder, after ``f5-pipeline submit``."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("F5_", "DAGSTER_"))}
    environment |= {"F5_CACHE": str(tmp_path_factory.mktemp("cache")), "F5_STORE_PAGES": pages}
    submit = [sys.executable, "-m", "f5_pipeline.cli.main", "submit", "story.csv"]
    subprocess.run(submit, cwd=folder, env=environment, check=True, capture_output=True)
    port = _free_port()
    command = [sys.executable, "-m", "dagster", "dev", "-m", "f5_pipeline.definitions", "-p", str(port)]
    with (folder / "dev.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for(f"http://127.0.0.1:{port}/server_info", process, folder / "dev.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            _kill_all(process)


def _kill_all(process: subprocess.Popen[bytes]) -> None:
    """Kill it with its children. It would interrupt them, and processes in the background ignore SIGINT."""
    parent = psutil.Process(process.pid)
    for each in (*parent.children(recursive=True), parent):
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"dagster dev does not answer:\n{log.read_text()}")


@pytest.fixture(scope="module")
def page(ui: str, chromium: Any) -> Iterator[Any]:
    opened = chromium.new_page(viewport={"width": 1400, "height": 1000}, base_url=ui)
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def spoken(page: Any) -> Any:
    """The batch is spoken from the UI as in the tutorial: *Materialize all*, select the batch, launch."""
    page.goto("/locations/f5_pipeline.definitions/jobs/speech_batch")
    page.get_by_role("button", name=re.compile("Materialize all")).click()
    page.get_by_text("Select a partition or create one").click()
    page.get_by_role("menuitem").filter(has_text="story").click()
    _launch(page)
    page.get_by_text("Success", exact=True).first.wait_for(timeout=RUN_MILLISECONDS)
    return page


def _launch(page: Any) -> None:
    """Launch a run and open its page: the target of the link "View", because the note with the link soon disappears."""
    page.get_by_role("button", name=re.compile("Launch 1 run")).click()
    page.goto(page.get_by_role("link", name="View", exact=True).get_attribute("href"))


def test_a_batch_is_spoken_from_the_ui(spoken: Any, folder: Path) -> None:
    assert sorted(path.name for path in (folder / "store/batches/story/audio").iterdir()) == ["hello.wav", "lamp.wav"]


def test_the_log_of_the_run_has_the_listening_page(spoken: Any) -> None:
    spoken.get_by_text(re.compile("Listening page: ")).first.wait_for()


def test_the_materialization_links_to_the_listening_page(spoken: Any, pages: str) -> None:
    spoken.goto("/assets/delivered_audio?view=partitions&partition=story")
    link = f"{pages}/batches/story/report.html"
    with spoken.expect_popup() as opened:
        spoken.get_by_role("link", name=link).click()
    report = opened.value
    report.get_by_text("Welcome back to the river.").first.wait_for()
    assert report.url == link


def test_the_metadata_of_a_batch_is_shown_and_plotted(spoken: Any) -> None:
    spoken.goto("/assets/generated_audio?view=partitions&partition=story")
    for text in ("audio_seconds", "cache_hits", "device_seconds", "the lamp is by the window."):
        spoken.get_by_text(text, exact=True).first.wait_for()
    spoken.goto("/assets/generated_audio?view=overview")
    spoken.get_by_text("Plots", exact=True).click()
    spoken.locator("canvas").first.wait_for()


def test_the_spectrogram_of_the_worst_clip_is_shown_in_its_place(spoken: Any) -> None:
    spoken.goto("/assets/generated_audio?view=partitions&partition=story")
    picture = spoken.get_by_role("img", name="spectrogram")
    picture.wait_for()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 300")
    clip = spoken.get_by_role("link", name="Play", exact=True).get_attribute("href")
    with urllib.request.urlopen(clip) as answer:
        assert answer.read(4) == b"fLaC"


def test_a_rejected_row_is_a_failed_check_with_its_reason(spoken: Any) -> None:
    spoken.goto("/assets/generated_audio?view=checks")
    spoken.get_by_text("every_line_spoken", exact=True).first.click()
    spoken.get_by_text("Batch story: 1 row rejected, 0 lines failed.").first.wait_for()
    spoken.get_by_text("The voice 'nobody' is not in the store.").first.wait_for()


def test_nothing_is_spoken_twice(spoken: Any) -> None:
    """A second materialization, from the page of the asset, speaks nothing, and the UI shows that."""
    spoken.goto("/assets/generated_audio?view=partitions&partition=story")
    spoken.get_by_role("button", name=re.compile("Materialize")).first.click()
    _launch(spoken)
    spoken.get_by_text("Success", exact=True).first.wait_for(timeout=RUN_MILLISECONDS)
    spoken.goto("/assets/generated_audio?view=partitions&partition=story")
    row = spoken.get_by_role("row").filter(has=spoken.get_by_text("clips_spoken", exact=True)).first
    assert re.search(r"clips_spoken\s*0\b", row.inner_text())


def test_sensors_and_schedule_have_switches_that_are_off(spoken: Any) -> None:
    spoken.goto("/automation")
    for name in ("new_manifests", "nightly_batches"):
        spoken.get_by_text(name, exact=True).first.wait_for()
    assert spoken.locator("input[type=checkbox][role=switch]:checked").count() == 0
