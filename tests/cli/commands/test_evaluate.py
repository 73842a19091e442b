"""``evaluate``: the measures of one batch, and of two beside each other."""

from __future__ import annotations

from f5_pipeline.results.index import IndexRow, write_index
from tests.cli.command_line import MANIFEST, CommandLine


def write_batch(cli: CommandLine, batch: str, errors: tuple[float, float], mos: float) -> None:
    quality = [{"word_error_rate": rate, "speaker_similarity": 0.85, "mos": mos} for rate in errors]
    rows = [
        IndexRow(str(number), "four words are here", "four words are here", "f2", "demo", key="a" * 64, quality=each)
        for number, each in enumerate(quality)
    ]
    write_index(cli.store, batch, rows)


def test_two_batches_are_compared_in_one_table(cli: CommandLine) -> None:
    write_batch(cli, "slow", (0.0, 0.5), 3.0)
    write_batch(cli, "fast", (0.25, 0.75), 2.5)
    code, out, err = cli("evaluate", "slow", "fast")
    assert (code, err) == (0, "")
    header, slow, fast, difference = (line.rstrip() for line in out.splitlines())
    assert header.split() == ["batch", "voice", "model", "clips", "word", "errors", "similarity", "MOS"]
    assert slow.split()[:4] == ["slow", "f2", "demo", "2"]
    assert "25.0 % (0.0 … 50.0)" in slow
    assert fast.endswith("2.50 (2.50 … 2.50)")
    assert difference.startswith("fast − slow")
    assert "+25.0 % (+25.0 … +25.0)" in difference
    assert difference.endswith("-0.50 (-0.50 … -0.50)")


def test_json_has_the_estimates(cli: CommandLine) -> None:
    write_batch(cli, "slow", (0.0, 0.5), 3.0)
    code, document = cli.json("evaluate", "slow")
    assert (code, document["differences"]) == (0, [])
    (group,) = document["batches"]["slow"]
    assert group["measures"]["mos"] == {"value": 3.0, "low": 3.0, "high": 3.0, "lines": 2}


def test_missing_measures_are_explained(cli: CommandLine) -> None:
    write_index(cli.store, "bare", [IndexRow("1", "one", "one", "f2", "demo", key="a" * 64, quality={"mos": 3.0})])
    code, out, _ = cli("evaluate", "bare")
    assert code == 0
    assert "No clip has word errors, similarity: they need a recogniser and the extra quality" in out


def test_a_batch_without_results_is_an_error(cli: CommandLine) -> None:
    cli.store.write("manifests/new.csv", MANIFEST.encode())
    assert "f5-pipeline run new" in cli.fails("evaluate", "new")
