"""Partitions: a batch is a manifest is a partition. An utterance is not (Dagster advises at most 100,000)."""

import dagster as dg

batches = dg.DynamicPartitionsDefinition(name="batches")
