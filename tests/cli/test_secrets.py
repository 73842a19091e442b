"""No secret of a setting is printed, logged, recorded or stored: each has a mark of its own, which is searched for
in everything that commands leave behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from f5_pipeline.settings.environment import Settings
from tests.cli.command_line import CommandLine
from tests.file_server import FileServer, serving
from tests.material import put_voices
from tests.storage import servers
from tests.storage.servers import Server

MARK = "c4n4ry"  # part of every secret below, and of nothing else

#: A setting with a secret that belongs elsewhere, and the part of the message that says where.
REFUSED = [
    ("F5_STORE", f"s3://AKIA:{MARK}@bucket/prefix", "AWS_ACCESS_KEY_ID"),
    ("F5_STORE", f"https://host/bucket?token={MARK}", "AWS_ACCESS_KEY_ID"),
    ("AWS_ENDPOINT_URL", f"https://AKIA:{MARK}@host", "AWS_ACCESS_KEY_ID"),
    ("AWS_ENDPOINT_URL_S3", f"https://host/?key={MARK}", "AWS_ACCESS_KEY_ID"),
    ("F5_STORE_PAGES", f"https://user:{MARK}@host/", "a browser asks for a password"),
    ("F5_STORE_PAGES", f"user:{MARK}@host", "http://"),
    ("HF_ENDPOINT", f"https://{MARK}@host", "HF_TOKEN"),
    ("F5_RAY_ADDRESS", f"ray://user:{MARK}@host:10001", "RAY_AUTH_TOKEN"),
    ("F5_MODELS", f"https://user:{MARK}/x@host/models.toml?token={MARK}", "Remove them"),
]


@pytest.mark.parametrize(("variable", "value", "fact"), REFUSED)
def test_secrets_in_the_wrong_place_are_refused_and_not_shown(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, fact: str
) -> None:
    monkeypatch.setenv(variable, value)
    message = cli.fails("voices")
    assert variable in message
    assert fact in message
    assert MARK not in message


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_no_setting_is_shown_with_a_secret(cli: CommandLine, monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    """Whether it is refused, has another type, or is used."""
    for value in (f"https://user:{MARK}@127.0.0.1:9/x?token={MARK}", f"user:{MARK}@host"):
        monkeypatch.setenv(f"F5_{field.upper()}", value)
        _, out, err = cli("voices")
        assert MARK not in out + err
        assert "Traceback" not in err


# --- everything that commands leave behind --------------------------------------------------------------------

#: Secrets that are in use: none of them is refused.
SECRETS = {
    "F5_WHEELS": f"http://user:wheels-{MARK}@127.0.0.1:9/wheels?token=mirror-{MARK}",
    "F5_FLASH_ATTN": f"http://127.0.0.1:9/flash_attn-2.8.3+cu12torch2.8-cp311-cp311-linux_x86_64.whl?sig=pin-{MARK}",
    "HF_TOKEN": f"hf_{MARK}",
    "AWS_SESSION_TOKEN": f"session-{MARK}",
    "HTTP_PROXY": f"http://user:proxy-{MARK}@127.0.0.1:9",
    "HTTPS_PROXY": f"http://user:proxy-{MARK}@127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
    "PGPASSWORD": f"postgres-{MARK}",
    "POSTGRES_URL": f"postgresql://dagster:postgres-{MARK}@127.0.0.1/dagster",
}
MANIFEST = "id,text,voice\none,The first line.,f2\ntwo,,f2\nthree,The third line.,nobody\n"
_CATALOGUE = """
[{name}]
base = "demo"
[{name}.checkpoint]
source = "{source}"
sha256 = "{sha256}"
"""


class Machine:
    """A working folder with a ``.env``, a home for Dagster and a cache, whose commands are processes of their own."""

    def __init__(self, folder: Path, cache: Path, variables: Mapping[str, str], sources: Mapping[str, str]) -> None:
        self.folder, self.output = folder, ""
        foreign = ("F5_", "AWS_", "HF_", "DAGSTER_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self._environment = kept | {
            "DAGSTER_HOME": str(folder / "dagster"),
            "F5_CACHE": str(cache),
            "F5_RETRY_SECONDS": "0",  # three attempts where no server answers
            "F5_MODELS": str(folder / "models.toml"),
            "PYTHONWARNINGS": "ignore",
        }
        (folder / "dagster").mkdir()
        (folder / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        (folder / "models.toml").write_text(
            "".join(_CATALOGUE.format(name=n, source=s, sha256="0" * 64) for n, s in sources.items())
        )
        (folder / ".env").write_text("".join(f"{name}='{value}'\n" for name, value in variables.items()))

    def __call__(self, *arguments: str, code: int = 0, module: str = "f5_pipeline.cli", **variables: str) -> str:
        """Run a command, which must end with ``code``; returns its output."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env=self._environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.output += done.stdout
        assert done.returncode == code, done.stdout
        return done.stdout

    def leaks(self, *folders: Path) -> list[str]:
        """Where a mark was found: in the output, or in a file that is not one of the settings."""
        settings = {self.folder / ".env", self.folder / "models.toml"}
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path not in settings]
        assert files
        found = [str(path) for path in files if MARK.encode() in path.read_bytes()]
        return [line for line in self.output.splitlines() if MARK in line] + found


@pytest.fixture
def files() -> Iterator[FileServer]:
    with serving() as server:
        yield server


@pytest.fixture
def bucket_server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "buckets").mkdir()
    with servers.rclone(tmp_path / "buckets") as server:
        yield server


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_that_commands_leave_behind_has_a_secret(
    tmp_path: Path, cache: Path, files: FileServer, bucket_server: Server
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    files.missing_status = 403
    sources = {
        "refused": f"{files.url}/model.pt?X-Amz-Signature={MARK}&X-Amz-Security-Token={MARK}",
        "unreachable": f"https://127.0.0.1:9/model.pt?sig={MARK}",
    }
    bucket = bucket_server.bucket()
    # Without the session token, which this server does not know.
    store = servers.environment(bucket_server.endpoint) | {"F5_STORE": f"s3://{bucket}"}
    store["AWS_SECRET_ACCESS_KEY"] = servers.SECRET_KEY
    machine = Machine(folder, cache, {**SECRETS, **store, "AWS_SESSION_TOKEN": ""}, sources)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in store.items():
            patch.setenv(name, value)
        from f5_pipeline.storage.open import open_store

        put_voices(open_store(store["F5_STORE"]), "f2")
    (folder / "b.csv").write_text(MANIFEST)
    machine("submit", "b.csv", "--dry-run", "--json", code=1)
    machine("submit", "b.csv")
    machine("run", "b")
    machine("results", "b", "--json")
    machine("verify")
    for model in sources:
        assert "127.0.0.1" in machine("mirror", model, code=1)
    job = ("job", "execute", "-m", "f5_pipeline.definitions", "-j", "setup")
    assert "are not all on this machine" in machine(*job, module="dagster", code=1, F5_MODEL="refused")
    dead = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_SESSION_TOKEN": SECRETS["AWS_SESSION_TOKEN"]}
    assert not json.loads(machine("doctor", "--json", code=1, F5_MODEL="unreachable", **dead))["usable"]
    machine("voices", code=1, **dead)
    machine("voices", code=1, AWS_SECRET_ACCESS_KEY=f"wrong-{MARK}", AWS_ACCESS_KEY_ID=f"AKIA{MARK}")
    assert machine.leaks(folder, cache, tmp_path / "buckets") == []
