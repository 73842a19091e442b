"""Free disk space, and folders that cannot be written."""

from __future__ import annotations

from pathlib import Path

from f5_pipeline.doctor.disk import check_disks, check_folder, probe_disks, probe_write
from f5_pipeline.environment.wheels import Wheel
from f5_pipeline.storage.disk_space import DiskSpace, Need
from tests.doctor.unprivileged import as_unprivileged_user

GB = 1_000_000_000
WHEEL = Wheel("w.whl", "https://x/w.whl", "2.8.3", None, 244_000_000, 900_000_000)


def disk(needed: int, available: int) -> DiskSpace:
    return DiskSpace("/data", (Need("weights to download", Path("/data"), needed),), needed, available)


def test_the_fullest_disk_decides() -> None:
    assert check_disks([disk(1 * GB, 50 * GB)]).status == "ok"
    low = check_disks([disk(1, 50 * GB), disk(1, GB)])
    assert (low.status, "1.0 GB free" in low.found) == ("warn", True)
    full = check_disks([disk(5 * GB, 2 * GB)])
    assert full.status == "fail"
    assert [fact for fact in ("5.0 GB", "/data", "weights to download", "2.0 GB") if fact not in full.found] == []
    assert "F5_CACHE" in full.fix


def test_all_downloads_of_the_first_run_are_counted(tmp_path: Path) -> None:
    disks = probe_disks(tmp_path / "cache", str(tmp_path / "store"), 10**15, WHEEL)
    needs = {need.what: need.size for each in disks for need in each.needs}
    assert needs["weights to download"] == 10**15
    assert needs["the flash_attn wheel"] == WHEEL.wheel_bytes
    assert needs["flash_attn unpacked"] == WHEEL.unpacked_bytes
    assert {"clips", "temporary files"} <= set(needs)
    assert check_disks(disks).status == "fail"
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_needs_no_disk(tmp_path: Path) -> None:
    disks = probe_disks(tmp_path, "s3://bucket/prefix", 0, None)
    assert "clips" not in {need.what for each in disks for need in each.needs}


def test_a_folder_without_write_permission_fails(read_only_folder: Path) -> None:
    with as_unprivileged_user():
        error = probe_write(read_only_folder / "cache")
    finding = check_folder("cache", read_only_folder / "cache", error, "F5_CACHE")
    assert finding.status == "fail"
    assert "permission denied" in finding.found
    assert "F5_CACHE" in finding.fix


def test_a_file_in_place_of_a_folder_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finding = check_folder("cache", tmp_path / "file", probe_write(tmp_path / "file"), "F5_CACHE")
    assert (finding.status, str(tmp_path / "file") in finding.found) == ("fail", True)


def test_a_missing_folder_is_not_created(tmp_path: Path) -> None:
    finding = check_folder("cache", tmp_path / "a" / "b", probe_write(tmp_path / "a" / "b"), "F5_CACHE")
    assert finding.status == "ok"
    assert list(tmp_path.iterdir()) == []
