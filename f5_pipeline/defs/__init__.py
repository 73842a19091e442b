"""Dagster: one file per asset, plus resources, partitions, checks and jobs. The only folder that imports it."""
