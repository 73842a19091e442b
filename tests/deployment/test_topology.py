"""A batch through the deployment of docker/compose.yaml, in processes instead of containers.

PostgreSQL, an S3 server, code server, webserver and daemon, each with the commands, settings, files and health checks
of compose.yaml and its image. They share only the network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests

from tests.deployment.client import bucket_of, finished_run, graphql, listing
from tests.deployment.conftest import SECRETS
from tests.deployment.dockerfile import ROOT
from tests.deployment.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # takes a minute or two on an idle machine

BATCH = "greetings"
LINES = "id,voice,text\nhello,m3,Welcome back.\nbye,f2,See you soon.\n"
ASSETS = ["flash_attn_environment", "model_weights", "voice_files", "utterances", "generated_audio", "delivered_audio"]


@pytest.fixture(scope="module")
def run(stack: Stack) -> Mapping[str, Any]:
    """The run that the sensor starts for a submitted manifest."""
    manifest = Path(stack.environment("code")["TMPDIR"]) / f"{BATCH}.csv"
    manifest.write_text(LINES)
    done = stack.run("code", "f5-pipeline", "submit", str(manifest))
    assert done.returncode == 0, done.stderr
    client, name = bucket_of(stack)
    client.delete_object(Bucket=name, Key="speech/manifests/demo.csv")  # its speech takes a minute
    stack.begin("daemon")
    return finished_run(stack, BATCH)


def objects(stack: Stack) -> dict[str, bytes]:
    """Everything in the bucket, by key."""
    client, name = bucket_of(stack)
    keys = [each["Key"] for each in listing(client, name)]
    return {key: client.get_object(Bucket=name, Key=key)["Body"].read() for key in keys}


@contextmanager
def database(stack: Stack) -> Iterator[Any]:
    environment = stack.environment("daemon")
    connection = psycopg2.connect(
        host=environment["POSTGRES_HOST"],
        port=environment["POSTGRES_PORT"],
        dbname=environment["POSTGRES_DB"],
        user=environment["POSTGRES_USER"],
        password=environment["POSTGRES_PASSWORD"],
    )
    try:
        yield connection.cursor()
    finally:
        connection.close()


# --- a run ----------------------------------------------------------------------------------------------------


def test_the_demo_was_put_into_the_bucket(stack: Stack) -> None:
    assert "partition demo: registered" in stack.log("seed")


def test_the_sensor_starts_a_run_of_a_submitted_manifest(run: Mapping[str, Any], stack: Stack) -> None:
    assert run["status"] == "SUCCESS", stack.log("code")[-4000:]
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}
    assert tags["dagster/sensor_name"] == "new_manifests"
    materialized = [one["assetKey"]["path"][0] for one in run["assetMaterializations"]]
    assert sorted(materialized) == sorted(ASSETS)


def test_the_delivered_files_are_in_the_bucket(run: Mapping[str, Any], stack: Stack) -> None:
    found = objects(stack)
    delivered = f"speech/batches/{BATCH}"
    assert found[f"{delivered}/audio/hello.wav"][:4] == b"RIFF"
    assert found[f"{delivered}/audio/bye.wav"][:4] == b"RIFF"
    assert b"Welcome back." in found[f"{delivered}/report.html"]


def test_the_links_of_the_ui_lead_to_pages_that_play(run: Mapping[str, Any], stack: Stack) -> None:
    query = """query ($id: ID!) { runOrError(runId: $id) { ... on Run { assetMaterializations {
      metadataEntries { label ... on UrlMetadataEntry { url } } } } } }"""
    materialized = graphql(stack, query, id=run["id"])["runOrError"]["assetMaterializations"]
    links = {entry["label"]: entry.get("url") for one in materialized for entry in one["metadataEntries"]}
    assert links["listening_page"] == f"{stack.files_address}/batches/{BATCH}/report.html"
    assert "f5-decisions" in requests.get(links["listening_page"], timeout=60).text
    audio = f"{stack.files_address}/batches/{BATCH}/audio/hello.wav"
    answer = requests.get(audio, headers={"Range": "bytes=0-3"}, timeout=60)
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (206, b"RIFF", "audio/wav")


def test_results_are_read_from_the_bucket(run: Mapping[str, Any], stack: Stack) -> None:
    """As on any machine that may read the bucket."""
    done = stack.run("code", "f5-pipeline", "results", BATCH, "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["utterances"]
    assert [row["id"] for row in rows] == ["hello", "bye"]
    assert {row["status"] for row in rows} <= {"ok", "suspect"}
    assert {f"speech/{row['clip']}" for row in rows} <= set(objects(stack))


def test_the_compute_logs_are_in_the_bucket_and_in_the_ui(run: Mapping[str, Any], stack: Stack) -> None:
    query = """query ($id: ID!) { logsForRun(runId: $id) {
      ... on EventConnection { events { ... on LogsCapturedEvent { fileKey } } } } }"""
    [file] = [event["fileKey"] for event in graphql(stack, query, id=run["id"])["logsForRun"]["events"] if event]
    query = "query ($key: [String!]!) { capturedLogs(logKey: $key) { stderr } }"
    shown = graphql(stack, query, key=[run["id"], "compute_logs", file])["capturedLogs"]["stderr"]
    assert "generated_audio" in shown
    assert objects(stack)[f"dagster/storage/{run['id']}/compute_logs/{file}.err"].decode() == shown


def test_the_records_are_in_postgres_only(run: Mapping[str, Any], stack: Stack) -> None:
    with database(stack) as cursor:
        cursor.execute(
            "select asset_key from event_logs where run_id = %s and dagster_event_type = 'ASSET_MATERIALIZATION'",
            (run["id"],),
        )
        assert ('["delivered_audio"]',) in cursor.fetchall()
        cursor.execute("select partition from dynamic_partitions where partitions_def_name = 'batches'")
        assert {row[0] for row in cursor.fetchall()} == {BATCH, "demo"}  # whose manifest was deleted; partitions stay
    assert [path for path in stack.files() if path.suffix == ".db"] == []


# --- separation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["webserver", "daemon", "migrate"])
@pytest.mark.parametrize("package", ["torch", "f5_tts", "torchaudio", "vocos"])
def test_webserver_and_daemon_cannot_import_the_engine(stack: Stack, name: str, package: str) -> None:
    done = stack.run(name, "python", "-c", f"import {package}")
    assert f"No module named '{package}'" in done.stderr
    assert done.returncode == 1


def test_only_the_code_server_has_torch_and_executes_runs(run: Mapping[str, Any], stack: Stack) -> None:
    for name in ("webserver", "daemon"):
        process = Path(f"/proc/{stack.pid(name)}")
        assert (
            process.joinpath("cmdline").read_text().startswith(str(stack.instance_bin))
        )  # the environment of the test above
        assert "torch" not in process.joinpath("maps").read_text()
    assert stack.run("code", "python", "-c", "import torch, f5_tts").returncode == 0
    assert f"{run['id']} - generated_audio" in stack.log("code")
    assert f"{run['id']} - generated_audio" not in stack.log("daemon") + stack.log("webserver")


def test_no_secret_is_printed_or_stored(run: Mapping[str, Any], stack: Stack) -> None:
    printed = {name: stack.log(name) for name in stack.services}
    printed |= {key: data.decode(errors="replace") for key, data in objects(stack).items()}
    with database(stack) as cursor:
        cursor.execute("select event from event_logs")
        printed["the records"] = "\n".join(row[0] for row in cursor.fetchall())
    leaks = [(place, name) for place, text in printed.items() for name, value in SECRETS.items() if value in text]
    assert leaks == []


# --- the commands of docs/deployment.md -----------------------------------------------------------------------


PAGE = (ROOT / "docs" / "deployment.md").read_text()
#: Service and command of each "docker compose exec" that can be run unchanged, except for the name of the batch.
COMMANDS = re.findall(r"docker compose exec (\w+) (f5-pipeline [^`\n]+|pg_dump [^`\n>]+)", PAGE)


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[command for _, command in COMMANDS])
def test_a_command_of_the_page(run: Mapping[str, Any], stack: Stack, name: str, command: str) -> None:
    folder = Path(stack.environment(name)["TMPDIR"])
    (folder / f"{BATCH}.csv").write_text(LINES)
    words = command.replace("chapter1", BATCH).replace("/tmp/", f"{folder}/").split()
    done = stack.run(name, *words, text=False)
    assert done.returncode == 0, done.stderr
    assert BATCH.encode() in done.stdout or done.stdout.startswith(b"PGDMP") or words[1] in ("doctor", "fetch")


def test_the_page_has_these_commands() -> None:
    assert [command.split()[:2] for _, command in COMMANDS] == [
        *(["f5-pipeline", command] for command in ("submit", "results", "fetch", "doctor")),
        ["pg_dump", "--username"],
    ]


# --- health ---------------------------------------------------------------------------------------------------


def test_health_checks_fail_before_the_service_is_started(stack: Stack) -> None:
    """``Stack`` runs each health check before it starts the service, and waits until it passes."""
    checked = {name for name, service in stack.services.items() if service.health}
    assert checked == {"postgres", "s3", "code", "webserver", "files", "daemon"}
    assert stack.unhealthy_before == checked


def test_the_daemon_is_healthy(run: Mapping[str, Any], stack: Stack) -> None:
    assert stack.healthy("daemon")
