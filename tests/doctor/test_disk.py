"""DiskSpace on the disks, and folders that cannot be written."""

from __future__ import annotations

from pathlib import Path

from f5_pipeline.doctor.disk import judge_folder, judge_rooms, see_rooms, see_writing
from f5_pipeline.environment.wheels import Wheel
from f5_pipeline.storage.disk_space import DiskSpace, Need
from tests.doctor.nobody import as_nobody

GB = 1_000_000_000
WHEEL = Wheel("w.whl", "https://x/w.whl", "2.8.3", None, 244_000_000, 900_000_000)


def room(needed: int, available: int) -> DiskSpace:
    return DiskSpace("/data", (Need("weights still to come", Path("/data"), needed),), needed, available)


def test_room() -> None:
    assert judge_rooms([room(1 * GB, 50 * GB)]).status == "ok"
    low = judge_rooms([room(1, 50 * GB), room(1, GB)])
    assert (low.status, "1.0 GB free" in low.found) == ("warn", True)
    short = judge_rooms([room(5 * GB, 2 * GB)])
    assert short.status == "fail"
    assert short.found == "5.0 GB needed on the disk of /data (weights still to come 5.0 GB), 2.0 GB free."
    assert "F5_CACHE" in short.fix


def test_everything_that_is_still_to_come_is_counted(tmp_path: Path) -> None:
    rooms = see_rooms(tmp_path / "cache", str(tmp_path / "store"), 10**15, WHEEL)
    needs = {need.what: need.size for each in rooms for need in each.needs}
    assert needs["weights still to come"] == 10**15
    assert needs["the flash_attn wheel"] == WHEEL.wheel_bytes
    assert needs["flash_attn unpacked"] == WHEEL.unpacked_bytes
    assert {"clips", "temporary files"} <= set(needs)
    assert judge_rooms(rooms).status == "fail"
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_is_no_disk(tmp_path: Path) -> None:
    rooms = see_rooms(tmp_path, "s3://bucket/prefix", 0, None)
    assert "clips" not in {need.what for each in rooms for need in each.needs}


def test_a_folder_that_may_not_be_written(nobodys_folder: Path) -> None:
    with as_nobody():
        trouble = see_writing(nobodys_folder / "cache")
    finding = judge_folder("cache", nobodys_folder / "cache", trouble, "F5_CACHE")
    assert finding.status == "fail"
    assert "cannot be written: permission denied." in finding.found
    assert "F5_CACHE" in finding.fix


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finding = judge_folder("cache", tmp_path / "file", see_writing(tmp_path / "file"), "F5_CACHE")
    assert finding.status == "fail"
    assert "a file is where a folder should be" in finding.found


def test_a_folder_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    finding = judge_folder("cache", tmp_path / "a" / "b", see_writing(tmp_path / "a" / "b"), "F5_CACHE")
    assert (finding.status, "made by the first use" in finding.found) == ("ok", True)
    assert list(tmp_path.iterdir()) == []
