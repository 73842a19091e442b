"""Automation conditions: runs that follow from the state of assets, however that state came about.

Freshness policies are not used: a batch is out of date when its inputs have changed, not when it is old.
"""

import dagster as dg

from f5_pipeline.defs.pipeline import Pipeline


def undelivered() -> dg.AutomationCondition:
    """True for a batch that was generated but not delivered, for example materialized alone in the UI or by a backfill.

    Requests one delivery for each materialization of ``generated_audio``, once the batch's own blocking checks have
    passed (they are partitioned like the asset: see ``partitions``), and never while a run is about to deliver it.
    """
    pending = (
        dg.AutomationCondition.any_deps_updated().since_last_handled()
        & ~dg.AutomationCondition.any_deps_missing()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
        & dg.AutomationCondition.all_deps_blocking_checks_passed()
    )
    # Pending at two evaluations in a row: a run that delivers the batch during an evaluation is no longer in progress,
    # but its materialization is not visible yet.
    return (pending & ~pending.newly_true()).with_label("generated but not delivered")


def deliver_spoken_batches(pipeline: Pipeline) -> dg.AutomationConditionSensorDefinition:
    """The sensor that evaluates ``undelivered``."""
    return dg.AutomationConditionSensorDefinition(
        pipeline.name("deliver_spoken_batches"),
        target=dg.AssetSelection.assets(pipeline.key("delivered_audio")),
        default_status=pipeline.sensor_status,
        description="Delivers batches whose audio was generated but not delivered, for example from the UI. The job "
        "speech_batch already does both.",
        run_tags={"f5/reason": "spoken and not delivered yet"},
    )


def write_manifests(pipeline: Pipeline) -> dg.AutomationConditionSensorDefinition:
    """The sensor that materializes ``manifests`` when its upstream asset has been materialized."""
    return dg.AutomationConditionSensorDefinition(
        pipeline.name("write_manifests"),
        target=dg.AssetSelection.assets(pipeline.key("manifests")),
        default_status=pipeline.sensor_status,
        description="Writes the manifests again when the asset that has the lines was materialized.",
        run_tags={"f5/reason": "new lines"},
    )
