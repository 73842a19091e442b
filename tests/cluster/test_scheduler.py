"""The scheduler as ticks of a story: who joins, who dies, and who is given what."""

from __future__ import annotations

import pytest

from f5_pipeline.cluster.backlog import Backlog
from f5_pipeline.cluster.scheduler import Assign, Policy, Scheduler, Start, Stop
from f5_pipeline.errors import WorkersKeepDying, WorkersNeverReady, WorkersUnusable

PLENTY = [1.0] * 1000


class Story:
    """A scheduler, and what it has said so far."""

    def __init__(self, costs: list[float], **policy: float) -> None:
        self.scheduler = Scheduler(Backlog(costs), Policy(**{"most": 2, "probe_lines": 4} | policy))  # type: ignore[arg-type]
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
        assert not self.scheduler.done(name, self.now, seconds)
        self.queues[name].pop(0)
        self.tick()

    def fail(self, name: int) -> list[int]:
        """Nothing of a group comes right; those of its lines that are to be tried once more."""
        lines = self.queues[name].pop(0)
        again = list(self.scheduler.done(name, self.now, 0.1, failed=lines))
        if self.scheduler.is_sick(name):
            del self.queues[name]
            self.scheduler.refused(name, "The GPU is lost.", transient=True)
        self.tick()
        return again

    def die(self, name: int, spoken: tuple[int, ...] = ()) -> None:
        self.queues.pop(name, None)
        self.scheduler.died(name, "it was killed", spoken)
        self.tick()

    @property
    def newest(self) -> int:
        return self.started[-1]


def test_no_more_workers_are_started_than_are_worth_it() -> None:
    assert Story([1.0] * 5, most=8).started == [0, 1]  # two groups of four lines
    assert Story(PLENTY, most=8).started == list(range(8))
    assert Story([1.0] * 5, most=8, least=3).started == [0, 1, 2]
    assert Story([], most=8, least=3).started == []


def test_the_pool_grows_when_the_first_shows_how_long_it_would_take_alone() -> None:
    story = Story([1.0] * 100, most=8, probe_lines=100)
    assert story.started == [0]
    story.join(0)
    story.done(0, seconds=1.0)  # 25 lines: two or three seconds for the rest
    assert story.started == [0]
    slow = Story([1.0] * 100, most=8, probe_lines=100)
    slow.join(0)
    slow.done(0, seconds=100.0)
    assert 4 < len(slow.started) <= 8
    started = len(slow.started)
    slow.scheduler.died(slow.newest, "it never came")
    slow.tick()
    assert len(slow.started) == started + 1


def test_a_worker_has_a_few_groups_in_hand_and_no_more() -> None:
    story = Story(PLENTY)
    story.join(0, 1)
    assert {name: [len(lines) for lines in queue] for name, queue in story.queues.items()} == {0: [4, 4], 1: [4, 4]}
    story.tick()
    assert len(story.queues[0]) == 2
    story.done(0)
    assert len(story.queues[0]) == 2


def test_groups_follow_the_speed_of_who_gets_them_and_shrink_toward_the_end() -> None:
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


def test_a_slow_worker_is_not_given_the_last_long_line() -> None:
    story = Story([100.0, *[10.0] * 12], probe_lines=1, tail_seconds=1.0)
    story.join(0)
    assert story.queues[0][0] == (0,)
    story.done(0, seconds=1.0)
    story.join(1)
    first = story.queues[1][0]
    story.done(1, seconds=10.0 * len(first) * 10)  # a thousandth of the other's speed
    story.scheduler.died(0, "it was killed")
    story.queues.pop(0)
    story.tick()
    story.join(story.newest)
    assert not story.queues.get(1)  # the new one would be through with all of it sooner
    assert story.queues[story.newest]


def test_what_a_dead_worker_had_goes_to_the_others() -> None:
    story = Story([1.0] * 16)
    story.join(0, 1)
    had = {line for lines in story.queues[0] for line in lines}
    story.die(0)
    story.done(1)
    story.done(1)
    story.join(story.newest)
    given = {line for queue in story.queues.values() for lines in queue for line in lines}
    assert had <= given


def test_a_line_that_kills_is_found_by_halves_and_set_aside() -> None:
    story = Story([1.0] * 64, most=1, probe_lines=16)
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
    assert story.scheduler.set_aside == {5: "3 workers ended while they spoke it, the last: it was killed"}
    assert (spoken, deaths) == (63, 7)  # twice in 16 lines, then in 8, 4 and 2, and twice alone


