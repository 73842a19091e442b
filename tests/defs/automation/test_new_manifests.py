"""The sensor ``new_manifests``, told as ticks of stories."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from f5_pipeline.defs.automation import sensors
from f5_pipeline.defs.automation.sensors import RUNS_A_TICK, new_manifests
from f5_pipeline.defs.code_location import define
from f5_pipeline.errors import StoreBusy, StoreUnusable
from f5_pipeline.results.manifest_files import manifest_files
from f5_pipeline.storage import local
from f5_pipeline.storage.layout import CLIPS
from f5_pipeline.storage.local import LocalStore
from tests.defs.conftest import Project
from tests.defs.story import Story, begin
from tests.finished_batches import finish

KNOWN = "f5_pipeline_known_manifests"


@pytest.fixture
def story(project: Project, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Story:
    story = begin(project, instance)
    monkeypatch.setattr(sensors, "_now", lambda: story.now)
    return story


def test_a_manifest_comes_is_spoken_once_changed_and_spoken_again(story: Story) -> None:
    assert story.tick() == []
    assert "has no manifests" in story.said
    story.manifest("one")
    assert story.tick() == ["one"]
    assert story.partitions == ["one"]
    assert story.tags("one")["f5/reason"] == "not spoken yet"
    assert story.tick() == []
    story.succeeds("one")
    assert story.tick() == []
    assert story.said == "1 manifests, none to be run now."
    story.manifest("one", "text,voice", "Another line.,m1")
    assert story.tick() == ["one"]
    assert story.tags("one")["f5/reason"] == "changed since: manifest"
    story.succeeds("one")
    assert story.tick() == []
    assert story.runs("one") == 2


def test_a_settings_file_beside_it_counts_and_so_does_its_going(story: Story) -> None:
    story.manifest("one")
    assert story.tick() == ["one"]
    story.succeeds("one")
    story.manifest("one", 'format = "flac"', file="one.toml")
    assert story.tick() == ["one"]
    story.succeeds("one")
    story.store.delete("manifests/one.toml")
    assert story.tick() == ["one"]


def test_a_broken_manifest_is_one_failed_run_and_not_a_treadmill(story: Story) -> None:
    story.manifest("broken", "no,such,columns")
    assert story.tick() == ["broken"]
    story.fails("broken")
    for _ in range(5):
        assert story.tick() == []
    story.manifest("broken", "text,voice", "Mended.,f2")
    assert story.tick() == ["broken"]
    story.succeeds("broken")
    assert story.tick() == []


def test_many_at_once_are_spread_over_the_ticks_the_longest_waiting_first(story: Story) -> None:
    names = [f"b{number:02}" for number in range(2 * RUNS_A_TICK + 3)]
    for name in reversed(names):
        story.manifest(name)
        story.wait(seconds=1)
    first, second, third = story.tick(), story.tick(), story.tick()
    assert first + second + third == names[::-1]
    assert [len(first), len(second), len(third)] == [RUNS_A_TICK, RUNS_A_TICK, 3]
    assert story.tick() == []
    assert story.partitions == names


def test_a_manifest_that_is_still_being_written_is_left_alone(story: Story) -> None:
    story.manifest("slow", "text,voi")
    assert story.tick(seconds=2) == []
    assert "in work or being written: slow" in story.said
    story.manifest("slow", "text,voice", "Now it is whole.,f2")
    assert story.tick(seconds=4) == []
    assert story.tick(seconds=1) == ["slow"]


def test_what_is_being_submitted_is_left_alone_and_run_when_it_is_complete(story: Story) -> None:
    """A submission is interrupted, and completed with the bytes that were there: the same version, for a bucket."""
    story.manifest("half")
    story.manifest("half", file="half.submitting")
    story.manifest("whole")
    assert story.tick() == ["whole"]
    assert story.partitions == ["whole"]
    story.succeeds("whole")
    for _ in range(2):
        assert story.tick() == []
        assert story.said == (
            "2 manifests, none to be run now; "
            "being submitted (if nobody is submitting it any more, submit it again): half."
        )
    story.store.delete("manifests/half.submitting")
    assert story.tick() == ["half"]
    story.succeeds("half")
    assert story.tick() == []


def test_what_is_submitted_once_more_as_it_was_is_run_if_it_was_not_spoken(story: Story) -> None:
    for name in ("failed", "spoken"):
        story.manifest(name)
    assert sorted(story.tick()) == ["failed", "spoken"]
    story.fails("failed")
    story.succeeds("spoken")
    for name in ("failed", "spoken"):
        story.manifest(name, file=f"{name}.submitting")
    assert story.tick() == []
    assert story.partitions == ["failed", "spoken"]
    for name in ("failed", "spoken"):
        story.store.delete(f"manifests/{name}.submitting")
    assert story.tick() == ["failed"]
    story.fails("failed")
    assert story.tick() == []


def test_a_file_from_the_future_is_not_waited_for(story: Story) -> None:
    story.wait(days=2)
    story.manifest("early")
    story.wait(days=-2)
    assert story.tick() == ["early"]


def test_a_deleted_manifest_is_a_partition_no_more_and_its_clips_stay(story: Story) -> None:
    for name in ("kept", "deleted"):
        story.manifest(name)
    assert sorted(story.tick()) == ["deleted", "kept"]
    story.succeeds("kept", "deleted")
    clips = {info.key for info in story.store.list(CLIPS)}
    story.store.delete("manifests/deleted.csv")
    assert story.tick() == []
    assert "deleted, and so a partition no more: deleted" in story.said
    assert story.partitions == ["kept"]
    assert {info.key for info in story.store.list(CLIPS)} == clips
    assert story.store.stat("batches/deleted/report.html") is not None
    story.manifest("deleted")  # it comes back as it was, for the store: another file of the same content
    assert story.tick() == ["deleted"]


def test_a_manifest_deleted_while_its_run_waits_keeps_its_partition_until_then(story: Story) -> None:
    story.manifest("kept")
    story.manifest("hasty")
    assert sorted(story.tick()) == ["hasty", "kept"]
    story.store.delete("manifests/hasty.csv")
    story.tick()
    assert story.partitions == ["hasty", "kept"]
    story.fails("hasty")
    story.tick()
    assert story.partitions == ["kept"]


def test_an_empty_store_is_taken_for_a_lost_mount_and_nothing_is_removed(story: Story, tmp_path: Path) -> None:
    story.manifest("one")
    assert story.tick() == ["one"]
    story.succeeds("one")
    story.seen_store = LocalStore(tmp_path / "not-mounted")
    assert story.tick() == []
    assert "has no manifests" in story.said
    assert story.partitions == ["one"]
    story.seen_store = None
    assert story.tick() == []
    assert story.runs("one") == 1


class Unreachable(LocalStore):
    """A store that cannot be listed, for one reason or another."""

    error: StoreUnusable

    def list(self, prefix: str = "") -> object:  # type: ignore[override]
        raise self.error


def test_a_busy_store_is_a_skipped_tick_and_a_wrong_one_a_failed_tick_and_both_forget_nothing(story: Story) -> None:
    story.manifest("one")
    assert story.tick() == ["one"]
    story.succeeds("one")
    before = story.cursor
    story.seen_store = store = Unreachable(story.store.url)
    store.error = StoreBusy("s3://bucket", "listing", "503 SlowDown")
    assert story.tick() == []
    assert story.said.startswith("Store s3://bucket: listing failed: 503 SlowDown.")
    assert "the next tick looks again" in story.said
    store.error = StoreUnusable("s3://bucket", "is not there.", "Make it.")
    with pytest.raises(StoreUnusable, match=r"Store s3://bucket is not there\. Make it\."):
        story.tick()
    assert story.cursor == before
    story.seen_store = None
    assert story.tick() == []
    assert story.partitions == ["one"]


def test_hostile_and_half_uploaded_files_never_break_a_tick(story: Story) -> None:
    folder = story.folder / "manifests"
    story.manifest("good")
    for name in ("a b.csv", "é.csv", ".part-host-1-0123456789abcdef", "-rm;.csv", "a\nb.csv", "$(x).csv", "x" * 200):
        (folder / name).write_bytes(b"text,voice\nHello.,f2\n")
    (folder / "empty.csv").write_bytes(b"")
    (folder / "link.csv").symlink_to("/etc/passwd")
    (folder / "dangling.csv").symlink_to("nowhere")
    (folder / "folder.csv").mkdir()
    for file in folder.iterdir():
        if file.is_file():
            import os

            os.utime(file, (story.now.timestamp(),) * 2, follow_symlinks=file.name != "link.csv")
    assert sorted(story.tick()) == ["empty", "good"]  # the empty one fails in its run, which says why
    assert story.partitions == ["empty", "good"]
    assert story.tick() == []


def test_a_batch_that_has_a_run_gets_no_second_one(story: Story) -> None:
    story.manifest("one")
    by_hand = story.run("one", dg.DagsterRunStatus.STARTED)
    assert story.tick() == []
    assert "in work or being written: one" in story.said
    story.instance.report_run_failed(by_hand)
    assert story.tick() == ["one"]
    story.manifest("one", "text,voice", "Changed while it waits.,f2")
    assert story.tick() == []
    story.succeeds("one")  # it reads the manifest when it begins, and so the new one
    assert story.tick() == []
    assert story.runs("one") == 2


def test_a_change_in_the_middle_of_a_run_is_another_run(story: Story) -> None:
    story.manifest("one")
    assert story.tick() == ["one"]
    finish(story.store, story.settings, "one")
    story.manifest("one", "text,voice", "Changed in the middle.,f2")
    assert story.tick() == []
    story.instance.report_run_failed(story.instance.get_runs()[0])
    assert story.tick() == ["one"]


def test_a_run_that_crashed_and_is_about_to_be_retried_is_a_run(story: Story) -> None:
    story.manifest("one")
    crashed = story.run("one", dg.DagsterRunStatus.FAILURE, **{"dagster/will_retry": "true"})
    assert story.tick(seconds=10) == []
    story.instance.add_run_tags(crashed.run_id, {"dagster/auto_retry_run_id": "another"})
    assert story.tick(seconds=10) == ["one"]


def test_what_was_spoken_before_the_sensor_came_is_not_spoken_again(story: Story) -> None:
    for name in ("old", "new"):
        story.manifest(name)
    finish(story.store, story.settings, "old")
    assert story.tick() == ["new"]
    assert story.partitions == ["new", "old"]


def test_a_version_that_comes_back_is_a_change_too(story: Story) -> None:
    """A bucket's ETag is made of the content alone, so that an edit taken back has the ETag of before."""
    etag: dict[str, str] = {}

    class Bucket(LocalStore):
        def list(self, prefix: str = ""):  # type: ignore[no-untyped-def, override]
            from dataclasses import replace

            for info in super().list(prefix):
                yield replace(info, etag=etag.get(info.key, info.etag))

    story.seen_store = story.store = Bucket(story.store.url)
    for version in ("a", "b", "a"):
        story.manifest("one", "text,voice", f"Version {version}.,f2")
        etag["manifests/one.csv"] = version
        assert story.tick() == ["one"]
        story.succeeds("one")
        assert story.tick() == []


