"""Listening pages with presigned links, in Chromium, against an S3 server that checks signatures and expiry."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.audio.samples import Samples
from f5_pipeline.cli.main import main
from f5_pipeline.delivery.report_page import Page, PageRow, PageTake, render, with_links
from f5_pipeline.delivery.shared_page import publish_page, save_page
from f5_pipeline.errors import BadSetting, BatchMissing, NotSpokenYet, PageDamaged
from f5_pipeline.manifests.batch_settings import BatchSettings
from f5_pipeline.results.lookup import fetch_delivered
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.s3 import S3Store
from tests.browser import Open, played, until
from tests.delivery.batch import Batch
from tests.delivery.pages import HOSTILE, data_of
from tests.storage.conftest import s3_store
from tests.storage.servers import SECRET_KEY

pytestmark = pytest.mark.slow


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
    """A page whose links have expired."""
    save_page(bucket, "demo", 1, tmp_path / "old.html")
    time.sleep(2.1)
    return tmp_path / "old.html"


def test_a_local_page_plays_from_a_private_bucket(bucket: S3Store, opened: Open, tmp_path: Path) -> None:
    shared = save_page(bucket, "demo", 600, tmp_path / "demo.html")
    page = opened(tmp_path / "demo.html")
    assert "until" in page.text_content("#links")
    page.keyboard.press("Space")
    played(page)
    played_urls = [url for url in page.requested if "/audio/" in url]
    assert played_urls
    assert all(url.startswith("http://127.0.0.1:") and "X-Amz-Signature" in url for url in played_urls)
    page.click("#sections summary")
    page.evaluate("document.querySelector('.sections audio').play()")
    until(page, "document.querySelector('.sections audio').currentTime > 0.1")
    assert "X-Amz-Signature" in page.get_attribute(".sections a >> nth=1", "href")
    assert shared.expires is not None
    assert 500 < shared.expires - time.time() < 601


def test_a_published_page_opens_by_one_link(bucket: S3Store, opened: Open) -> None:
    shared = publish_page(bucket, "demo", 600)
    page = opened(shared.location)
    page.keyboard.press("Space")
    played(page)


def test_expired_links_are_reported(expired: Path, opened: Open) -> None:
    page = opened(expired)
    assert "expired" in page.text_content("#links")
    page.keyboard.press("Space")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "f5-pipeline report demo" in page.text_content("#trouble")
    page.click("#sections summary")
    page.evaluate("document.querySelector('.sections audio').play().catch(() => {})")
    page.wait_for_selector(".sections .gap:not(:empty)")
    assert "expired" in page.text_content(".sections li:first-child .gap")
    assert all("400" in error for error in page.errors)
    page.errors.clear()


def test_a_link_that_fails_before_it_expires_is_reported(bucket: S3Store, opened: Open, tmp_path: Path) -> None:
    save_page(bucket, "demo", 600, tmp_path / "demo.html")
    for info in list(bucket.list("batches/demo/audio/")):
        bucket.delete(info.key)
    page = opened(tmp_path / "demo.html")
    page.keyboard.press("Space")
    page.wait_for_selector("#trouble:not([hidden])")
    assert "through its link" in page.text_content("#trouble")
    page.errors.clear()


def test_delivered_pages_hold_no_links_and_published_pages_are_not_fetched(bucket: S3Store, tmp_path: Path) -> None:
    publish_page(bucket, "demo", 600)
    fetch_delivered(bucket, "demo", tmp_path / "out")
    assert not (tmp_path / "out" / "report.links.html").exists()
    assert "X-Amz" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_local_page_is_readable_by_its_owner_only_and_holds_no_key(bucket: S3Store, tmp_path: Path) -> None:
    save_page(bucket, "demo", 600, tmp_path / "demo.html")
    assert stat.S_IMODE((tmp_path / "demo.html").stat().st_mode) == 0o600
    assert SECRET_KEY not in (tmp_path / "demo.html").read_text(encoding="utf-8")


def test_the_command_prints_the_location_and_warns_that_the_page_is_a_secret(
    bucket: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("F5_STORE", bucket.url)
    assert main(["results", "demo"]) == 0
    assert "f5-pipeline report demo " in capsys.readouterr().out
    assert main(["report", "demo"]) == 0
    output = capsys.readouterr()
    assert output.out == "demo.html\n"
    assert "secret" in output.err
    assert "X-Amz-Expires=86400" in (tmp_path / "demo.html").read_text(encoding="utf-8").replace("\\u0026", "&")
    assert main(["report", "demo", "night.html", "--links", "3600"]) == 0
    assert capsys.readouterr().out == "night.html\n"
    assert "X-Amz-Expires=3600" in (tmp_path / "night.html").read_text(encoding="utf-8").replace("\\u0026", "&")
    assert main(["report", "demo", "--publish"]) == 0
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


def test_the_page_of_a_folder_has_plain_links_that_never_expire(
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
    (lambda store: store.write("manifests/demo.csv", b"text\nx\n"), NotSpokenYet, "demo"),
    (lambda store: store.write("batches/demo/report.html", b"<html>"), PageDamaged, "f5-pipeline run demo"),
    (lambda store: store.write("batches/demo/report.html", b"\xff"), PageDamaged, "report.html"),
]


@pytest.mark.parametrize(("prepare", "error", "message"), FAILURES)
def test_a_page_that_cannot_be_shared_raises(
    tmp_path: Path, prepare: Callable[[LocalStore], object], error: type[Exception], message: str
) -> None:
    store = LocalStore(tmp_path / "store")
    prepare(store)
    with pytest.raises(error, match=message):
        save_page(store, "demo", 600, tmp_path / "demo.html")
    assert not (tmp_path / "demo.html").exists()


def test_a_link_lifetime_over_seven_days_is_refused(bucket: S3Store, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="7 days"):
        save_page(bucket, "demo", 700_000, tmp_path / "demo.html")


def test_takes_and_references_have_links_as_well() -> None:
    take = PageTake(2, "0" * 64, "suspect", "", "takes/a.2.mp3", 1.0)
    row = PageRow("a", "text", audio="audio/a.mp3", takes=[take])
    page = render(Page("b", "", [row], references={"anna": "references/anna.wav"}))
    links = data_of(with_links(page, lambda name: f"https://x/{name}", 5))["links"]
    assert set(links) == {"audio/a.mp3", "takes/a.2.mp3", "references/anna.wav"}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_with_links_has_the_same_rows_as_the_original(text: str) -> None:
    original = render(Page("b", text, [PageRow("a", text, audio="audio/a.mp3")]))
    linked = with_links(original, lambda name: f"https://x/{name}?a=1&b=</script>", 5)
    assert data_of(linked)["rows"] == data_of(original)["rows"]
    assert data_of(linked)["links"] == {"audio/a.mp3": "https://x/audio/a.mp3?a=1&b=</script>"}
    assert linked.count("</script>") == original.count("</script>")
