"""Whose fault it is, on a real Ray cluster: the worker's, the line's, or that of somebody who replaced a voice."""

from __future__ import annotations

from pathlib import Path

import pytest

from f5_pipeline.errors import NothingSpoken, VoiceReplaced
from tests.cluster.batch import Batch, meanwhile, some_lines
from tests.cluster.conftest import AddNode
from tests.cluster.engines import SICK, Watched


def test_lines_that_fail_on_a_sick_machine_are_spoken_on_another(
    batch: Batch, add_node: AddNode, tmp_path: Path
) -> None:
    add_node(2)
    batch.write(some_lines(60))
    report = batch.speak_on_ray(Watched(tmp_path / "watched", seconds=0.05, together=2, sick=True).load)
    assert report.counts["ok"] == 60
    assert report.clips_spoken == 58
    (sick,) = (worker for worker in report.workers if worker.left)
    assert (sick.lines, sick.left) == (0, f"nothing came right on it any more: {SICK}")


def test_a_line_that_fails_wherever_it_is_tried_has_failed(batch: Batch, add_node: AddNode, tmp_path: Path) -> None:
    add_node(1)
    batch.write(["one river."])
    watched = Watched(tmp_path / "watched", sick=True)
    with pytest.raises(NothingSpoken, match="CUDA error"):
        batch.speak_on_ray(watched.load)
    assert len(watched.texts) == 2


def test_a_voice_that_is_replaced_meanwhile_ends_the_run_and_the_next_speaks_with_the_new_one(
    batch: Batch, add_node: AddNode, tmp_path: Path
) -> None:
    add_node(1)
    batch.write(some_lines(40))
    watched = Watched(tmp_path / "watched", seconds=0.1)

    def replace() -> None:
        for kind in ("wav", "txt"):
            batch.store.write(f"voices/m1.{kind}", batch.store.read(f"voices/f2.{kind}"))

    with meanwhile(lambda: len(batch.clips) >= 2, replace), pytest.raises(VoiceReplaced) as caught:
        batch.speak_on_ray(watched.load)
    assert caught.value.transient
    assert batch.speak_on_ray(watched.load).counts["ok"] == 40
