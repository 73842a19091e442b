"""The schedule ``nightly_batches``, told as nights of stories."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorTick, InstigatorType, TickData, TickStatus

from f5_pipeline.defs.automation import schedules, sensors
from f5_pipeline.defs.automation.requested import claim
from f5_pipeline.defs.automation.schedules import ATTEMPTS, nightly_batches
from f5_pipeline.errors import LinkLeavesStore
from f5_pipeline.manifests import staleness
from f5_pipeline.storage.local import LocalStore
from tests.defs.conftest import Project
from tests.defs.story import START, Story, begin
from tests.finished_batches import finish
from tests.synthesis.fake_engine import FakeEngine


@pytest.fixture
def story(project: Project, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Story:
    story = begin(project, instance)
    for policies in (sensors, schedules):
        monkeypatch.setattr(policies, "_now", lambda: story.now)
    # A schedule opens its instance anew by where it is kept, and this one is kept nowhere.
    monkeypatch.setattr(dg.ScheduleEvaluationContext, "instance", property(lambda _: instance))
    return story


def test_what_is_unfinished_is_run_the_longest_waiting_first_and_then_no_more(story: Story) -> None:
    assert story.night() == []
    assert story.said == "Every batch is finished and up to date."
    for name in ("third", "first", "second"):
        story.manifest(name)
        story.wait(minutes=1)
    assert story.night() == ["third", "first", "second"]
    assert story.partitions == ["first", "second", "third"]
    assert story.tags("third") == story.tags("third") | {"f5/reason": "not spoken yet", "dagster/priority": "-1"}
    story.succeeds("first", "second", "third")
    assert story.night() == []
    assert story.said == "Every batch is finished and up to date."


def test_a_cap_spreads_a_heap_over_nights(story: Story) -> None:
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


def test_only_who_speaks_with_a_changed_voice_is_run_again(story: Story) -> None:
    story.manifest("hers", "text,voice", "She speaks.,f2")
    story.manifest("his", "text,voice", "He speaks.,m1")
    story.succeeds(*story.night())
    story.store.write("voices/m1.toml", b"speed = 0.9\n")
    assert story.night() == ["his"]
    assert story.tags("his")["f5/reason"] == "changed since: voice m1"
    story.succeeds("his")
    assert story.night() == []


def test_changed_settings_and_another_model_are_run_again(story: Story) -> None:
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


def test_what_fails_is_tried_three_nights_and_then_left_until_something_changes(story: Story) -> None:
    story.manifest("broken", "no,such,columns")
    for _ in range(ATTEMPTS):
        assert story.night() == ["broken"]
        story.fails("broken")
    for _ in range(3):
        assert story.night() == []
    assert story.said == (
        "1 batches need a run, 0 of them have one already. Left alone after 3 runs: broken (not spoken yet)."
    )
    story.manifest("broken", "text,voice", "Mended.,f2")
    assert story.night() == ["broken"]
    story.succeeds("broken")
    assert story.night() == []


def test_what_is_being_submitted_is_not_run_and_said(story: Story) -> None:
    story.manifest("half")
    story.manifest("half", file="half.submitting")
    assert story.night() == []
    assert story.said == "Not run: being submitted (if nobody is submitting it any more, submit it again): half."
    story.manifest("whole")
    assert story.night() == ["whole"]
    story.succeeds("whole")
    story.store.delete("manifests/half.submitting")
    assert story.night() == ["half"]
    story.succeeds("half")
    assert story.night() == []


def test_a_voice_that_comes_is_a_reason_to_try_again(story: Story) -> None:
    story.manifest("waits", "text,voice", "Nobody can say this.,anna")
    for _ in range(ATTEMPTS):
        assert story.night() == ["waits"]
        story.fails("waits")
    assert story.night() == []
    for suffix in ("wav", "txt"):
        story.store.write(f"voices/anna.{suffix}", story.store.read(f"voices/f2.{suffix}"))
    assert story.night() == ["waits"]
    story.succeeds("waits")
    assert story.night() == []


def test_lines_that_failed_are_tried_again_and_not_for_ever(story: Story) -> None:
    story.engine = lambda: FakeEngine(fails="bad")
    story.manifest("one", "text,voice", "A good line.,f2", "A bad line.,f2")
    for _ in range(ATTEMPTS):
        assert story.night() == ["one"]
        story.succeeds("one")
    assert story.tags("one")["f5/reason"] == "1 failed line"
    assert story.night() == []


def test_a_run_that_crashed_and_was_retried_is_one_attempt(story: Story) -> None:
    story.manifest("one")
    for _ in range(ATTEMPTS):
        assert story.night() == ["one"]
        story.fails("one")
        story.is_retried("one", times=2)
    assert story.night() == []


def test_what_a_person_stopped_is_no_attempt(story: Story) -> None:
    story.manifest("one")
    for _ in range(2 * ATTEMPTS):
        assert story.night() == ["one"]
        (run, *_) = story.instance.get_runs(limit=1)
        story.instance.report_run_canceled(run)
    assert story.night() == ["one"]


def test_a_batch_that_has_a_run_gets_no_second_one(story: Story) -> None:
    story.manifest("waits")
    story.manifest("goes-on")
    story.run("goes-on", dg.DagsterRunStatus.STARTED)
    assert story.night() == ["waits"]
    assert story.night() == []
    assert story.said == "2 batches need a run, 2 of them have one already."


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


def test_what_the_sensor_asked_for_a_moment_ago_is_left_to_it(story: Story) -> None:
    """The daemon makes runs one by one, and the schedule may look in between."""
    story.now = story.now.replace(hour=1, minute=59)
    story.manifest("one")
    assert story.tick(started=False, seconds=50) == ["one"]
    story.now -= timedelta(days=1)
    assert story.night() == []  # ten seconds later
    assert story.night() == ["one"]  # it came to nothing: the daemon was stopped, perhaps


@pytest.mark.parametrize("days", [-1, 1])
def test_a_test_of_the_schedule_in_the_ui_does_nothing(story: Story, days: int) -> None:
    """It may be for any night, and must neither register a partition nor keep the sensor from a batch."""
    story.manifest("one")
    story.wait(seconds=30)
    tonight = story.now.replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=days)
    requests = story.look(tonight, tonight.strftime("%Y%m%d_%H%M%S"))
    assert [request.partition_key for request in requests] == ["one"]
    assert requests[0].has_resolved_partition()  # so that Dagster does not look for it
    assert story.partitions == []
    assert story.tick() == ["one"]


def test_a_look_that_comes_late_keeps_the_sensor_from_its_batches(story: Story) -> None:
    story.manifest("one")
    story.wait(seconds=30)
    assert len(story.look(story.now - timedelta(hours=10), "42")) == 1
    assert story.tick() == []
    assert story.tick(minutes=11) == ["one"]


def test_the_daemons_looks_and_those_of_the_ui_have_different_keys_for_their_logs() -> None:
    """What tells them apart: see ``schedules._is_preview``."""
    of_the_ui = dg.ScheduleEvaluationContext(None, START, None, "__repository__", "nightly_batches")
    assert of_the_ui.log_key == ["__repository__", "nightly_batches", "20260301_120000"]
    tick = InstigatorTick(42, TickData("nightly", "nightly_batches", InstigatorType.SCHEDULE, TickStatus.STARTED, 0.0))
    schedule = SimpleNamespace(name="nightly_batches", handle=SimpleNamespace(repository_name="__repository__"))
    import_module("dagster._daemon")  # first: it and the scheduler import each other
    of_the_daemon = import_module("dagster._scheduler.scheduler")._ScheduleLaunchContext(schedule, tick, None, None, {})
    assert of_the_daemon.log_key == ["__repository__", "nightly_batches", "42"]


def test_many_batches_are_looked_at_in_slices_until_enough_are_found(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staleness, "_SLICE", 2)
    story.settings = story.settings.model_copy(update={"nightly_batches": 1})
    store = Counting(story.store.url)
    story.seen_store = store
    for name in ("a", "b", "c", "d", "e"):
        story.manifest(name)
        story.wait(minutes=1)
    assert story.night() == ["a"]
    assert sorted(store.read_batches) == ["a", "b"]


def test_a_night_that_is_too_short_for_all_goes_on_the_next_night(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staleness, "_SLICE", 1)
    monkeypatch.setenv("DAGSTER_SCHEDULE_GRPC_TIMEOUT_SECONDS", "60")
    store = Counting(story.store.url)
    monkeypatch.setattr(schedules, "_seconds", lambda: 10.0 * len(store.read_batches))  # each costs ten seconds
    story.seen_store = store
    for name in ("a", "b", "c", "d", "e"):
        story.manifest(name)
        story.wait(minutes=1)
    for name in ("a", "b", "c", "d"):
        finish(story.store, story.settings, name)
    assert story.night() == []
    assert store.read_batches == ["a", "b", "c"]
    assert story.night() == ["e"]
    assert store.read_batches[3:] == ["d", "e", "a"]  # out of time again
    story.succeeds("e")
    assert story.night() == []
    assert store.read_batches[6:] == ["b", "c", "d"]


class Counting(LocalStore):
    """A store that notes of which batches it was asked what they were made of."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.read_batches: list[str] = []

    def read(self, key: str, first: int | None = None) -> bytes:
        if key.endswith("provenance.json"):
            self.read_batches.append(key.split("/")[1])
        return super().read(key, first)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"a": 1}', '{"a": ["b"]}'])
