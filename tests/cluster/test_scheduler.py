"""The scheduler, as the ticks of a story: workers join and die, and groups are assigned."""

from __future__ import annotations

import pytest

from f5_pipeline.cluster.backlog import Backlog
from f5_pipeline.cluster.policy import Policy
from f5_pipeline.cluster.scheduler import Assign, Scheduler, Start, Stop
from f5_pipeline.errors import WorkersKeepDying, WorkersNeverReady, WorkersUnusable

PLENTY = [1.0] * 1000


class Story:
    """A scheduler, and the commands that it has given so far."""

    def __init__(self, costs: list[float], **policy: float) -> None:
        self.scheduler = Scheduler(Backlog(costs), Policy(**{"max_workers": 2, "probe_lines": 4} | policy))  # type: ignore[arg-type]
        self.now = 0.0
        self.started: list[int] = []
        self.stopped: list[int] = []
        self.queues: dict[int, list[tuple[int, ...]]] = {}
        self.tick()

    def tick(self, seconds: float = 1.0) -> None:
        self.now += seconds
        for command in self.scheduler.decide(self.now):
            match command:
                case Start(name):
                    self.started.append(name)
                case Assign(name, group):
                    self.queues.setdefault(name, []).append(group.lines)
                case Stop(name):
                    self.stopped.append(name)

    def join(self, *names: int) -> None:
        for name in names:
            self.scheduler.joined(name)
        self.tick()

    def done(self, name: int, seconds: float = 1.0) -> None:
        self.scheduler.completed(name, self.now, seconds)
        self.queues[name].pop(0)
        self.tick()

    def fail(self, name: int) -> None:
        """All lines of the group in hand fail."""
        lines = self.queues[name][0]
        if self.scheduler.is_sick(name, lines):
            self.die(name, sick=True)
        else:
            self.queues[name].pop(0)
            self.scheduler.completed(name, self.now, 0.1, failed=lines)
            self.tick()

    def die(self, name: int, stored: tuple[int, ...] = (), *, sick: bool = False) -> None:
        self.queues.pop(name, None)
        self.scheduler.died(name, "it was killed", stored, sick=sick)
        self.tick()

    @property
    def newest(self) -> int:
        return self.started[-1]


def test_no_more_workers_start_than_the_work_is_worth() -> None:
    assert Story([1.0] * 5, max_workers=8).started == [0, 1]  # two groups of four lines
    assert Story(PLENTY, max_workers=8).started == list(range(8))
    assert Story([1.0] * 5, max_workers=8, min_workers=3).started == [0, 1, 2]
    assert Story([], max_workers=8, min_workers=3).started == []


def test_the_pool_grows_when_the_first_worker_turns_out_slow() -> None:
    story = Story([1.0] * 100, max_workers=8, probe_lines=100)
    assert story.started == [0]
    story.join(0)
    story.done(0, seconds=1.0)  # 25 lines: two or three seconds for the rest
    assert story.started == [0]
    slow = Story([1.0] * 100, max_workers=8, probe_lines=100)
    slow.join(0)
    slow.done(0, seconds=100.0)
    assert 4 < len(slow.started) <= 8
    started = len(slow.started)
    slow.scheduler.died(slow.newest, "it never came")
    slow.tick()
    assert len(slow.started) == started + 1


def test_a_worker_has_two_groups_in_hand() -> None:
    story = Story(PLENTY)
    story.join(0, 1)
    assert {name: [len(lines) for lines in queue] for name, queue in story.queues.items()} == {0: [4, 4], 1: [4, 4]}
    story.tick()
    assert len(story.queues[0]) == 2
    story.done(0)
    assert len(story.queues[0]) == 2


def test_groups_follow_the_speed_of_their_worker_and_shrink_toward_the_end() -> None:
    story = Story(PLENTY, group_seconds=20.0)
    story.join(0, 1)
    for _ in range(2):
        story.done(0, seconds=0.4)  # ten lines a second
        story.done(1, seconds=4.0)  # one
    fast, slow = len(story.queues[0][-1]), len(story.queues[1][-1])
    assert fast > 5 * slow
    sizes = []
    while not story.scheduler.finished:
        sizes.append(len(story.queues[0][0]))
        story.done(0, seconds=sizes[-1] / 10)
        if story.queues[1]:
            story.done(1, seconds=float(len(story.queues[1][0])))
    assert sizes[-1] < fast / 4


