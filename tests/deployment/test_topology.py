"""A batch through the deployment of docker/compose.yaml, in processes instead of containers.

PostgreSQL, an S3 server, code server, webserver and daemon, each with the commands, settings, files and health checks
that compose.yaml and the images give it; nothing is shared between them but the network.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest
import requests
from botocore.config import Config

from tests.deployment.conftest import SECRETS
from tests.deployment.dockerfile import ROOT
from tests.deployment.stack import Stack

pytestmark = pytest.mark.timeout(900)  # beside other work; alone it takes a minute or two

BATCH = "greetings"
LINES = "id,voice,text\nhello,m3,Welcome back.\nbye,f2,See you soon.\n"
ASSETS = ["flash_attn_environment", "model_weights", "voice_files", "utterances", "generated_audio", "delivered_audio"]
_RUN_SECONDS = 400
_FINISHED = {"SUCCESS", "FAILURE", "CANCELED"}


@pytest.fixture(scope="module")
def run(stack: Stack) -> Mapping[str, Any]:
    """The run that the sensor makes of a manifest that was submitted."""
    manifest = Path(stack.environment("code")["TMPDIR"]) / f"{BATCH}.csv"
    manifest.write_text(LINES)
    done = stack.run("code", "f5-pipeline", "submit", str(manifest))
    assert done.returncode == 0, done.stderr
    client, name = bucket_of(stack)
    client.delete_object(Bucket=name, Key="speech/manifests/demo.csv")  # a minute of speech that nobody needs here
    stack.begin("daemon")
    return finished_run(stack, BATCH)


def finished_run(stack: Stack, batch: str, after: int = 0) -> Mapping[str, Any]:
    """The batch's run number ``after``, as the UI has it, once it has ended."""
    deadline = time.monotonic() + _RUN_SECONDS
    while time.monotonic() < deadline:
        runs = runs_of(stack, batch)
        if len(runs) > after and runs[after]["status"] in _FINISHED:
            return runs[after]
        time.sleep(1)
    raise AssertionError(f"no run of {batch} ended:\n{stack.log('daemon')[-4000:]}\n{stack.log('code')[-4000:]}")


def runs_of(stack: Stack, batch: str) -> list[Mapping[str, Any]]:
    """Oldest first."""
    query = """query ($batch: String!) {
      runsOrError(filter: {tags: [{key: "dagster/partition", value: $batch}]}) {
        ... on Runs { results { id status tags { key value } assetMaterializations { assetKey { path } } } } } }"""
    found = ask(stack, query, batch=batch)["runsOrError"]["results"]
    return list(reversed(found))


def ask(stack: Stack, query: str, **variables: object) -> dict[str, Any]:
    answer = requests.post(f"{stack.web}/graphql", json={"query": query, "variables": variables}, timeout=60).json()
    assert "errors" not in answer, answer
    return answer["data"]


def bucket_of(stack: Stack) -> tuple[Any, str]:
    """A client, and the bucket's name."""
    where = stack.environment("code")
    client = boto3.client(
        "s3",
        endpoint_url=where["AWS_ENDPOINT_URL"],
        region_name=where["AWS_DEFAULT_REGION"],
        aws_access_key_id=where["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=where["AWS_SECRET_ACCESS_KEY"],
        config=Config(request_checksum_calculation="when_required", response_checksum_validation="when_required"),
    )
    return client, where["S3_BUCKET"]


def objects(stack: Stack) -> dict[str, bytes]:
    """Everything in the bucket, by key."""
    client, name = bucket_of(stack)
    keys = [each["Key"] for each in listing(client, name)]
    return {key: client.get_object(Bucket=name, Key=key)["Body"].read() for key in keys}


def listing(client: Any, name: str) -> list[Mapping[str, Any]]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=name)
    return [each for page in pages for each in page.get("Contents", [])]


@contextmanager
def database(stack: Stack) -> Iterator[Any]:
    where = stack.environment("daemon")
    connection = psycopg2.connect(
        host=where["POSTGRES_HOST"],
        port=where["POSTGRES_PORT"],
        dbname=where["POSTGRES_DB"],
        user=where["POSTGRES_USER"],
        password=where["POSTGRES_PASSWORD"],
    )
    try:
        yield connection.cursor()
    finally:
        connection.close()


# --- it works -------------------------------------------------------------------------------------------------


def test_the_demo_was_put_into_the_bucket(stack: Stack) -> None:
    assert "partition demo: registered" in stack.log("seed")


def test_the_sensor_makes_a_run_of_a_submitted_manifest(run: Mapping[str, Any], stack: Stack) -> None:
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