def test_a_damaged_note_of_what_was_asked_for_is_none(instance: dg.DagsterInstance, damage: str) -> None:
    assert claim(instance, "sensor", ["a", "b"], START) == {"a", "b"}
    assert claim(instance, "schedule", ["b", "c"], START) == {"c"}
    assert claim(instance, "sensor", ["b", "c"], START) == {"b"}
    assert claim(instance, "schedule", ["b"], START + timedelta(minutes=11)) == {"b"}
    assert claim(instance, "sensor", ["b"], START - timedelta(days=1)) == {"b"}  # a clock was wrong
    instance.daemon_cursor_storage.set_cursor_values({"f5_pipeline_requested": damage})
    assert claim(instance, "sensor", ["b"], START) == {"b"}


def test_a_batch_that_was_spoken_by_hand_is_finished(story: Story) -> None:
    story.manifest("one")
    finish(story.store, story.settings, "one")
    assert story.night() == []


def test_a_store_that_cannot_be_read_is_a_failed_tick(story: Story) -> None:
    (story.folder / "manifests").rmdir()
    (story.folder / "manifests").symlink_to("/")
    with pytest.raises(LinkLeavesStore):
        story.night()


def test_it_is_off_by_default_and_looks_at_two_in_the_night() -> None:
    assert nightly_batches.default_status is dg.DefaultScheduleStatus.STOPPED
    assert (nightly_batches.cron_schedule, nightly_batches.execution_timezone) == ("0 2 * * *", "UTC")
