"""The schedule ``nightly_batches``, told as nights of stories."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorTick, InstigatorType, TickData, TickStatus

from f5_pipeline.defs.automation.schedules import MAX_ATTEMPTS, half_of_timeout, is_preview
from f5_pipeline.defs.code_location import define
from f5_pipeline.errors import LinkLeavesStore
from f5_pipeline.manifests import staleness
from f5_pipeline.storage.local import LocalStore
from tests.defs.conftest import Project
from tests.defs.story import START, Story, begin
from tests.finished_batches import finish
from tests.synthesis.fake_engine import FakeEngine


@pytest.fixture
def story(project: Project, instance: dg.DagsterInstance) -> Story:
    return begin(project, instance)


def test_unfinished_batches_are_run_once_the_oldest_manifest_first(story: Story) -> None:
    assert story.night() == []
    for name in ("third", "first", "second"):
        story.manifest(name)
        story.wait(minutes=1)
    assert story.night() == ["third", "first", "second"]
    assert story.partitions == ["first", "second", "third"]
    assert story.tags("third") == story.tags("third") | {"f5/reason": "not spoken yet", "dagster/priority": "-1"}
    story.succeeds("first", "second", "third")
    assert story.night() == []
    assert story.skip_message == "Every batch is finished and up to date."


def test_a_limit_spreads_many_batches_over_nights(story: Story) -> None:
    story.settings = story.settings.model_copy(update={"nightly_batches": 2})
    names = ["a", "b", "c", "d", "e"]
    for name in names:
        story.manifest(name)
        story.wait(minutes=1)
    nights = []
    for _ in range(3):
        nights.append(story.night())
        story.succeeds(*nights[-1])
    assert nights == [["a", "b"], ["c", "d"], ["e"]]
    assert story.night() == []


def test_a_changed_voice_runs_only_the_batches_that_use_it(story: Story) -> None:
    story.manifest("hers", "text,voice", "She speaks.,f2")
    story.manifest("his", "text,voice", "He speaks.,m1")
    story.succeeds(*story.night())
    story.store.write("voices/m1.toml", b"speed = 0.9\n")
    assert story.night() == ["his"]
    assert story.tags("his")["f5/reason"] == "changed since: voice m1"
    story.succeeds("his")
    assert story.night() == []


def test_changed_settings_and_another_model_cause_a_run(story: Story) -> None:
    story.manifest("one")
    story.succeeds(*story.night())
    story.manifest("one", 'format = "flac"', file="one.toml")
    assert story.night() == ["one"]
    story.succeeds("one")
    models = story.folder / "models.toml"
    models.write_text('[mine]\nbase = "demo"\n')
    story.settings = story.settings.model_copy(update={"model": "mine", "models": models})
    assert story.night() == ["one"]
    assert story.tags("one")["f5/reason"] == "changed since: F5_MODEL"
    story.succeeds("one")
    assert story.night() == []


def test_a_batch_that_fails_is_run_three_nights_and_then_waits_for_a_change(story: Story) -> None:
    story.manifest("broken", "no,such,columns")
    for _ in range(MAX_ATTEMPTS):
        assert story.night() == ["broken"]
        story.fails("broken")
    for _ in range(3):
        assert story.night() == []
    assert story.skip_message.startswith("1 batch needs a run; 0 of 1 ")
    assert "after 3 runs: broken (not spoken yet)" in story.skip_message
    assert len(story.warnings) == 1
    assert "broken (not spoken yet)" in story.warnings[0]
    story.manifest("broken", "text,voice", "Mended.,f2")
    assert story.night() == ["broken"]
    story.succeeds("broken")
    assert story.night() == []


def test_a_batch_that_is_being_submitted_is_not_run(story: Story) -> None:
    story.manifest("half")
    story.manifest("half", file="half.submitting")
    assert story.night() == []
    assert "submit again): half." in story.skip_message
    assert story.warnings == [story.skip_message]
    story.manifest("complete")
    assert story.night() == ["complete"]
    story.succeeds("complete")
    story.store.delete("manifests/half.submitting")
    assert story.night() == ["half"]
    story.succeeds("half")
    assert story.night() == []


def test_a_new_voice_is_a_reason_to_try_again(story: Story) -> None:
    story.manifest("waiting", "text,voice", "This voice is missing.,anna")
    for _ in range(MAX_ATTEMPTS):
        assert story.night() == ["waiting"]
        story.fails("waiting")
    assert story.night() == []
    for suffix in ("wav", "txt"):
        story.store.write(f"voices/anna.{suffix}", story.store.read(f"voices/f2.{suffix}"))
    assert story.night() == ["waiting"]
    story.succeeds("waiting")
    assert story.night() == []


def test_failed_lines_are_tried_again_three_times(story: Story) -> None:
    story.engine = lambda: FakeEngine(fails="bad")
    story.manifest("one", "text,voice", "A good line.,f2", "A bad line.,f2")
    for _ in range(MAX_ATTEMPTS):
        assert story.night() == ["one"]
        story.succeeds("one")
    assert story.tags("one")["f5/reason"] == "1 failed line"
    assert story.night() == []


def test_a_crashed_run_and_its_retries_are_one_attempt(story: Story) -> None:
    story.manifest("one")
    for _ in range(MAX_ATTEMPTS):
        assert story.night() == ["one"]
        story.fails("one")
        story.is_retried("one", times=2)
    assert story.night() == []


def test_a_canceled_run_is_no_attempt(story: Story) -> None:
    story.manifest("one")
    for _ in range(2 * MAX_ATTEMPTS):
        assert story.night() == ["one"]
        (run, *_) = story.instance.get_runs(limit=1)
        story.instance.report_run_canceled(run)
    assert story.night() == ["one"]


def test_a_batch_with_a_run_gets_no_second_one(story: Story) -> None:
    story.manifest("waiting")
    story.manifest("started")
    story.run("started", dg.DagsterRunStatus.STARTED)
    assert story.night() == ["waiting"]
    assert story.night() == []
    assert story.skip_message.startswith("2 batches need a run; 2 of 2 ")


def test_sensor_and_schedule_together_start_one_run(story: Story) -> None:
    story.manifest("one")
    assert story.tick() == ["one"]
    assert story.night() == []
    story.succeeds("one")
    assert story.tick() == []
    assert story.night() == []
    story.manifest("one", "text,voice", "Changed.,f2")
    story.wait(seconds=1)
    assert story.night() == ["one"]
    assert story.tick() == []
    story.succeeds("one")
    assert story.tick() == []
    assert story.runs("one") == 2


def test_sensor_and_schedule_at_the_same_moment_may_both_start_a_run(story: Story) -> None:
    """The daemon creates runs one by one; until then nothing shows a request. The second run finds nothing to do."""
    story.now = story.now.replace(hour=1, minute=59)
    story.manifest("one")
    assert story.tick(completed=False, seconds=60) == ["one"]
    assert [request.partition_key for request in story.evaluate_schedule()] == ["one"]


def test_a_preview_in_the_ui_changes_nothing(story: Story) -> None:
    story.manifest("one")
    story.wait(seconds=30)
    requests = story.evaluate_schedule(preview=True)
    assert [request.partition_key for request in requests] == ["one"]
    assert requests[0].has_resolved_partition()  # so that Dagster does not look for the partition
    assert story.partitions == []
    assert story.tick() == ["one"]


def test_previews_are_told_from_ticks_of_the_daemon_by_the_keys_of_their_logs() -> None:
    preview = dg.ScheduleEvaluationContext(None, START, None, "__repository__", "nightly_batches")
    assert preview.log_key == ["__repository__", "nightly_batches", "20260301_120000"]
    tick = InstigatorTick(42, TickData("nightly", "nightly_batches", InstigatorType.SCHEDULE, TickStatus.STARTED, 0.0))
    schedule = SimpleNamespace(name="nightly_batches", handle=SimpleNamespace(repository_name="__repository__"))
    import_module("dagster._daemon")  # first: it and the scheduler import each other
    of_daemon = import_module("dagster._scheduler.scheduler")._ScheduleLaunchContext(schedule, tick, None, None, {})
    assert of_daemon.log_key == ["__repository__", "nightly_batches", "42"]
    assert is_preview(preview)
    assert not is_preview(SimpleNamespace(log_key=of_daemon.log_key))  # type: ignore[arg-type]


def test_the_schedule_of_dagster_calls_this_policy(story: Story) -> None:
    story.manifest("one")
    resources = {"settings": story.settings, "store": story.store}
    with (
        dg.DagsterInstance.local_temp() as instance,  # a schedule opens its instance by its reference
        dg.build_schedule_context(instance, START, resources=resources) as context,
    ):
        (request,) = define().get_repository_def().get_schedule_def("nightly_batches")(context)
        assert request.partition_key == "one"
        assert instance.get_dynamic_partitions("batches") == []  # without a daemon it is a preview


def test_batches_are_examined_in_slices_until_enough_are_found(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staleness, "_SLICE", 2)
    story.settings = story.settings.model_copy(update={"nightly_batches": 1})
    store = Counting(story.store.url)
    story.policy_store = store
    for name in ("a", "b", "c", "d", "e"):
        story.manifest(name)
        story.wait(minutes=1)
    assert story.night() == ["a"]
    assert sorted(store.read_batches) == ["a", "b"]


def test_a_night_without_time_for_all_batches_continues_the_next_night(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staleness, "_SLICE", 1)
    monkeypatch.setenv("DAGSTER_SCHEDULE_GRPC_TIMEOUT_SECONDS", "60")
    store = Counting(story.store.url)
    story.policy_store = store
    for name in ("a", "b", "c", "d", "e"):
        story.manifest(name)
        story.wait(minutes=1)
    for name in ("a", "b", "c", "d"):
        finish(story.store, story.settings, name)

    def night() -> list[str]:
        story.out_of_time = half_of_timeout(lambda: 10.0 * len(store.read_batches))  # ten seconds for each batch
        return story.night()

    assert night() == []
    assert store.read_batches == ["a", "b", "c"]
    assert "3 batches" in story.warnings[0]
    assert night() == ["e"]
    assert store.read_batches[3:] == ["d", "e", "a"]  # out of time again
    story.succeeds("e")
    assert night() == []
    assert store.read_batches[6:] == ["b", "c", "d"]


class Counting(LocalStore):
    """A store that records the batches whose provenance is read."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.read_batches: list[str] = []

    def read(self, key: str, first: int | None = None) -> bytes:
        if key.endswith("provenance.json"):
            self.read_batches.append(key.split("/")[1])
        return super().read(key, first)


def test_a_batch_that_was_spoken_in_a_terminal_is_finished(story: Story) -> None:
    story.manifest("one")
    finish(story.store, story.settings, "one")
    assert story.night() == []


def test_a_store_that_cannot_be_read_fails_the_tick(story: Story) -> None:
    (story.folder / "manifests").rmdir()
    (story.folder / "manifests").symlink_to("/")
    with pytest.raises(LinkLeavesStore):
        story.night()


def test_it_is_off_by_default_and_runs_at_two_in_the_night() -> None:
    nightly_batches = define().get_repository_def().get_schedule_def("nightly_batches")
    assert nightly_batches.default_status is dg.DefaultScheduleStatus.STOPPED
    assert (nightly_batches.cron_schedule, nightly_batches.execution_timezone) == ("0 2 * * *", "UTC")