@pytest.mark.parametrize("cursor", ["rubbish", "ÄÖ", "{}", "AAAA", None])
def test_a_lost_or_damaged_cursor_costs_a_look_and_no_run(story: Story, cursor: str | None) -> None:
    story.manifest("one")
    assert story.tick() == ["one"]
    story.succeeds("one")
    story.cursor = cursor
    assert story.tick() == []
    assert story.runs("one") == 1


def test_the_cursor_stays_short(story: Story) -> None:
    for number in range(RUNS_A_TICK):
        story.manifest(f"batch-with-a-rather-long-name-{number}")
    story.tick()
    assert len(story.cursor or "") == 22


def test_the_cursor_that_has_the_digests_in_it_is_understood(story: Story) -> None:
    """As older releases wrote it, in base64."""
    story.manifest("broken", "no,such,columns")
    assert story.tick() == ["broken"]
    story.fails("broken")
    kept = json.loads(story.instance.daemon_cursor_storage.get_cursor_values({KNOWN})[KNOWN])
    story.cursor = kept[story.cursor]
    assert len(story.cursor or "") == 8
    story.instance.daemon_cursor_storage.set_cursor_values({KNOWN: ""})
    assert story.tick() == []
    assert (story.cursor or "").startswith("known:")
    assert story.runs("broken") == 1


