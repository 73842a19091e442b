"""Killed runs (kill -9), in a folder and in a bucket that fails: nothing is lost, and nothing stored is spoken again.

    make soak

Each night has a fresh store, whose batch is run and killed, once or several times, before it is completed. Then its
index and files must be those of an undisturbed run. ``SOAK_KILLS`` sets the number of kills in a folder, ``SOAK_SEED``
another sequence.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from f5_pipeline.results.garbage_collection import clean
from f5_pipeline.results.index import read_index
from f5_pipeline.storage.layout import is_lease
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.s3 import S3Store
from tests.soak.killed_run import BATCH, FINISHED, Figures, Night, prepare
from tests.storage import servers
from tests.storage.proxy import BUSY, CUT, LOSE, RESET, proxy_before, sometimes
from tests.storage.servers import Server

KILLS = int(os.environ.get("SOAK_KILLS", "100"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
NEW_NIGHT = 0.5  # the share of the kills after which the batch is completed, so that all stages are hit
FAULTS = 0.1  # the share of the requests that fail, in a bucket

pytestmark = [pytest.mark.soak, pytest.mark.timeout(4 * 3600)]


def outcome(store: ObjectStore) -> tuple[list[object], dict[str, bytes]]:
    """The rows of the index, and the delivered files; without what the moment of writing decides."""
    audio = {info.key: store.read(info.key) for info in store.list(f"batches/{BATCH}/") if "/audio/" in info.key}
    return [replace(row, cached=False, clip_etag="") for row in read_index(store, BATCH) or []], audio


def check_end(night: Night, expected: object) -> None:
    """The outcome is that of an undisturbed run, and ``clean`` leaves no trace of the killed ones."""
    assert outcome(night.store) == expected
    report = clean(night.store, [night.root / "cache"])
    assert report.clips == 0
    assert [str(partial.path) for partial in report.kept_partial_files] == []
    assert list(night.root.rglob(".part-*")) == []
    assert [info.key for info in night.store.list("batches/") if is_lease(info.key)] == []


def spend_nights(nights: Iterator[Night], kills: int) -> Figures:
    """Kill so many runs, and complete every night."""
    begin(nights)  # starts the process that all others are forked from
    night = begin(nights)
    figures, seconds, expected = night.figures, night.seconds, outcome(night.store)
    assert len(expected[0]) == 20
    assert len(expected[1]) >= 4  # two sections with their subtitles
    while figures.kills < kills:
        night = begin(nights, seconds)
        if night.code == FINISHED:
            seconds = min(seconds, night.seconds)  # the machine may have become faster
        while night.code != FINISHED and figures.kills < kills and night.chance.random() > NEW_NIGHT:
            night.run(seconds)
        while night.code != FINISHED:
            night.run()
        check_end(night, expected)
    return figures


def begin(nights: Iterator[Night], kill_within: float | None = None) -> Night:
    night = next(nights)
    prepare(night.store)
    night.run(kill_within)
    return night


def report(kind: str, figures: Figures, started: float) -> None:
    print("\n" + json.dumps({"store": kind, **asdict(figures), "seconds": round(time.monotonic() - started)}))
    assert figures.lost == 0
    assert figures.spoken_again == 0


def test_kills_in_a_folder(tmp_path: Path) -> None:
    chance, figures, started = random.Random(SEED), Figures(), time.monotonic()

    def nights() -> Iterator[Night]:
        for number in range(10**6):
            root = tmp_path / str(number)
            yield Night(LocalStore(root / "store"), root, figures, chance=chance)

    report("folder", spend_nights(nights(), KILLS), started)


@contextmanager
def variables(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> Iterator[dict[str, str]]:
    with monkeypatch.context() as patch:
        for name, value in servers.environment(endpoint).items():
            patch.setenv(name, value)
        yield servers.environment(endpoint)


def test_kills_in_a_bucket_that_fails(
    tmp_path: Path, rclone_server: Server, aws_environment: pytest.MonkeyPatch
) -> None:
    chance, figures, started = random.Random(SEED), Figures(), time.monotonic()
    with proxy_before(rclone_server.endpoint) as proxy, variables(aws_environment, rclone_server.endpoint):

        def nights() -> Iterator[Night]:
            for number in range(10**6):
                root = tmp_path / str(number)
                store = S3Store(f"s3://{rclone_server.bucket()}/team")
                yield Night(store, root, figures, servers.environment(proxy.endpoint), chance)
                if number:  # the first two nights are undisturbed
                    proxy.decide = sometimes(FAULTS, [*BUSY, RESET, LOSE, CUT], SEED + number)

        report("bucket", spend_nights(nights(), max(1, KILLS * 3 // 10)), started)
