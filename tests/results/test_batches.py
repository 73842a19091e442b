"""Which batches there are: one rule, for look-ups and for speaking alike."""

from __future__ import annotations

from f5_pipeline.results.batches import known_batches
from f5_pipeline.storage.local import LocalStore

NO_BATCHES = (
    *("only-settings.toml", "notes.md", "folder/f.csv", "tales.pronunciations.csv", "tales.PRONUNCIATIONS.csv"),
    *("report.xlsx", "x" * 130 + ".csv"),
)


def test_batches_are_the_manifests_of_the_store(store: LocalStore) -> None:
    assert known_batches(store) == []
    for key in ("b.csv", "a.txt", "c.d.jsonl", "e.parquet", "b.toml", *NO_BATCHES):
        store.write(f"manifests/{key}", b"text\nx\n")
    assert known_batches(store) == ["a", "b", "c.d", "e"]