def test_lines_whose_clips_are_there_are_no_suspects() -> None:
    story = Story([1.0] * 32, most=1, probe_lines=32)
    story.join(0)
    assert story.queues[0][0] == tuple(range(8))
    story.die(0, spoken=(0, 1, 2, 3, 4, 5))
    story.join(1)
    assert story.queues[1] == [tuple(range(8, 16)), tuple(range(6))]
    story.done(1)
    assert story.queues[1][1] == (6, 7)
    story.die(1)  # not of these: it was speaking the others
    assert not story.scheduler.set_aside


def test_a_new_worker_shows_with_other_lines_that_it_is_well() -> None:
    story = Story([1.0] * 100, most=2)
    story.join(0, 1)
    bad = story.queues[0][0]
    story.die(0)
    story.join(story.newest)
    assert bad not in story.queues[story.newest]
    story.done(1)
    story.done(1)
    assert bad in story.queues[1]


def test_workers_that_cannot_be_used_are_not_replaced_and_the_last_of_them_ends_the_run() -> None:
    story = Story(PLENTY)
    story.scheduler.refused(0, "The GPU is too small.")
    story.tick()
    assert story.started == [0, 1]
    story.join(1)
    assert story.queues[1]
    story.scheduler.refused(1, "The disk is full.")
    with pytest.raises(WorkersUnusable, match=r"The GPU is too small .*1 other reason\)"):
        story.tick()


def test_a_worker_with_a_passing_trouble_stays_until_it_has_too_many() -> None:
    story = Story([1.0] * 8, most=1)
    story.join(0)
    for _ in range(2):
        first = story.queues[0].pop(0)
        assert story.scheduler.troubled(0, story.now, "The store is busy.")
        story.tick()
        assert first in story.queues[0]  # it has not killed anybody
    story.done(0)
    for stays in (True, True, False):
        assert story.scheduler.troubled(0, story.now, "The store is busy.") is stays
        story.queues[0] = story.queues[0][1:]
        story.tick() if stays else None
    with pytest.raises(WorkersUnusable, match="The store is busy") as caught:
        story.tick()
    assert caught.value.transient


def test_workers_that_all_die_end_the_run() -> None:
    story = Story(PLENTY, most=1)
    for _ in range(21):
        story.join(story.newest)
        story.die(story.newest)
    story.join(story.newest)
    with pytest.raises(WorkersKeepDying, match="22 in a row, the last because it was killed"):
        story.die(story.newest)


def test_who_takes_far_longer_than_it_should_is_late_unless_it_is_seen_to_get_on() -> None:
    story = Story([1.0] * 4, most=1, patience=100.0)
    story.join(0)
    story.tick(99.0)
    assert story.scheduler.late(story.now) == []
    story.tick(3.0)
    assert story.scheduler.late(story.now) == [0]
    story.scheduler.seen(0, story.now)
    assert story.scheduler.late(story.now + 99.0) == []
    assert story.scheduler.late(story.now + 101.0) == [0]


def test_nobody_is_late_with_a_line_that_is_long_for_everybody() -> None:
    story = Story([1000.0, *[1.0] * 20], patience=100.0, probe_lines=1)
    story.join(0, 1)
    assert story.queues[0][0] == (0,)
    story.done(1, seconds=float(len(story.queues[1][0])))
    assert story.scheduler.late(9000.0) == []
    assert story.scheduler.late(11000.0) == [0]


# --- whose fault it is ----------------------------------------------------------------------------------------


def test_what_fails_on_one_worker_is_tried_on_another_and_then_believed() -> None:
    story = Story([1.0] * 8, probe_lines=4)
    story.join(0, 1)
    again = story.fail(0)
    assert again
    while story.queues[1] or story.queues[0]:
        assert not any(line in again for lines in story.queues[0] for line in lines)
        story.done(0) if story.queues[0] else None
        if story.queues[1] and set(story.queues[1][0]) <= set(again):
            break
        story.done(1) if story.queues[1] else None
    assert story.fail(1) == []
    assert story.scheduler.finished


def test_a_sick_worker_leaves_and_nothing_is_believed_of_it() -> None:
    story = Story(PLENTY)
    story.join(0, 1)
    failed = [line for _ in range(3) for line in story.fail(0)]
    assert len(failed) > 3
    assert 0 not in story.queues
    spoken: list[int] = []
    while not story.scheduler.finished:
        spoken += story.queues[1][0]
        story.done(1)
    assert sorted(spoken) == list(range(len(PLENTY)))


