"""``list``: the state of every batch, from the store and from Dagster's runs."""

from __future__ import annotations

import pytest

from tests.cli.command_line import MANIFEST, CommandLine
from tests.synthesis.fake_engine import FakeEngine


def test_an_empty_store_has_no_batches(cli: CommandLine) -> None:
    code, out, _ = cli("list")
    assert code == 0
    assert "f5-pipeline submit" in out


@pytest.mark.slow
def test_the_states_of_batches(cli: CommandLine, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    for batch in ("spoken", "changed", "failing", "waiting"):
        cli("submit", cli.write(f"{batch}.csv", MANIFEST))
    for batch in ("spoken", "changed"):
        assert cli("run", batch)[0] == 0
    cli("submit", cli.write("changed.csv", MANIFEST.replace("first", "other")))
    cli("submit", cli.write("failing.csv", "text,voice\nHello.,nobody\n"), "--batch", "failing")
    cli.store.write("manifests/failing.toml", b"on_bad_rows = 'fail'\n")
    assert cli("run", "failing")[0] == 1
    rows = {row["batch"]: row for row in cli.json("list")[1]["batches"]}
    states = {batch: row["state"] for batch, row in rows.items()}
    assert states == {"changed": "out of date", "failing": "failed", "spoken": "spoken", "waiting": "not spoken"}
    assert (rows["spoken"]["lines"], rows["waiting"]["lines"]) == (2, None)
    assert rows["spoken"]["audio_seconds"] > 0
    assert "manifest" in rows["changed"]["reason"]
    assert rows["spoken"]["last_run"] is not None
    assert rows["waiting"]["last_run"] is None
    code, out, _ = cli("list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["batch", *sorted(states)]
