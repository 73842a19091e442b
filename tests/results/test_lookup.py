"""Look-ups: results, errors, no writes, and no import of torch, f5_tts or dagster."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from f5_pipeline.errors import BatchMissing, FileUnusable, NotSpokenYet, UnsafeName, UtteranceMissing
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow, write_index
from f5_pipeline.results.lookup import batch_results, fetch_delivered, share_clips
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectInfo

KEY = "ab" * 32
LEASE = f"lease-{'0' * 16}.bin"
ROWS = [
    IndexRow(
        id="1", text="one", key=KEY, clip=f"clips/ab/{KEY}.flac", audio_seconds=0.25, quality={"wer": 0.0},
        columns={"wer": "mine"},
    ),
    IndexRow(id="2", text="", status="rejected", reason="Row 2: the text is empty.", columns={"wer": "mine"}),
]  # fmt: skip


@pytest.fixture
def spoken(store: LocalStore, tone: np.ndarray) -> LocalStore:
    """A store with the batch ``demo``, spoken and delivered, and the batch ``waiting``, only submitted."""
    store.write("manifests/demo.csv", b"text\none\n")
    store.write("manifests/demo.toml", b"")
    store.write("manifests/waiting.jsonl", b"{}")
    ClipStore(store).save(KEY, tone, {"seed": 1})
    write_index(store, "demo", ROWS)
    store.write("batches/demo/audio/1.wav", b"RIFF")
    store.write("batches/demo/report.html", b"<html>")
    for batch in ("demo", "waiting"):
        for name in ("utterances.jsonl", LEASE, "delivery.json", "provenance.json", "report.links.html"):
            store.write(f"batches/{batch}/{name}", b"internal")
    return store


def snapshot(store: LocalStore) -> dict[str, tuple[int, int]]:
    root = Path(store.url)
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in root.rglob("*")}


def test_results_of_a_batch(spoken: LocalStore) -> None:
    before = snapshot(spoken)
    results = batch_results(spoken, "demo")
    assert results.spoken
    assert results.rows == tuple(ROWS)
    assert results.counts == {"ok": 1, "rejected": 1}
    assert results.audio_seconds == 0.25
    assert snapshot(spoken) == before


def test_results_as_json_have_the_columns_of_the_index(spoken: LocalStore) -> None:
    answer = json.loads(json.dumps(batch_results(spoken, "demo").as_json()))
    assert answer["batch"] == "demo"
    assert [row["id"] for row in answer["utterances"]] == ["1", "2"]
    assert answer["utterances"][0]["wer"] == 0.0
    assert [row["manifest_wer"] for row in answer["utterances"]] == ["mine", "mine"]
    assert "wer" not in answer["utterances"][1]


def test_one_utterance(spoken: LocalStore) -> None:
    assert [row.id for row in batch_results(spoken, "demo", "2").rows] == ["2"]
    with pytest.raises(UtteranceMissing, match=r"'3'.* 2 utterances: 1, 2"):
        batch_results(spoken, "demo", "3")


def test_an_id_is_found_as_it_is_written_in_the_manifest(store: LocalStore) -> None:
    write_index(store, "demo", [replace(ROWS[0], id="quests/guard")])
    for written in ("quests/guard", r"quests\guard", "quests/guard.wav"):
        assert [row.id for row in batch_results(store, "demo", written).rows] == ["quests/guard"]


def test_a_batch_that_is_not_spoken_yet(spoken: LocalStore) -> None:
    results = batch_results(spoken, "waiting")
    assert (results.spoken, results.rows) == (False, ())
    with pytest.raises(NotSpokenYet, match="f5-pipeline run waiting"):
        batch_results(spoken, "waiting", "1")
    with pytest.raises(NotSpokenYet, match="delivered files"):
        fetch_delivered(spoken, "waiting", Path("x"))


class RoundingStore(LocalStore):
    """A download reports another second than a listing, as with rclone, which rounds the times of a listing."""

    def download(self, key: str, path: Path, etag: str | None = None) -> ObjectInfo:
        copied = super().download(key, path, etag)
        return replace(copied, modified=copied.modified - timedelta(seconds=1))


def test_files_are_copied_once_where_times_are_rounded(spoken: LocalStore, tmp_path: Path) -> None:
    store = RoundingStore(Path(spoken.url))
    assert [fetch_delivered(store, "demo", tmp_path / "out").copied for _ in range(2)] == [4, 0]


def test_a_missing_batch_is_an_error(spoken: LocalStore, tmp_path: Path) -> None:
    for look_up in (lambda: batch_results(spoken, "dmo"), lambda: fetch_delivered(spoken, "dmo", tmp_path / "out")):
        with pytest.raises(BatchMissing, match="demo, waiting"):
            look_up()
    with pytest.raises(UnsafeName):
        batch_results(spoken, "../demo")


def test_a_look_up_does_not_create_the_store(tmp_path: Path) -> None:
    with pytest.raises(BatchMissing, match="no batches"):
        batch_results(LocalStore(tmp_path / "nowhere"), "demo")
    assert not (tmp_path / "nowhere").exists()


def test_share_clips_returns_urls_by_id(spoken: LocalStore) -> None:
    assert share_clips(spoken, batch_results(spoken, "demo"), 60) == {"1": Path(spoken.location(ROWS[0].clip)).as_uri()}


def test_fetching_copies_only_changed_files(spoken: LocalStore, tmp_path: Path) -> None:
    before, out = snapshot(spoken), tmp_path / "out"
    report = fetch_delivered(spoken, "demo", out)
    assert (report.copied, report.unchanged) == (4, 0)
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == [
        "audio/1.wav",
        "index.csv",
        "index.parquet",
        "report.html",
    ]
    again = fetch_delivered(spoken, "demo", out)
    assert (again.copied, again.unchanged, again.bytes_copied) == (0, 4, 0)
    assert snapshot(spoken) == before
    (out / "audio" / "1.wav").write_bytes(b"RIF")
    assert fetch_delivered(spoken, "demo", out).copied == 1
    assert (out / "audio" / "1.wav").read_bytes() == b"RIFF"


def test_a_folder_that_cannot_be_written_is_an_error(spoken: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileUnusable, match=str(tmp_path / "file")):
        fetch_delivered(spoken, "demo", tmp_path / "file")


WITHOUT_MODELS = """
import sys
for name in ("torch", "torchaudio", "f5_tts", "vocos", "dagster", "ray"):
    sys.modules[name] = None  # importing it now raises ImportError
from pathlib import Path
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.keys import clip_key, derive_seed
from f5_pipeline.results.lookup import batch_results, fetch_delivered
from f5_pipeline.storage.open import open_store
store = open_store(sys.argv[1])
results = batch_results(store, "demo")
ClipStore(store).load(results.rows[0].key)
print(len(results.rows), fetch_delivered(store, "demo", Path(sys.argv[2])).copied)
print("boto3" in sys.modules or "pandas" in sys.modules)
"""


def test_a_look_up_imports_no_model_and_no_dagster(spoken: LocalStore, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_MODELS, spoken.url, str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == ["2", "4", "False"]
