"""Partitions: a batch is a manifest is a partition. An utterance is not (Dagster advises at most 100,000).

The checks of a batch are its own as well. A check without partitions has one result, the latest of any batch: one batch
that passes would speak for all others, in the UI and to the automation.
"""

import warnings

import dagster as dg

batches = dg.DynamicPartitionsDefinition(name="batches")


def batch_check(name: str, asset: str, description: str, *, blocking: bool = False) -> dg.AssetCheckSpec:
    """A check that has a result for each batch."""
    with warnings.catch_warnings():
        # Dagster calls partitions of checks a preview, once for each check and in every process that loads them.
        about = r"Specifying a partitions_def on an AssetCheckSpec is currently in preview"
        warnings.filterwarnings("ignore", about, dg.PreviewWarning)
        return dg.AssetCheckSpec(name, asset=asset, description=description, blocking=blocking, partitions_def=batches)
