"""``clean``, ``verify`` and ``mirror``."""

from __future__ import annotations

import pytest

from f5_pipeline.storage.layout import manifest_object
from tests.cli.command_line import CommandLine


def test_clean_reports_and_then_removes_orphaned_clips(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("F5_CLEAN_DAYS", "0")
    monkeypatch.setenv("F5_CACHE", str(cli.folder / "cache"))  # other tests leave partial files in the session's
    cli.store.write(f"clips/bb/{'b' * 64}.flac", b"x" * 2_000_000)
    preview = cli("clean", "--dry-run")[1]
    assert preview.startswith("Would remove 0 partial files")
    assert " 1 clip " in preview
    assert "2.0 MB" in preview
    assert len(list(cli.store.list("clips/"))) == 1
    removed = cli("clean")[1]
    assert removed.startswith("Removed 0 partial files")
    assert " 1 clip " in removed
    assert list(cli.store.list("clips/")) == []


def test_clean_says_which_clips_it_keeps(cli: CommandLine) -> None:
    cli.store.write(f"clips/bb/{'b' * 64}.flac", b"x" * 2_000)
    assert "Kept: 1 clip that no batch names, less than 30 days old (F5_CLEAN_DAYS)." in cli("clean")[1]
    cli.store.write(manifest_object("tales", "csv"), b"text\n")
    assert "since its clips are unknown: tales. Run it" in cli("clean")[1]
    assert len(list(cli.store.list("clips/"))) == 1


def test_verify_names_damaged_clips_and_repairs(cli: CommandLine) -> None:
    cli.store.write(f"clips/bb/{'b' * 64}.flac", b"x" * 2_000)
    code, out, _ = cli("verify")
    assert (code, f"{'b' * 64}.flac: it is not a clip" in out) == (1, True)
    assert "1 clip verified; damaged: 1, missing: 0." in out
    assert cli("verify", "--repair")[0] == 1
    assert cli("verify")[:2] == (0, "0 clips verified; damaged: 0, missing: 0.\n")


def test_embedded_model_needs_no_mirror(cli: CommandLine) -> None:
    code, out, err = cli("mirror", "demo")
    assert (code, err) == (0, "")
    assert "'demo'" in out
    assert list(cli.store.list("models/")) == []
