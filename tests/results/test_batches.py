"""The batches of a store."""

from __future__ import annotations

from f5_pipeline.results.batches import known_batches
from f5_pipeline.storage.local import LocalStore

OTHER_FILES = (
    *("only-settings.toml", "notes.docx", "folder/f.csv", "tales.pronunciations.csv", "tales.PRONUNCIATIONS.csv"),
    *("report.docx", "tales.pronunciations.xlsx", "x" * 130 + ".csv"),
)


def test_each_manifest_of_the_store_is_a_batch(store: LocalStore) -> None:
    assert known_batches(store) == []
    for key in ("b.csv", "a.txt", "c.d.jsonl", "e.parquet", "b.toml", *OTHER_FILES):
        store.write(f"manifests/{key}", b"text\nx\n")
    assert known_batches(store) == ["a", "b", "c.d", "e"]