def test_results_are_read_from_the_bucket(run: Mapping[str, Any], stack: Stack) -> None:
    """From any machine that may read it."""
    done = stack.run("code", "f5-pipeline", "results", BATCH, "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["utterances"]
    assert [row["id"] for row in rows] == ["hello", "bye"]
    assert {row["status"] for row in rows} <= {"ok", "suspect"}
    assert {f"speech/{row['clip']}" for row in rows} <= set(objects(stack))


def test_what_the_run_printed_is_in_the_bucket_and_in_the_ui(run: Mapping[str, Any], stack: Stack) -> None:
    query = """query ($id: ID!) { logsForRun(runId: $id) {
      ... on EventConnection { events { ... on LogsCapturedEvent { fileKey } } } } }"""
    [file] = [event["fileKey"] for event in ask(stack, query, id=run["id"])["logsForRun"]["events"] if event]
    query = "query ($key: [String!]!) { capturedLogs(logKey: $key) { stderr } }"
    shown = ask(stack, query, key=[run["id"], "compute_logs", file])["capturedLogs"]["stderr"]
    assert "generated_audio" in shown
    assert objects(stack)[f"dagster/storage/{run['id']}/compute_logs/{file}.err"].decode() == shown


def test_the_records_are_in_postgres_and_nowhere_else(run: Mapping[str, Any], stack: Stack) -> None:
    with database(stack) as cursor:
        cursor.execute(
            "select asset_key from event_logs where run_id = %s and dagster_event_type = 'ASSET_MATERIALIZATION'",
            (run["id"],),
        )
        assert ('["delivered_audio"]',) in cursor.fetchall()
        cursor.execute("select partition from dynamic_partitions where partitions_def_name = 'batches'")
        assert {row[0] for row in cursor.fetchall()} == {BATCH}  # the demo's manifest was deleted, and so its partition
    assert [path for path in stack.files() if path.suffix == ".db"] == []


# --- who has what ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["webserver", "daemon", "migrate"])
@pytest.mark.parametrize("package", ["torch", "f5_tts", "torchaudio", "vocos"])
def test_webserver_and_daemon_cannot_import_the_engine(stack: Stack, name: str, package: str) -> None:
    done = stack.run(name, "python", "-c", f"import {package}")
    assert f"No module named '{package}'" in done.stderr
    assert done.returncode == 1


def test_they_live_without_it_while_runs_are_in_the_code_server(run: Mapping[str, Any], stack: Stack) -> None:
    for name in ("webserver", "daemon"):
        process = Path(f"/proc/{stack.pid(name)}")
        assert (
            process.joinpath("cmdline").read_text().startswith(str(stack.instance_bin))
        )  # the one that was just asked
        assert "torch" not in process.joinpath("maps").read_text()
    assert stack.run("code", "python", "-c", "import torch, f5_tts").returncode == 0
    assert f"{run['id']} - generated_audio" in stack.log("code")  # a run prints where it happens
    assert f"{run['id']} - generated_audio" not in stack.log("daemon") + stack.log("webserver")


def test_no_secret_is_printed_or_kept(run: Mapping[str, Any], stack: Stack) -> None:
    printed = {name: stack.log(name) for name in stack.services}
    printed |= {key: data.decode(errors="replace") for key, data in objects(stack).items()}
    with database(stack) as cursor:
        cursor.execute("select event from event_logs")
        printed["the records"] = "\n".join(row[0] for row in cursor.fetchall())
    leaks = [(place, name) for place, text in printed.items() for name, value in SECRETS.items() if value in text]
    assert leaks == []


# --- what docs/deployment.md tells people to type ------------------------------------------------------------------


PAGE = (ROOT / "docs" / "deployment.md").read_text()
#: Service and command of each "docker compose exec" that can be run as it is, with our batch for the page's.
TYPED = re.findall(r"docker compose exec (\w+) (f5-pipeline [^`\n]+|pg_dump [^`\n>]+)", PAGE)


@pytest.mark.parametrize(("name", "command"), TYPED, ids=[command for _, command in TYPED])
def test_a_command_of_the_page(run: Mapping[str, Any], stack: Stack, name: str, command: str) -> None:
    folder = Path(stack.environment(name)["TMPDIR"])
    (folder / f"{BATCH}.csv").write_text(LINES)
    words = command.replace("chapter1", BATCH).replace("/tmp/", f"{folder}/").split()
    done = stack.run(name, *words, text=False)
    assert done.returncode == 0, done.stderr
    assert BATCH.encode() in done.stdout or done.stdout.startswith(b"PGDMP") or words[1] in ("doctor", "fetch")


def test_the_page_has_the_commands_that_are_run() -> None:
    assert [command.split()[:2] for _, command in TYPED] == [
        *(["f5-pipeline", command] for command in ("submit", "results", "fetch", "doctor")),
        ["pg_dump", "--username"],
    ]


# --- health ---------------------------------------------------------------------------------------------------


def test_health_checks_say_no_where_nothing_runs(stack: Stack) -> None:
    """Each was asked before its service was started; ``up`` waited until it said yes."""
    checked = {name for name, service in stack.services.items() if service.health}
    assert checked == {"postgres", "s3", "code", "webserver", "daemon"}
    assert stack.unhealthy_before == checked


def test_the_daemon_is_well(run: Mapping[str, Any], stack: Stack) -> None:
    assert stack.healthy("daemon")
