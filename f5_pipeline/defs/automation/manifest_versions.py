"""Versions of manifests: which one a batch has, the run key of a version, and the versions that the sensor has settled.

Dagster starts one run for each run key, so a repeated tick starts no second run. Run keys cannot tell which manifests
need no run because they were spoken in a terminal; that takes a request to the store for each manifest, too slow for
10,000 of them at each tick. So the sensor records the versions that it need not examine again: those without a reason
for a run, those whose run has ended (whoever started it), and deletions. They are kept as dynamic partitions that no
asset uses: one query reads them, and they change with the result of a tick. A cursor would be copied, whole, into the
record of every tick.

Which manifests need a run is decided in ``manifests.staleness``.
"""

import hashlib
from collections.abc import Sequence

import dagster as dg

from f5_pipeline.defs.dagster_internals import HIDDEN_TAG_PREFIX, RUN_KEY_TAG
from f5_pipeline.defs.pipeline import DEFAULT
from f5_pipeline.results.manifest_files import ManifestFiles

settled_versions = DEFAULT.settled_versions

#: The digests of the versions that a run has read, so that the sensor does not repeat a failed run of a person.
VERSIONS_TAG = f"{HIDDEN_TAG_PREFIX}f5_versions"


def manifest_version(store_url: str, files: ManifestFiles) -> str:
    """The version of a manifest and the files beside it: ``BATCH@DIGEST``.

    The digest covers the store, since a copy of a bucket has the same ETags, and the times of writing, since a bucket's
    ETag depends on the content alone: a file that is written again, unchanged or as it once was, is a new version.
    """
    objects = [f"{info.key} {info.etag} {info.modified.isoformat()}" for info in (*files.manifests, *files.sidecars)]
    digest = hashlib.sha256("\n".join([store_url, *objects]).encode()).hexdigest()
    return f"{files.batch}@{digest[:16]}"


def deleted_version(batch: str) -> str:
    """The version of a batch whose manifest was deleted."""
    return f"{batch}@deleted"


def version_run_key(versions: Sequence[str], previous: Sequence[dg.DagsterRun | None]) -> str:
    """The run key of the versions of one run, after the previous run of each batch.

    The previous runs are part of it because a version can come back: a file beside the manifest is added and deleted.
    """
    earlier = [run.run_id[:8] if run else "first" for run in previous]
    if len(versions) == 1:
        return f"{versions[0]}/{earlier[0]}"
    digests = " ".join(map(_digest, versions))
    return f"{digests}/{hashlib.sha256(' '.join(earlier).encode()).hexdigest()[:8]}"


def record_version(instance: dg.DagsterInstance, run_id: str, version: str) -> None:
    """Record in a run that it reads this version of a manifest."""
    if (run := instance.get_run_by_id(run_id)) is None:  # the asset was called directly
        return
    known = run.tags.get(VERSIONS_TAG, "").split()
    if (digest := _digest(version)) not in known:
        instance.add_run_tags(run_id, {VERSIONS_TAG: " ".join([*known, digest])})


def is_run_of(run: dg.DagsterRun | None, version: str) -> bool:
    """True if the sensor started this run for this version, or if it has read this version and did not succeed.

    A run of a person that has succeeded and left a reason for a run materialized only a part of the assets.
    """
    if run is None:
        return False
    versions = run.tags.get(RUN_KEY_TAG, "").partition("/")[0]
    digests = versions.split(" ")
    if run.status is not dg.DagsterRunStatus.SUCCESS:
        digests += run.tags.get(VERSIONS_TAG, "").split()
    return versions == version or _digest(version) in digests


def _digest(version: str) -> str:
    """The digest of a version. It covers the name of the batch."""
    return version.rpartition("@")[2]