def test_the_lines_of_a_dead_worker_go_to_the_others() -> None:
    story = Story([1.0] * 16)
    story.join(0, 1)
    lost = {line for lines in story.queues[0] for line in lines}
    story.die(0)
    spoken: set[int] = set()
    while not story.scheduler.finished:
        spoken |= set(story.queues[1][0])
        story.done(1)
    assert lost <= spoken
    assert not story.scheduler.set_aside


def test_a_line_in_hand_at_two_deaths_is_set_aside_and_the_others_are_spoken() -> None:
    story = Story([1.0] * 64, max_workers=1, probe_lines=16)
    deaths = spoken = 0
    while not story.scheduler.finished:
        name = story.newest
        if name not in story.queues:
            story.join(name)
        lines = story.queues[name][0]
        if 5 in lines:
            story.die(name)
            deaths += 1
        else:
            spoken += len(lines)
            story.done(name)
    assert list(story.scheduler.set_aside) == [5]
    assert "it was killed" in story.scheduler.set_aside[5]
    assert (spoken, deaths) == (63, 2)


def test_only_lines_in_hand_that_are_not_stored_are_retried_one_by_one() -> None:
    story = Story([1.0] * 32, max_workers=1, probe_lines=32)
    story.join(0)
    assert story.queues[0][0] == tuple(range(8))
    story.die(0, stored=(0, 1, 2, 3, 4, 5))
    story.join(1)
    assert story.queues[1] == [(6,), (7,)]
    story.done(1)
    story.done(1)
    story.die(1)  # with other lines in hand
    assert not story.scheduler.set_aside


def test_a_new_worker_is_not_given_retries_while_another_has_work() -> None:
    story = Story([1.0] * 100)
    story.join(0, 1)
    lost = story.queues[0][0]
    story.die(0)
    story.join(story.newest)
    assert not {line for lines in story.queues[story.newest] for line in lines} & set(lost)
    story.done(1)
    assert story.queues[1][-1] == lost[:1]


def test_a_machine_on_which_every_worker_dies_condemns_no_line() -> None:
    story = Story([100.0, 1.0, 1.0], probe_lines=1, min_worker_seconds=0.1)
    story.join(0)
    assert story.queues[0][0] == (0,)
    for _ in range(4):
        story.join(story.newest)
        if story.queues.get(story.newest):
            story.die(story.newest)
    while not story.scheduler.finished:
        story.done(0)
    assert not story.scheduler.set_aside


def test_unusable_workers_are_not_replaced_and_the_last_one_ends_the_run() -> None:
    story = Story(PLENTY)
    story.scheduler.retired(0, "The GPU is too small.")
    story.tick()
    assert story.started == [0, 1]
    story.join(1)
    assert story.queues[1]
    story.scheduler.retired(1, "The disk is full.")
    with pytest.raises(WorkersUnusable, match=r"The GPU is too small .*1 other"):
        story.tick()


def test_a_worker_leaves_at_the_third_transient_error_in_a_row() -> None:
    story = Story([1.0] * 8, max_workers=1)
    story.join(0)
    for _ in range(2):
        first = story.queues[0].pop(0)
        assert story.scheduler.errored(0, story.now, "The store is busy.")
        story.tick()
        assert first in story.queues[0]  # as a group: it has killed no worker
    story.done(0)
    for stays in (True, True, False):
        assert story.scheduler.errored(0, story.now, "The store is busy.") is stays
        story.queues[0] = story.queues[0][1:]
        story.tick() if stays else None
    with pytest.raises(WorkersUnusable, match="The store is busy") as caught:
        story.tick()
    assert caught.value.transient


def test_too_many_deaths_in_a_row_end_the_run() -> None:
    story = Story(PLENTY, max_workers=1)
    for _ in range(21):
        story.join(story.newest)
        story.die(story.newest)
    story.join(story.newest)
    with pytest.raises(WorkersKeepDying, match=r"22 in a row.*it was killed"):
        story.die(story.newest)


def test_a_worker_is_overdue_unless_it_makes_progress() -> None:
    story = Story([1.0] * 4, max_workers=1, stall_seconds=100.0)
    story.join(0)
    story.tick(99.0)
    assert story.scheduler.overdue(story.now) == []
    story.tick(3.0)
    assert story.scheduler.overdue(story.now) == [0]
    story.scheduler.progressed(0, story.now)
    assert story.scheduler.overdue(story.now + 99.0) == []
    assert story.scheduler.overdue(story.now + 101.0) == [0]


