"""How often a delivery writes its record."""

from __future__ import annotations

import pytest

from f5_pipeline.delivery import builder
from f5_pipeline.delivery.builder import DeliveryBuilder, Job
from f5_pipeline.delivery.delivery_record import Delivered, read_delivery_record
from f5_pipeline.storage import layout
from tests.delivery.batch import CountingStore
from tests.storage.fake_clock import Time

FILES, SECONDS = 300, 1.0  # for each file


@pytest.mark.parametrize(("write_seconds", "writes"), [(0.0, FILES // 10 - 1), (5.0, 3)])
def test_writing_the_record_takes_a_small_share_of_the_time(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch, write_seconds: float, writes: int
) -> None:
    """It contains all files: with 100,000 of them, a write after each 500 would take most of the time."""
    clock, written = Time(), 0
    monkeypatch.setattr(builder, "monotonic", lambda: clock.now)
    write = builder.write_delivery_record

    def slow_write(*arguments: object) -> None:
        nonlocal written
        written += 1
        clock.now += write_seconds
        write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(builder, "write_delivery_record", slow_write)

    names = [f"{layout.batch_folder('b')}{layout.AUDIO}{number}.wav" for number in range(FILES)]
    delivery = DeliveryBuilder(store, "b")
    delivery.run(
        [Job(name, "fingerprint", lambda: Delivered("fingerprint")) for name in names],
        progress=lambda _done, _count: clock.sleep(SECONDS),
    )
    assert written == writes
    delivery.finish()
    assert len(read_delivery_record(store, "b")) == FILES
