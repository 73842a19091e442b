"""Versions of manifests: which one a batch has, the run key of a version, and the versions that the sensor has settled.

Dagster starts one run for each run key, so a repeated tick starts no second run. Run keys cannot tell which manifests
need no run because they were spoken in a terminal; that takes a request to the store for each manifest, too slow for
10,000 of them at each tick. So the sensor records the versions that it need not examine again: those without a reason
for a run, and those whose run has ended. They are kept as dynamic partitions that no asset uses: one query reads them,
and they change with the result of a tick. A cursor would be copied, whole, into the record of every tick.

Which manifests need a run is decided in ``manifests.staleness``.
"""

import hashlib

import dagster as dg

from f5_pipeline.defs.dagster_internals import RUN_KEY_TAG
from f5_pipeline.results.manifest_files import ManifestFiles

settled_versions = dg.DynamicPartitionsDefinition(name="settled_manifest_versions")


def manifest_version(store_url: str, files: ManifestFiles) -> str:
    """The version of a manifest and the files beside it: ``BATCH@DIGEST``.

    The digest covers the store, since a copy of a bucket has the same ETags, and the times of writing, since a bucket's
    ETag depends on the content alone: a file that is written again, unchanged or as it once was, is a new version.
    """
    objects = [f"{info.key} {info.etag} {info.modified.isoformat()}" for info in (*files.manifests, *files.sidecars)]
    digest = hashlib.sha256("\n".join([store_url, *objects]).encode()).hexdigest()
    return f"{files.batch}@{digest[:16]}"


def version_run_key(version: str, previous: dg.DagsterRun | None) -> str:
    """The run key of a version after the batch's previous run.

    The previous run is part of it because a version can come back: a file beside the manifest is added and deleted.
    """
    return f"{version}/{previous.run_id[:8] if previous else 'first'}"


def is_run_of(run: dg.DagsterRun | None, version: str) -> bool:
    """True if the sensor started this run for this version."""
    return run is not None and run.tags.get(RUN_KEY_TAG, "").startswith(f"{version}/")
