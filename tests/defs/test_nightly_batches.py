"""The schedule ``nightly_batches``, told as nights of stories."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import pytest

from f5_pipeline.defs import sensors
from f5_pipeline.defs.requested import claim
from f5_pipeline.defs.schedules import ATTEMPTS, nightly_batches
from f5_pipeline.errors import LinkLeavesStore
from tests.defs.conftest import Project
from tests.defs.story import START, Story, begin
from tests.finished_batches import finish
from tests.speech.fake_engine import FakeEngine


@pytest.fixture
def story(project: Project, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Story:
    story = begin(project, instance)
    monkeypatch.setattr(sensors, "_now", lambda: story.now)
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


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"a": 1}', '{"a": ["b"]}'])
def test_a_damaged_note_of_what_was_asked_for_is_none(instance: dg.DagsterInstance, damage: str) -> None:
    assert claim(instance, "sensor", ["a", "b"], START) == {"a", "b"}
    assert claim(instance, "schedule", ["b", "c"], START) == {"c"}
    assert claim(instance, "sensor", ["b", "c"], START) == {"b"}
    assert claim(instance, "schedule", ["b"], START + timedelta(minutes=11)) == {"b"}
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
