"""The sensor ``new_manifests``, told as ticks of stories."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from f5_pipeline.defs.automation.batch_runs import REASON_TAG
from f5_pipeline.defs.automation.manifest_versions import VERSIONS_TAG, is_run_of, manifest_version
from f5_pipeline.defs.automation.sensors import MAX_RUNS
from f5_pipeline.defs.code_location import define
from f5_pipeline.errors import StoreBusy, StoreUnusable
from f5_pipeline.results.manifest_files import manifest_files
from f5_pipeline.storage.layout import CLIPS
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectInfo
from tests.defs.conftest import Project
from tests.defs.story import Story, begin
from tests.finished_batches import finish


@pytest.fixture
def story(project: Project, instance: dg.DagsterInstance) -> Story:
    return begin(project, instance)


class ETagOfContent(LocalStore):
    """A folder with the ETags of a bucket, which depend on the content alone."""

    def write(self, key: str, data: bytes) -> ObjectInfo:
        return self._with_digest(super().write(key, data))

    def stat(self, key: str) -> ObjectInfo | None:
        return self.stat_many([key]).get(key)

    def stat_many(self, keys: Iterable[str]) -> dict[str, ObjectInfo]:
        return {key: self._with_digest(info) for key, info in super().stat_many(keys).items()}

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        return map(self._with_digest, super().list(prefix))

    def download(self, key: str, path: Path, etag: str | None = None) -> ObjectInfo:
        return self._with_digest(super().download(key, path))

    def _with_digest(self, info: ObjectInfo) -> ObjectInfo:
        return replace(info, etag=hashlib.sha256(self.read(info.key)).hexdigest()[:16])


# --- one run for each version ---------------------------------------------------------------------------------


def test_a_manifest_is_run_once_and_again_when_it_changes(story: Story) -> None:
    assert story.tick() == []
    assert "has no manifests" in story.skip_message
    story.manifest("one")
    assert story.tick() == ["one"]
    assert story.partitions == ["one"]
    assert story.tags("one")[REASON_TAG] == "not spoken yet"
    assert story.tick() == []
    story.succeeds("one")
    assert story.tick() == []
    assert story.skip_message.startswith("1 manifest, no run")
    story.manifest("one", "text,voice", "Another line.,m1")
    assert story.tick() == ["one"]
    assert story.tags("one")[REASON_TAG] == "changed since: manifest"
    story.succeeds("one")
    assert story.tick() == []
    assert story.runs("one") == 2


def test_a_new_changed_or_deleted_settings_file_is_a_change(story: Story) -> None:
    story.manifest("one")
    assert story.tick() == ["one"]
    story.succeeds("one")
    story.manifest("one", 'format = "flac"', file="one.toml")
    assert story.tick() == ["one"]
    story.succeeds("one")
    story.store.delete("manifests/one.toml")
    assert story.tick() == ["one"]


def test_a_broken_manifest_causes_one_failed_run_for_each_version(story: Story) -> None:
    story.manifest("broken", "no,such,columns")
    assert story.tick() == ["broken"]
    assert story.tags("broken")["dagster/run_key"].startswith("broken@")
    story.fails("broken")
    for _ in range(5):
        assert story.tick() == []
    story.manifest("broken", "text,voice", "Mended.,f2")
    assert story.tick() == ["broken"]
    story.succeeds("broken")
    assert story.tick() == []


def test_an_edit_that_is_taken_back_is_run(story: Story) -> None:
    """Its ETag in a bucket is the one of the first version, and so would be a run key made of ETags."""
    story.store = ETagOfContent(story.store.url)
    for version in ("a", "b", "a"):
        story.manifest("one", "text,voice", f"Version {version}.,f2")
        assert story.tick() == ["one"]
        story.succeeds("one")
        assert story.tick() == []


def test_many_manifests_are_spread_over_ticks_the_oldest_first(story: Story) -> None:
    names = [f"b{number:02}" for number in range(2 * MAX_RUNS + 3)]
    for name in reversed(names):
        story.manifest(name)
        story.wait(seconds=1)
    first, second, third = story.tick(), story.tick(), story.tick()
    assert first + second + third == names[::-1]
    assert [len(first), len(second), len(third)] == [MAX_RUNS, MAX_RUNS, 3]
    assert story.tick() == []
    assert story.partitions == names


def test_failed_batches_do_not_keep_later_ones_from_their_run(story: Story) -> None:
    names = [f"b{number:02}" for number in range(MAX_RUNS)]
    for name in names:
        story.manifest(name)
    story.fails(*story.tick())
    story.manifest("later")
    assert story.tick() == ["later"]
    assert story.settled == names


def test_a_manifest_that_is_being_written_waits(story: Story) -> None:
    story.manifest("slow", "text,voi")
    assert story.tick(seconds=2) == []
    assert "being written: slow" in story.skip_message
    story.manifest("slow", "text,voice", "Now it is complete.,f2")
    assert story.tick(seconds=4) == []
    assert story.tick(seconds=1) == ["slow"]


def test_a_file_from_the_future_does_not_wait(story: Story) -> None:
    story.wait(days=2)
    story.manifest("early")
    story.wait(days=-2)
    assert story.tick() == ["early"]


# --- submissions ----------------------------------------------------------------------------------------------


def test_a_batch_is_run_when_its_submission_is_complete(story: Story) -> None:
    """The submission is interrupted, and completed with the same bytes: in a bucket, the same ETags."""
    story.manifest("half")
    story.manifest("half", file="half.submitting")
    story.manifest("complete")
    assert story.tick() == ["complete"]
    assert story.partitions == ["complete"]
    story.succeeds("complete")
    for _ in range(2):
        assert story.tick() == []
        assert story.skip_message.startswith("2 manifests, no run")
        assert "submit again): half." in story.skip_message
    story.store.delete("manifests/half.submitting")
    assert story.tick() == ["half"]
    story.succeeds("half")
    assert story.tick() == []


@pytest.mark.parametrize("kind", [LocalStore, ETagOfContent])
def test_a_batch_that_is_submitted_again_unchanged_is_run_unless_it_is_finished(
    story: Story, kind: type[LocalStore]
) -> None:
    story.store = kind(story.store.url)
    for name in ("failed", "finished"):
        story.manifest(name)
    assert sorted(story.tick()) == ["failed", "finished"]
    story.fails("failed")
    story.succeeds("finished")
    assert story.tick() == []
    story.wait(minutes=1)
    for name in ("failed", "finished"):
        story.manifest(name, file=f"{name}.submitting")
        story.manifest(name)
    assert story.tick() == []
    for name in ("failed", "finished"):
        story.store.delete(f"manifests/{name}.submitting")
    if kind is LocalStore:  # a folder gives the same bytes another ETag, and so a run that speaks nothing
        assert sorted(story.tick()) == ["failed", "finished"]
        story.succeeds("finished")
    else:
        assert story.tick() == ["failed"]
    story.fails("failed")
    assert story.tick() == []


def test_a_batch_that_is_submitted_during_a_tick_stays_a_partition(story: Story) -> None:
    class SubmittedDuringListing(LocalStore):
        def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
            found = list(super().list(prefix))
            if prefix == "manifests/" and "hasty" not in story.partitions:
                story.manifest("hasty")
                story.instance.add_dynamic_partitions("batches", ["hasty"])
            return iter(found)

    story.manifest("one")
    story.policy_store = SubmittedDuringListing(story.store.url)
    assert story.tick() == ["one"]
    assert story.partitions == ["hasty", "one"]
    assert story.tick() == ["hasty"]


# --- deleted manifests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [LocalStore, ETagOfContent])
def test_a_deleted_manifest_keeps_its_partition_and_its_clips(story: Story, kind: type[LocalStore]) -> None:
    story.store = kind(story.store.url)
    for name in ("kept", "deleted"):
        story.manifest(name)
    assert sorted(story.tick()) == ["deleted", "kept"]
    story.succeeds("kept")
    story.fails("deleted")
    clips = {info.key for info in story.store.list(CLIPS)}
    story.store.delete("manifests/deleted.csv")
    assert story.tick() == []
    assert "the manifest was deleted: deleted" in story.skip_message
    assert story.partitions == story.settled == ["deleted", "kept"]
    assert {info.key for info in story.store.list(CLIPS)} == clips
    story.manifest("deleted")  # the same content, written anew
    assert story.tick() == ["deleted"]


def test_a_manifest_that_is_deleted_while_its_run_waits_is_marked_after_the_run(story: Story) -> None:
    story.manifest("kept")
    story.manifest("hasty")
    assert sorted(story.tick()) == ["hasty", "kept"]
    story.store.delete("manifests/hasty.csv")
    story.tick()
    assert "was deleted" not in story.skip_message
    story.fails("hasty")
    story.tick()
    assert "the manifest was deleted: hasty" in story.skip_message
    assert story.partitions == ["hasty", "kept"]


def test_an_empty_store_counts_as_a_missing_mount_and_nothing_is_marked(story: Story, tmp_path: Path) -> None:
    story.manifest("one")
    assert story.tick() == ["one"]
    story.succeeds("one")
    assert story.tick() == []
    story.policy_store = LocalStore(tmp_path / "not-mounted")
    assert story.tick() == []
    assert "has no manifests" in story.skip_message
    assert story.partitions == story.settled == ["one"]
    story.policy_store = None
    assert story.tick() == []
    assert story.runs("one") == 1


# --- stores that fail, and hostile names ----------------------------------------------------------------------


class Unreachable(LocalStore):
    """A store that cannot be listed."""

    error: StoreUnusable

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        raise self.error


def test_a_transient_error_of_the_store_is_a_skipped_tick_and_a_permanent_one_a_failed_tick(story: Story) -> None:
    story.manifest("one")
    assert story.tick() == ["one"]
    story.succeeds("one")
    story.policy_store = store = Unreachable(story.store.url)
    store.error = StoreBusy("s3://bucket", "listing", "503 SlowDown")
    assert story.tick() == []
    assert str(store.error) in story.skip_message
    store.error = StoreUnusable("s3://bucket", "is not there.", "Make it.")
    with pytest.raises(StoreUnusable) as raised:
        story.tick()
    assert raised.value is store.error
    story.policy_store = None
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
            os.utime(file, (story.now.timestamp(),) * 2, follow_symlinks=file.name != "link.csv")
    assert sorted(story.tick()) == ["empty", "good"]  # the empty one fails in its run, which gives the reason
    assert story.partitions == ["empty", "good"]
    assert story.tick() == []


# --- other runs of the batch ----------------------------------------------------------------------------------


def test_a_batch_with_a_run_gets_no_second_one(story: Story) -> None:
    story.manifest("one")
    by_hand = story.run("one", dg.DagsterRunStatus.STARTED)
    assert story.tick() == []
    assert "in progress, queued or being written: one" in story.skip_message
    story.instance.report_run_failed(by_hand)  # before it has read the manifest
    assert story.tick() == ["one"]
    story.manifest("one", "text,voice", "Changed while it waits.,f2")
    assert story.tick() == []
    story.succeeds("one")  # a run reads the manifest when it begins, so it speaks the new version
    assert story.tick() == []
    assert story.runs("one") == 2


def test_a_run_that_a_person_started_and_that_failed_is_not_repeated_until_the_manifest_changes(
    project: Project, instance: dg.DagsterInstance
) -> None:
    story = begin(project, instance)
    story.manifest("broken", "no,such,columns")
    assert not project.run(instance, "broken").success
    for _ in range(2):
        assert story.tick() == []
    assert story.settled == ["broken"]
    story.manifest("broken", 'voice = "f2"', file="broken.toml")  # not enough to mend it, but a change
    assert story.tick() == ["broken"]
    story.fails("broken")
    assert story.tick() == []
    assert not project.run(instance, "broken").success  # once more by hand
    story.manifest("broken", "text,voice", "Mended.,f2")
    assert story.tick() == ["broken"]


@pytest.mark.parametrize(("status", "settled"), [("FAILURE", True), ("CANCELED", True), ("SUCCESS", False)])
def test_a_run_of_a_part_of_the_assets_settles_no_version(status: str, settled: bool) -> None:
    run = dg.DagsterRun(
        job_name="speech_batch", status=dg.DagsterRunStatus[status], tags={VERSIONS_TAG: "0123456789abcdef"}
    )
    assert is_run_of(run, "one@0123456789abcdef") is settled
    assert not is_run_of(run, "one@another")


def test_a_change_during_a_run_is_another_run(story: Story) -> None:
    story.manifest("one")
    assert story.tick() == ["one"]
    finish(story.store, story.settings, "one")
    story.manifest("one", "text,voice", "Changed in the middle.,f2")
    assert story.tick() == []
    story.instance.report_run_failed(story.instance.get_runs()[0])
    assert story.tick() == ["one"]


def test_a_crashed_run_that_is_about_to_be_retried_counts_as_a_run(story: Story) -> None:
    story.manifest("one")
    crashed = story.run("one", dg.DagsterRunStatus.FAILURE, **{"dagster/will_retry": "true"})
    assert story.tick(seconds=10) == []
    story.instance.add_run_tags(crashed.run_id, {"dagster/auto_retry_run_id": "another"})
    assert story.tick(seconds=10) == ["one"]


def test_a_batch_that_was_spoken_in_a_terminal_is_not_run(story: Story) -> None:
    for name in ("old", "new"):
        story.manifest(name)
    finish(story.store, story.settings, "old")
    assert story.tick() == ["new"]
    assert story.partitions == ["new", "old"]
    assert story.tick() == []


def test_a_copy_of_a_store_has_versions_of_its_own(story: Story, tmp_path: Path) -> None:
    """In the copy only one of two batches is finished. As with buckets, ETags and times are those of the original."""
    story.store = ETagOfContent(story.store.url)
    for name in ("original", "both"):
        story.manifest(name)
    assert sorted(story.tick()) == ["both", "original"]
    story.succeeds("both", "original")
    assert story.tick() == []
    shutil.copytree(story.folder, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "batches" / "original")
    original, story.store = story.store, ETagOfContent(tmp_path / "copy")
    assert list(original.list("manifests/")) == list(story.store.list("manifests/"))
    assert story.tick() == ["original"]
    story.succeeds("original")
    assert story.tick() == []
    story.store = original
    assert story.tick() == []


# --- what it remembers ----------------------------------------------------------------------------------------


def test_a_lost_tick_loses_nothing(story: Story) -> None:
    """The tick failed in the daemon, or was *Preview tick result* in the UI."""
    story.manifest("broken", "no,such,columns")
    assert story.tick() == ["broken"]
    story.fails("broken")
    assert story.tick() == []
    for name in ("a", "b"):
        story.manifest(name)
        assert name in story.tick(completed=False)
    assert story.partitions == story.settled == ["broken"]
    assert story.tick() == ["a", "b"]


def test_without_its_memory_the_sensor_examines_the_batches_again_and_runs_none(story: Story) -> None:
    for name in ("spoken", "broken"):
        story.manifest(name, *([] if name == "spoken" else ["no,such,columns"]))
    assert sorted(story.tick()) == ["broken", "spoken"]
    story.succeeds("spoken")
    story.fails("broken")
    assert story.tick() == []
    assert story.settled == ["broken", "spoken"]
    for key in story.instance.get_dynamic_partitions("settled_manifest_versions"):
        story.instance.delete_dynamic_partition("settled_manifest_versions", key)
    assert story.tick() == []
    assert story.settled == ["broken", "spoken"]


def test_a_version_names_the_batch_and_depends_on_the_store(story: Story) -> None:
    story.manifest("one")
    version = manifest_version("s3://a", manifest_files(story.store, "one"))
    assert version.startswith("one@")
    assert version == manifest_version("s3://a", manifest_files(story.store, "one"))
    assert version != manifest_version("s3://b", manifest_files(story.store, "one"))


def test_an_idle_tick_lists_the_manifests_and_nothing_else(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        story.manifest(name)
    story.tick()
    story.succeeds("one", "two")
    story.tick()
    queries: list[object] = []
    get_runs = story.instance.get_runs

    def counted(*arguments: Any, **options: Any) -> Any:
        queries.append(arguments)
        return get_runs(*arguments, **options)

    monkeypatch.setattr(story.instance, "get_runs", counted)
    store = story.policy_store = OnlyListed(story.store.url)
    assert story.tick() == []
    assert (store.prefixes, queries) == (["manifests/"], [])
    story.store.delete("manifests/two.csv")
    assert story.tick() == []
    assert queries != []
    assert story.partitions == ["one", "two"]


class OnlyListed(LocalStore):
    """A store of which no object may be read."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.prefixes: list[str] = []

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        self.prefixes.append(prefix)
        return super().list(prefix)

    def read(self, key: str, first: int | None = None) -> bytes:
        raise AssertionError(f"{key} was read")


def test_it_is_off_by_default() -> None:
    new_manifests = define().get_repository_def().get_sensor_def("new_manifests")
    assert new_manifests.default_status is dg.DefaultSensorStatus.STOPPED
    assert new_manifests.job_name == "speech_batch"
    assert {"new_manifests", "deliver_spoken_batches"} == {
        sensor.name for sensor in define().get_repository_def().sensor_defs
    }
