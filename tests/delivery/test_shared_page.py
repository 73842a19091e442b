"""Pages with links, in a real Chromium, against an S3 server that checks signatures and their time."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.audio.samples import Samples
from f5_pipeline.cli.main import main
from f5_pipeline.delivery.report_page import Page, PageRow, render, with_links
from f5_pipeline.delivery.shared_page import publish_page, save_page
from f5_pipeline.errors import BadSetting, BatchMissing, NotSpokenYet, PageDamaged
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.results.lookup import fetch_delivered
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.s3 import S3Store
from tests.browser import Open, played, until
from tests.delivery.test_deliver import Batch
from tests.delivery.test_report_page import HOSTILE, data_of
from tests.storage.conftest import s3_store
from tests.storage.servers import SECRET_KEY


@pytest.fixture
def bucket(
    voices: dict[str, Samples],
    rclone_server: Any,
    aws_environment: pytest.MonkeyPatch,
) -> S3Store:
    """A private bucket with a delivered batch ``demo``."""
    batch = Batch(s3_store(rclone_server, aws_environment), voices)
    batch.settings = BatchSettings(format="mp3", join_sections=True, subtitles="vtt")
    batch.deliver()
    assert isinstance(batch.store, S3Store)
    return batch.store


@pytest.fixture
def expired(bucket: S3Store, tmp_path: Path) -> Path:
    """A page whose links have ended."""
    save_page(bucket, "demo", 1, tmp_path / "old.html")
    time.sleep(2.1)
    return tmp_path / "old.html"


def test_a_page_on_this_machine_plays_from_a_private_bucket(bucket: S3Store, opened: Open, tmp_path: Path) -> None:
    shared = save_page(bucket, "demo", 600, tmp_path / "demo.html")
    page = opened(tmp_path / "demo.html")
    assert "until" in page.text_content("#links")
    page.keyboard.press("Space")
    played(page)
    heard = [url for url in page.requested if "/audio/" in url]
    assert heard
    assert all(url.startswith("http://127.0.0.1:") and "X-Amz-Signature" in url for url in heard)
    page.click("#sections summary")
    page.evaluate("document.querySelector('.sections audio').play()")
    until(page, "document.querySelector('.sections audio').currentTime > 0.1")
    assert "X-Amz-Signature" in page.get_attribute(".sections a >> nth=1", "href")
    assert shared.expires is not None
    assert 500 < shared.expires - time.time() < 601


def test_a_page_in_the_bucket_opens_by_one_link(bucket: S3Store, opened: Open) -> None:
    shared = publish_page(bucket, "demo", 600)
    page = opened(shared.location)
    page.keyboard.press("Space")
    played(page)


def test_links_that_ended_are_said_to_have_ended(expired: Path, opened: Open) -> None:
    page = opened(expired)
    assert "The links of this page ended on" in page.text_content("#links")
    page.keyboard.press("Space")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "For new ones: f5-pipeline report demo" in page.text_content("#trouble")
    page.click("#sections summary")
    page.evaluate("document.querySelector('.sections audio').play().catch(() => {})")
    page.wait_for_selector(".sections .gap:not(:empty)")
    assert "ended on" in page.text_content(".sections li:first-child .gap")
    assert all("400" in fault for fault in page.faults)
    page.faults.clear()


def test_a_link_that_fails_before_its_time_is_said_too(bucket: S3Store, opened: Open, tmp_path: Path) -> None:
    save_page(bucket, "demo", 600, tmp_path / "demo.html")
    for info in list(bucket.list("batches/demo/audio/")):
        bucket.delete(info.key)
    page = opened(tmp_path / "demo.html")
    page.keyboard.press("Space")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "could not be loaded through its link" in page.text_content("#trouble")
    page.faults.clear()


def test_what_was_delivered_holds_no_links_and_pages_with_links_are_not_fetched(
    bucket: S3Store, tmp_path: Path
) -> None:
    publish_page(bucket, "demo", 600)
    fetch_delivered(bucket, "demo", tmp_path / "out")
    assert not (tmp_path / "out" / "report.links.html").exists()
    assert "X-Amz" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_the_page_is_for_its_owners_eyes_and_holds_no_key(bucket: S3Store, tmp_path: Path) -> None:
    save_page(bucket, "demo", 600, tmp_path / "demo.html")
    assert stat.S_IMODE((tmp_path / "demo.html").stat().st_mode) == 0o600
    assert SECRET_KEY not in (tmp_path / "demo.html").read_text(encoding="utf-8")


def test_the_command_says_where_the_page_is_and_that_it_is_a_secret(
    bucket: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("F5_STORE", bucket.url)
    assert main(["results", "demo"]) == 0
    assert "f5-pipeline report demo " in capsys.readouterr().out
    assert main(["report", "demo"]) == 0
    said = capsys.readouterr()
    assert said.out == "demo.html\n"
    assert "secret" in said.err
    assert "X-Amz-Expires=86400" in (tmp_path / "demo.html").read_text(encoding="utf-8").replace("\\u0026", "&")
    assert main(["report", "demo", "night.html", "--links", "3600"]) == 0
    assert capsys.readouterr().out == "night.html\n"
    assert "X-Amz-Expires=3600" in (tmp_path / "night.html").read_text(encoding="utf-8").replace("\\u0026", "&")
    assert main(["report", "demo", "--publish"]) == 0
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


def test_of_a_folder_the_page_has_plain_links_that_never_end(
    voices: dict[str, Samples],
    opened: Open,
    tmp_path: Path,
) -> None:
    store = LocalStore(tmp_path / "store")
    Batch(store, voices).deliver()
    assert save_page(store, "demo", 600, tmp_path / "elsewhere" / "demo.html").expires is None
    page = opened(tmp_path / "elsewhere" / "demo.html")
    assert page.is_hidden("#links")
    page.keyboard.press("Space")
    played(page)


FAILURES: list[tuple[Callable[[LocalStore], object], type[Exception], str]] = [
    (lambda store: None, BatchMissing, "demo"),
    (lambda store: store.write("manifests/demo.csv", b"text\nx\n"), NotSpokenYet, "listening page"),
    (lambda store: store.write("batches/demo/report.html", b"<html>"), PageDamaged, "f5-pipeline run demo"),
    (lambda store: store.write("batches/demo/report.html", b"\xff"), PageDamaged, "this version"),
]


@pytest.mark.parametrize(("prepare", "error", "said"), FAILURES)
def test_what_cannot_be_shared_is_said(
    tmp_path: Path, prepare: Callable[[LocalStore], object], error: type[Exception], said: str
) -> None:
    store = LocalStore(tmp_path / "store")
    prepare(store)
    with pytest.raises(error, match=said):
        save_page(store, "demo", 600, tmp_path / "demo.html")
    assert not (tmp_path / "demo.html").exists()


def test_links_that_would_live_too_long_are_refused(bucket: S3Store, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="7 days"):
        save_page(bucket, "demo", 700_000, tmp_path / "demo.html")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_with_links_says_the_same_as_the_one_it_is_made_of(text: str) -> None:
    before = render(Page("b", text, [PageRow("a", text, audio="audio/a.mp3")]))
    after = with_links(before, lambda name: f"https://x/{name}?a=1&b=</script>", 5)
    assert data_of(after)["rows"] == data_of(before)["rows"]
    assert data_of(after)["links"] == {"audio/a.mp3": "https://x/audio/a.mp3?a=1&b=</script>"}
    assert after.count("</script>") == before.count("</script>")
