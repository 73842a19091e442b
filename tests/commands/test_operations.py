"""``docs/operations.md``: its commands work in order, and its tables match the code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.demo.install import install
from f5_pipeline.storage.local import LocalStore
from tests.doctor.check_names import NAMES
from tests.paths import DOCS, ROOT

PAGE = (DOCS / "operations.md").read_text()
#: Not run: the first two would change this checkout; the last takes long and is part of *Restore*.
SKIPPED_AT_UPGRADE = ("git pull\n", "make install\n", "f5-pipeline doctor\n")


def section(title: str) -> str:
    return re.split(r"^## ", PAGE.partition(f"## {title}\n")[2], maxsplit=1, flags=re.M)[0]


def block(title: str, language: str = "sh", which: int = 0) -> str:
    return re.findall(rf"^```{language}\n(.*?)^```", section(title), re.S | re.M)[which]


class Checkout:
    """A folder like a checkout, with a store whose batch ``demo`` has two lines."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "dagster.yaml", folder)
        self.store = LocalStore(folder / "store")
        install(self.store)
        self.store.write("manifests/demo.csv", b"id,voice,text\none,f2,Hello there.\ntwo,m1,Good morning.\n")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("F5_", "DAGSTER_", "XDG_"))}
        self._environment = {
            **kept,
            "PATH": os.pathsep.join([f"{sys.prefix}/bin", os.environ["PATH"]]),
            "XDG_STATE_HOME": str(folder / "state"),
            "F5_CACHE": str(cache),
            "PYTHONWARNINGS": "ignore",
        }

    def run(self, script: str) -> str:
        """Run commands that must all succeed; returns stdout."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def clips(self) -> dict[str, bytes]:
        found = (info.key for info in self.store.list("clips/"))
        return {key: self.store.read(key) for key in found if key.endswith(".flac")}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_commands_in_order(tmp_path: Path, cache: Path) -> None:
    checkout = Checkout(tmp_path, cache)
    checkout.run("f5-pipeline run demo")
    spoken = checkout.clips()
    assert len(spoken) == 2

    (tmp_path / "store" / "clips" / ".part-of-a-dead-process").write_bytes(b"half")
    checkout.run(block("Back up"))
    checkout.run(block("Back up", which=1))
    shutil.rmtree(tmp_path / "store")
    shutil.rmtree(tmp_path / ".dagster")
    restored = checkout.run(block("Restore"))
    assert "2 ok, 0 suspect, 0 failed, 0 rejected; 0 clips spoken, " in restored
    assert checkout.clips() == spoken
    assert not (tmp_path / "store" / "clips" / ".part-of-a-dead-process").exists()

    upgrade = block("Upgrade")
    for line in SKIPPED_AT_UPGRADE:
        assert line in upgrade
        upgrade = upgrade.replace(line, "")
    assert upgrade.count("\n") == 1
    checkout.run(upgrade)

    assert_cost_is_printed(checkout)

    doctor, listed, results = split_json(checkout.run(block("Monitoring")))
    assert doctor["usable"] is True
    assert {row["batch"]: row["state"] for row in listed["batches"]}["demo"] == "spoken"
    assert [row["status"] for row in results["utterances"]] == ["ok", "ok"]
    assert checkout.run(block("Monitoring", which=1)) == "0 lines were not spoken\n"

    assert " 0 clips " in checkout.run(block("Clean"))
    assert checkout.clips() == spoken


def assert_cost_is_printed(checkout: Checkout) -> None:
    """The script of the page, with the checkout as DAGSTER_HOME and the records of the run that spoke."""
    assert "start it with `DAGSTER_HOME=$PWD`" in section("What an hour of speech costs")
    (checkout.folder / "cost.py").write_text(block("What an hour of speech costs", "python"))
    checkout.run("rm -rf .dagster && tar --extract --gzip --file records.tar.gz")
    output = checkout.run("DAGSTER_HOME=$PWD python cost.py")
    busy = re.search(r"in (\d+\.\d+) device hours", output)
    assert busy is not None
    assert float(busy[1]) > 0
    assert re.search(r"an hour costs \d+\.\d{3}\n", output)


def split_json(text: str) -> list[dict[str, Any]]:
    """Parse JSON values that were printed one after the other."""
    values, decoder = [], json.JSONDecoder()
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        values.append(value)
        text = text[end:]
    return values


def test_monitoring_explains_exactly_the_checks_of_doctor() -> None:
    table = section("Monitoring").partition("| name |")[2].partition("\n\n")[0]
    explained = re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines()[2:]))
    assert sorted(explained) == sorted(NAMES)
