"""Unattended operation on a bad night: manifests in bursts, killed workers, an unreliable bucket.

    SOAK_MANIFESTS=200 python -m pytest -m soak tests/soak/test_unwatched.py -s

A real daemon with sensor and schedule, runs with the embedded model, a real S3 server behind a proxy that spoils
requests. At the end every batch is correct, broken manifests have failed as often as documented, and no resource has
grown. Prints its measurements; ``SOAK_SEED`` chooses another sequence of events.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from f5_pipeline.manifests.staleness import batch_states
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import read_index
from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.s3 import S3Store
from tests.defs.daemon import PARTITION, UNFINISHED, Daemon
from tests.material import WORDS, put_voices
from tests.soak.watch import Sample, Watch, median_of
from tests.storage import servers
from tests.storage.proxy import BUSY, CUT, LOSE, RESET, Fault, Proxy, proxy_before, sometimes

MANIFESTS = int(os.environ.get("SOAK_MANIFESTS", "200"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
BROKEN = b"no,such,columns\n1,2,3\n"
_NIGHT = 120  # seconds between two ticks of the schedule; idle CPU time is measured over one interval
CONFIG = {"run_monitoring": {"poll_interval_seconds": 5}}

pytestmark = [pytest.mark.soak, pytest.mark.timeout(12 * 3600)]


@dataclass
class Night:
    """The daemon, the store and the events of the night."""

    daemon: Daemon
    store: ObjectStore  # without the proxy
    proxy: Proxy
    settings: Settings
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    good: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    killed: int = 0

    # --- manifests ------------------------------------------------------------------------------------------------

    def arrive(self, number: int) -> None:
        """Add a manifest. One in twelve is broken; the others have one or two unique lines."""
        batch = f"batch-{number:04}"
        if number % 12 == 5:
            self.store.write(f"manifests/{batch}.csv", BROKEN)
            self.broken.append(batch)
            return
        lines = [self._line(number, position) for position in range(1 + number % 2)]
        self.store.write(f"manifests/{batch}.toml", b"nfe_step = 5\nmax_attempts = 1\n")
        self.store.write(
            f"manifests/{batch}.csv", ("text,voice\n" + "".join(f"{line},f2\n" for line in lines)).encode()
        )
        self.good.append(batch)

    def _line(self, number: int, position: int) -> str:
        index = 2 * number + position
        count = len(WORDS)
        first, second, third = (WORDS[index // count**place % count] for place in range(3))
        return f"the {first} and the {second} near the {third}."

    def change_one(self) -> None:
        """Edit the manifest of one finished batch, and delete that of another."""
        done = [batch for batch in self.good if self.store.stat(f"batches/{batch}/report.html")]
        if len(done) >= 2:
            edited, gone = self.chance.sample(done, 2)
            self.store.write(f"manifests/{edited}.csv", f"text,voice\n{edited} was edited.,f2\n".encode())
            self.store.delete(f"manifests/{gone}.csv")
            self.store.delete(f"manifests/{gone}.toml")
            self.good.remove(gone)
            self.deleted.append(gone)

    # --- failures -------------------------------------------------------------------------------------------------

    def spoil(self, share: float) -> None:
        """Let a share of the requests fail, in different ways."""
        self.proxy.decide = sometimes(share, [*BUSY, RESET, LOSE, CUT], SEED)

    def outage(self, seconds: float) -> None:
        """Let all requests fail for a while."""
        before, self.proxy.decide = self.proxy.decide, lambda request: Fault("answer", 503, "SlowDown")
        time.sleep(seconds)
        self.proxy.decide = before

    def kill_workers(self, ended: threading.Event) -> None:
        """Kill the process of one run in five, at a random time."""
        seen: set[str] = set()
        while not ended.wait(0.5):
            for run in self.daemon.with_status("STARTED"):
                if run.run_id not in seen:
                    seen.add(run.run_id)
                    if self.chance.random() < 0.2:
                        threading.Timer(self.chance.uniform(0, 8), self._kill, [run.run_id]).start()

    def _kill(self, run_id: str) -> None:
        run, pid = self.daemon.instance.get_run_by_id(run_id), self.daemon.worker(run_id)
        if run is not None and not run.is_finished and pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed += 1

    # --- state ----------------------------------------------------------------------------------------------------

    def done(self) -> list[str]:
        states = batch_states(self.store, self.settings)
        return [state.batch for state in states if not state.reason]

    def at_rest(self) -> bool:
        """True if every batch is finished or has failed, and no run is left."""
        failed = {batch for batch in self.broken if "FAILURE" in self.daemon.statuses(batch)}
        return (
            not self.daemon.with_status(*UNFINISHED)
            and failed == set(self.broken)
            and set(self.done()) >= set(self.good)
        )


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Night]:
    served, temporary = tmp_path / "served", tmp_path / "tmp"
    served.mkdir()
    temporary.mkdir()
    with servers.rclone(served) as server, proxy_before(server.endpoint) as proxy:
        for name, value in servers.environment(server.endpoint).items():
            monkeypatch.setenv(name, value)
        store = S3Store(f"s3://{server.bucket()}/speech")
        put_voices(store, "f2")
        settings = Settings(store=store.url, cache=tmp_path / "cache", device="cpu")
        environment = {
            **servers.environment(proxy.endpoint),
            "F5_STORE": store.url,
            "F5_CACHE": str(settings.cache),
            "F5_DEVICE": "cpu",
            "F5_AUTOMATION": "on",
            "F5_BATCHES_PER_RUN": "1",  # the figures are of one run for each batch
            "F5_NIGHTLY_CRON": f"*/{_NIGHT // 60} * * * *",
            "TMPDIR": str(temporary),
        }
        with Daemon(tmp_path / "daemon", environment, CONFIG, separate_server=True) as daemon:
            yield Night(daemon, store, proxy, settings)


def test_a_bad_night(night: Night, tmp_path: Path) -> None:
    ended = threading.Event()
    killer = threading.Thread(target=night.kill_workers, args=[ended], daemon=True)
    night.daemon.start()
    with Watch(night.daemon, tmp_path / "tmp") as watch:
        night.arrive(0)
        night.daemon.wait_for(night.at_rest, "the first batch", night.done, 600, every=2)
        idle_before = watch.busy_share(_NIGHT)
        warm = len(watch.samples)
        night.spoil(0.02)
        killer.start()
        _bursts(night)
        night.outage(20)
        night.daemon.wait_for(night.at_rest, "every batch", lambda: _missing(night), 11 * 3600, every=5)
        ended.set()
        killer.join()
        night.spoil(0)
        time.sleep(60)  # retries and removals have happened by then
        idle_after, last = watch.busy_share(_NIGHT), watch.sample()
    _report(night, watch, idle_before, idle_after, tmp_path)
    _check_batches(night)
    _check_resources(watch, warm, last, idle_before, idle_after)


def _bursts(night: Night) -> None:
    """Manifests arrive in bursts: the next one when half of the batches are finished."""
    number = 1
    while number < MANIFESTS:
        for _ in range(min(MANIFESTS - number, night.chance.randint(1, max(2, MANIFESTS // 6)))):
            night.arrive(number)
            number += 1
        half = len(night.good) // 2
        night.daemon.wait_for(lambda: len(night.done()) >= half, "half of a burst", night.done, 3 * 3600, every=5)  # noqa: B023
        night.change_one()


def _missing(night: Night) -> object:
    return {state.batch: state.reason for state in batch_states(night.store, night.settings) if state.reason}


def _check_batches(night: Night) -> None:
    clips = ClipStore(night.store)
    for batch in night.good:
        rows = read_index(night.store, batch) or []
        assert rows, batch
        assert {row.status for row in rows} <= {"ok", "suspect"}, batch
        for row in rows:
            clips.load(row.key)
            assert night.store.stat(f"batches/{batch}/audio/{row.id}.wav") is not None, batch
    for batch in night.broken:
        roots = {run.dagster_run.root_run_id or run.dagster_run.run_id for run in night.daemon.runs(batch)}
        assert 1 <= len(roots) <= 3, f"{batch} had {len(roots)} runs"
        assert night.store.stat(f"batches/{batch}/report.html") is None
    partitions = set(night.daemon.instance.get_dynamic_partitions("batches"))
    assert partitions == {*night.good, *night.broken, *night.deleted}
    spoken = {run.tags[PARTITION] for run in night.daemon.instance.get_runs() if PARTITION in run.tags}
    assert spoken == {*night.good, *night.broken, *night.deleted}


def _check_resources(watch: Watch, warm: int, last: Sample, idle_before: float, idle_after: float) -> None:
    """Compares the last quarter of the samples with the first, after the first batch."""
    work = watch.samples[warm:]
    quarter = max(1, len(work) // 4)
    early, late = work[:quarter], work[-quarter:]
    for name in ("daemon_megabytes", "server_megabytes"):
        assert median_of(late, name) < 1.15 * median_of(early, name) + 20, name
    assert median_of(late, "threads") <= 1.25 * median_of(early, "threads") + 10
    assert median_of(late, "open_files") <= 1.25 * median_of(early, "open_files") + 20
    at_rest = watch.samples[warm - 1]
    assert last.processes <= at_rest.processes
    assert last.temporary_files <= at_rest.temporary_files + 5
    assert idle_after < 2 * idle_before + 0.05


def _report(night: Night, watch: Watch, idle_before: float, idle_after: float, folder: Path) -> None:
    runs = night.daemon.instance.get_runs()
    figures = {
        "manifests": MANIFESTS,
        "seed": SEED,
        "minutes": round(watch.samples[-1].seconds / 60, 1),
        "runs": len(runs),
        "workers_killed": night.killed,
        "requests": len(night.proxy.requests),
        "batches_good": len(night.good),
        "batches_broken": len(night.broken),
        "batches_deleted": len(night.deleted),
        "idle_cpu_before": round(idle_before, 3),
        "idle_cpu_after": round(idle_after, 3),
        "samples": [asdict(sample) for sample in watch.samples],
    }
    (folder / "soak.json").write_text(json.dumps(figures, indent=1))
    shown = watch.samples[:: max(1, len(watch.samples) // 12)]
    print("\n", {name: value for name, value in figures.items() if name != "samples"})
    for sample in (*shown, watch.samples[-1]):
        print(asdict(sample))
    print(f"all samples: {folder / 'soak.json'}")