def test_the_last_line_that_fails_waits_for_another_worker_but_not_for_ever() -> None:
    for comes in (True, False):
        story = Story([1.0], start_patience=600.0)
        story.join(0)
        assert story.fail(0) == [0]
        assert story.started == [0, 1]
        assert not story.queues[0]
        if comes:
            story.join(1)
            story.done(1)
        else:
            story.tick(601.0)
            story.tick()
            assert story.fail(0) == []
        assert story.scheduler.finished


def test_workers_that_do_not_come_end_the_run() -> None:
    story = Story(PLENTY, start_patience=600.0)
    story.tick(598.0)
    with pytest.raises(WorkersNeverReady, match=r"2 were requested.* 10 minutes"):
        story.tick(3.0)


def test_workers_are_waited_for_from_when_nobody_speaks_any_more() -> None:
    """One speaks for long, another has been asked for since the beginning: the first one's end is no reason to stop."""
    story = Story(PLENTY, start_patience=600.0)
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
    story.tick(600.0)
    with pytest.raises(WorkersNeverReady, match=" 10 minutes"):
        story.tick(1.0)


def test_workers_that_die_before_they_are_ready_cost_their_place_and_not_the_run() -> None:
    story = Story(PLENTY, most=3)
    for _ in range(3):
        story.scheduler.died(story.newest, "f5_pipeline is not installed")
        story.tick()
    assert len(story.started) == 5  # three, and two more tries
    story.join(*story.started[:2])
    while not story.scheduler.finished:
        for name in story.started[:2]:
            if story.queues[name]:
                story.done(name)


def test_only_who_has_spoken_well_can_show_that_a_line_is_deadly() -> None:
    """A machine on which everything dies, beside one that has long lines in hand."""
    story = Story([100.0, 1.0, 1.0], probe_lines=1, worth_starting=0.1)
    story.join(0)
    assert story.queues[0][0] == (0,)
    for _ in range(4):
        story.join(story.newest)
        if story.queues.get(story.newest):
            story.die(story.newest)
    assert not story.scheduler.set_aside
    while not story.scheduler.finished:
        story.done(0)
    assert not story.scheduler.set_aside


def test_a_line_that_kills_at_its_second_take_is_found_though_its_first_is_stored() -> None:
    story = Story([1.0] * 4, most=1, probe_lines=4)
    for _ in range(12):
        story.join(story.newest)
        while story.queues.get(story.newest):
            if 2 in story.queues[story.newest][0]:
                story.die(story.newest, spoken=story.queues[story.newest][0])
                break
            story.done(story.newest)
        if story.scheduler.finished:
            break
    assert list(story.scheduler.set_aside) == [2]


def test_what_is_only_looked_up_says_nothing_of_a_workers_speed() -> None:
    story = Story(PLENTY, group_seconds=20.0)
    story.join(0, 1)
    story.done(1, seconds=4.0)  # one line a second
    found = story.queues[0][0]
    story.die(0, spoken=found)
    story.done(1, seconds=4.0)
    while found not in story.queues[1]:
        story.done(1, seconds=float(len(story.queues[1][0])))
    assert len(story.queues[1][-1]) <= 20 + len(found)
    while story.queues[1][0] != found:
        story.done(1, seconds=float(len(story.queues[1][0])))
    story.scheduler.done(1, story.now, 0.01, found=found)
    story.queues[1].pop(0)
    story.tick()
    assert len(story.queues[1][-1]) <= 20


def test_who_finds_nothing_to_do_is_let_go_at_once_but_not_the_least() -> None:
    for least, stopped in ((1, [1]), (2, [])):
        story = Story([1.0] * 8, least=least, probe_lines=4)
        story.join(0, 1)
        while story.queues[1]:
            story.done(1)
        assert story.stopped == stopped
        while story.queues[0]:
            story.done(0)
        assert sorted(story.stopped) == [0, 1]


def test_workers_that_are_not_ready_when_all_is_in_hand_are_not_waited_for() -> None:
    story = Story([1.0] * 8, most=2)
    story.join(0)
    while not story.stopped:
        story.done(0)
    assert story.stopped == [1]
    assert not story.scheduler.finished