def test_digests_of_an_older_release_without_the_store_cost_a_look_and_what_is_done_no_run(story: Story) -> None:
    for name in ("spoken", "broken"):
        story.manifest(name, *([] if name == "spoken" else ["no,such,columns"]))
    assert sorted(story.tick()) == ["broken", "spoken"]
    story.succeeds("spoken")
    story.fails("broken")
    old = [f"{name} {manifest_files(story.store, name).version}" for name in ("spoken", "broken")]
    digests = sorted(hashlib.sha256(one.encode()).digest()[:6] for one in old)
    story.cursor = base64.b64encode(b"".join(digests)).decode()
    assert story.tick() == ["broken"]
    story.fails("broken")
    assert story.tick() == []
    assert (story.runs("spoken"), story.runs("broken")) == (1, 2)


def test_what_is_known_of_a_store_is_not_known_of_its_copy(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two batches, the copy has one spoken. As in a bucket, it has the versions of what it is a copy of."""
    monkeypatch.setattr(local, "_etag", lambda status: f"{status.st_size}-{status.st_mtime_ns}")
    for name in ("here", "everywhere"):
        story.manifest(name)
    assert sorted(story.tick()) == ["everywhere", "here"]
    story.succeeds("here", "everywhere")
    shutil.copytree(story.folder, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "batches" / "here")
    first, story.store = story.store, LocalStore(tmp_path / "copy")
    assert list(first.list("manifests/")) == list(story.store.list("manifests/"))
    assert story.tick() == ["here"]
    story.succeeds("here")
    assert story.tick() == []
    story.store = first
    assert story.tick() == []


def test_a_tick_whose_cursor_nobody_keeps_forgets_nothing(story: Story) -> None:
    """It failed in the daemon, or was a test in the UI."""
    story.manifest("broken", "no,such,columns")
    assert story.tick() == ["broken"]
    story.fails("broken")
    before = story.cursor
    for name in ("a", "b"):
        story.manifest(name)
        for cursor in (before, None):
            story.cursor = cursor
            story.tick(started=False)
    story.cursor = before
    assert story.tick() == ["a", "b"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"known:": 1}'])
def test_damaged_notes_of_what_is_known_cost_a_look_and_are_written_anew(story: Story, damage: str) -> None:
    story.manifest("one")
    assert story.tick() == ["one"]
    story.succeeds("one")
    story.instance.daemon_cursor_storage.set_cursor_values({KNOWN: damage})
    assert story.tick() == []
    kept = json.loads(story.instance.daemon_cursor_storage.get_cursor_values({KNOWN})[KNOWN])
    assert story.cursor in kept


def test_what_is_submitted_in_the_middle_of_a_look_stays_a_partition(story: Story) -> None:
    class SubmittedMeanwhile(LocalStore):
        def list(self, prefix: str = ""):  # type: ignore[no-untyped-def, override]
            found = list(super().list(prefix))
            if prefix == "manifests/" and "hasty" not in story.partitions:
                story.manifest("hasty")
                story.instance.add_dynamic_partitions("batches", ["hasty"])
            return iter(found)

    story.manifest("one")
    story.seen_store = SubmittedMeanwhile(story.store.url)
    assert story.tick() == ["one"]
    assert story.partitions == ["hasty", "one"]
    assert story.tick() == ["hasty"]


def test_where_nothing_is_new_and_nothing_gone_no_runs_are_read(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.manifest("one")
    story.manifest("two")
    assert sorted(story.tick()) == ["one", "two"]
    asked: list[object] = []
    real = story.instance.get_runs

    def counted(*given: Any, **named: Any) -> Any:
        asked.append(given)
        return real(*given, **named)

    monkeypatch.setattr(story.instance, "get_runs", counted)
    assert story.tick() == []
    assert asked == []
    story.store.delete("manifests/two.csv")
    assert story.tick() == []
    assert asked != []
    assert story.partitions == ["one", "two"]  # its run waits still


def test_it_is_off_by_default_and_one_setting_switches_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert new_manifests.default_status is dg.DefaultSensorStatus.STOPPED
    assert new_manifests.job_name == "speech_batch"
    assert {"new_manifests", "deliver_spoken_batches"} == {
        sensor.name for sensor in define().get_repository_def().sensor_defs
    }
