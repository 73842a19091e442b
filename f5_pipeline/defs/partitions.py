"""Partitions: a manifest is a batch is a partition. Utterances are not partitions: Dagster advises at most 100,000.

The checks of a batch are partitioned as well. A check without partitions has one result, the latest of any batch: one
batch that passes would hide the failure of another, in the UI and in automation conditions.
"""

import warnings

import dagster as dg

batches = dg.DynamicPartitionsDefinition(name="batches")


def batch_check(name: str, asset: str, description: str, *, blocking: bool = False) -> dg.AssetCheckSpec:
    """The specification of a check with one result for each batch."""
    with warnings.catch_warnings():
        # Partitioned checks are a preview feature. Dagster warns for each check in every process that loads them.
        message = r"Specifying a partitions_def on an AssetCheckSpec is currently in preview"
        warnings.filterwarnings("ignore", message, dg.PreviewWarning)
        return dg.AssetCheckSpec(name, asset=asset, description=description, blocking=blocking, partitions_def=batches)
