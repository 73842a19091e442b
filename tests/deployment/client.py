"""What tests ask a running deployment: its runs, through the UI's GraphQL server, and the objects in its bucket."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import boto3
import requests
from botocore.config import Config

from tests.deployment.stack import Stack

_RUN_SECONDS = 400
_FINISHED = {"SUCCESS", "FAILURE", "CANCELED"}


def finished_run(stack: Stack, batch: str, after: int = 0) -> Mapping[str, Any]:
    """The run number ``after`` of a batch, from the UI's server, once it has ended."""
    deadline = time.monotonic() + _RUN_SECONDS
    while time.monotonic() < deadline:
        runs = runs_of(stack, batch)
        if len(runs) > after and runs[after]["status"] in _FINISHED:
            return runs[after]
        time.sleep(1)
    raise AssertionError(f"no run of {batch} ended:\n{stack.log('daemon')[-4000:]}\n{stack.log('code')[-4000:]}")


def runs_of(stack: Stack, batch: str) -> list[Mapping[str, Any]]:
    """The runs of a batch, oldest first."""
    query = """query ($batch: String!) {
      runsOrError(filter: {tags: [{key: "dagster/partition", value: $batch}]}) {
        ... on Runs { results { id status tags { key value } assetMaterializations { assetKey { path } } } } } }"""
    found = graphql(stack, query, batch=batch)["runsOrError"]["results"]
    return list(reversed(found))


def graphql(stack: Stack, query: str, **variables: object) -> dict[str, Any]:
    """The data that the UI's server answers to a query."""
    answer = requests.post(f"{stack.web}/graphql", json={"query": query, "variables": variables}, timeout=60).json()
    assert "errors" not in answer, answer
    return answer["data"]


def bucket_of(stack: Stack) -> tuple[Any, str]:
    """A client, and the name of the bucket."""
    environment = stack.environment("code")
    client = boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_DEFAULT_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(request_checksum_calculation="when_required", response_checksum_validation="when_required"),
    )
    return client, environment["S3_BUCKET"]


def listing(client: Any, name: str) -> list[Mapping[str, Any]]:
    """All objects of a bucket."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=name)
    return [each for page in pages for each in page.get("Contents", [])]