def test_a_worker_of_unknown_speed_is_measured_by_the_slowest() -> None:
    story = Story([1000.0, *[1.0] * 20], stall_seconds=100.0, probe_lines=1)
    story.join(0, 1)
    assert story.queues[0][0] == (0,)
    story.done(1, seconds=float(len(story.queues[1][0])))
    assert story.scheduler.overdue(9000.0) == []
    assert story.scheduler.overdue(11000.0) == [0]


def test_a_worker_on_which_all_lines_of_a_group_fail_counts_as_dead() -> None:
    story = Story([1.0] * 64, probe_lines=4)
    story.join(0, 1)
    failed = story.queues[0][0]
    story.fail(0)
    assert 0 not in story.queues
    retried: list[tuple[int, ...]] = []
    while not story.scheduler.finished:
        retried += [lines for lines in story.queues[1][:1] if set(lines) <= set(failed)]
        story.done(1)
    assert sorted(retried) == [(line,) for line in sorted(failed)]


def test_a_failure_of_a_single_line_is_final_but_the_third_in_a_row_is_the_workers() -> None:
    story = Story([1.0] * 12, max_workers=1, probe_lines=1, tail_seconds=0.5)
    story.join(0)
    for stays in (True, True, False):
        assert len(story.queues[0][0]) == 1
        story.fail(0)
        assert (0 in story.queues) is stays
    story.join(1)
    assert story.queues[1] == [(2,), (3,)]
    assert not story.scheduler.set_aside


def test_workers_that_never_get_ready_end_the_run() -> None:
    story = Story(PLENTY, start_timeout=600.0)
    story.tick(598.0)
    with pytest.raises(WorkersNeverReady, match=r"\b2\b.*\b10 minutes"):
        story.tick(3.0)


def test_the_start_timeout_begins_when_the_last_worker_stops_speaking() -> None:
    """The other worker was requested at the beginning: the death of the first is no reason to stop."""
    story = Story(PLENTY, start_timeout=600.0)
    story.join(0)
    story.tick(2400.0)
    story.done(0)
    story.die(0)
    story.tick(599.0)
    assert story.started == [0, 1, 2]
    story.join(1)
    story.tick(2400.0)
    story.done(1)
    story.die(1)
    story.tick(598.0)
    with pytest.raises(WorkersNeverReady, match="10 minutes"):
        story.tick(2.0)


def test_three_deaths_before_readiness_cost_a_place_and_not_the_run() -> None:
    story = Story(PLENTY, max_workers=3)
    for _ in range(3):
        story.scheduler.died(story.newest, "f5_pipeline is not installed")
        story.tick()
    assert len(story.started) == 5  # three, and two more tries
    story.join(*story.started[:2])
    while not story.scheduler.finished:
        for name in story.started[:2]:
            if story.queues[name]:
                story.done(name)


def test_a_pool_on_which_every_line_fails_ends_after_three_workers_for_each_place() -> None:
    story = Story(PLENTY, max_workers=2)
    ended: set[int] = set()

    def fail_everywhere() -> None:
        while True:
            name = next(name for name in story.started if name not in ended and story.queues.get(name, True))
            if name not in story.queues:
                story.join(name)
            story.fail(name)
            ended.update({name} - story.queues.keys())

    with pytest.raises(WorkersUnusable, match="it was killed"):
        fail_everywhere()
    assert len(ended) <= 6


def test_lines_found_in_the_store_do_not_count_for_the_speed() -> None:
    story = Story(PLENTY, max_workers=1, group_seconds=20.0)
    story.join(0)
    story.done(0, seconds=4.0)  # a line per second
    story.scheduler.completed(0, story.now, 0.01, found=story.queues[0].pop(0))
    story.tick()
    assert len(story.queues[0][-1]) == 20


def test_idle_workers_stop_at_once_down_to_the_minimum() -> None:
    for min_workers, stopped in ((1, [1]), (2, [])):
        story = Story([1.0] * 8, min_workers=min_workers, probe_lines=4)
        story.join(0, 1)
        while story.queues[1]:
            story.done(1)
        assert story.stopped == stopped
        while story.queues[0]:
            story.done(0)
        assert sorted(story.stopped) == [0, 1]


def test_workers_that_are_still_starting_stop_when_all_lines_are_in_hand() -> None:
    story = Story([1.0] * 8, max_workers=2)
    story.join(0)
    while not story.stopped:
        story.done(0)
    assert story.stopped == [1]
    assert not story.scheduler.finished
