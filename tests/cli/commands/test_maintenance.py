"""``clean`` and ``mirror``."""

from __future__ import annotations

from tests.cli.command_line import CommandLine


def test_clean_reports_and_then_removes_orphaned_clips(cli: CommandLine) -> None:
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


def test_embedded_model_needs_no_mirror(cli: CommandLine) -> None:
    code, out, err = cli("mirror", "demo")
    assert (code, err) == (0, "")
    assert "'demo'" in out
    assert list(cli.store.list("models/")) == []
