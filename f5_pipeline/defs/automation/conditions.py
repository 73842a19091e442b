"""Automation conditions: what follows from the state of assets, whoever brought it about.

Freshness policies are not used: whether a batch is up to date follows from what it was made of, not from its age.
"""

import dagster as dg

from f5_pipeline.defs.automation.automation_status import sensors_at_start


def deliver_what_was_spoken() -> dg.AutomationCondition:
    """A batch that was spoken without being delivered (materialized alone, in the UI or by a backfill) is delivered.

    Once for each time it was spoken, when its own blocking checks have passed (they are partitioned as it is: see
    ``partitions``), and not while a run is about to do it.
    """
    undelivered = (
        dg.AutomationCondition.any_deps_updated().since_last_handled()
        & ~dg.AutomationCondition.any_deps_missing()
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
        & dg.AutomationCondition.all_deps_blocking_checks_passed()
    )
    # At two looks in a row: a run that delivers it during a look is no longer in progress and not yet seen to be done.
    return (undelivered & ~undelivered.newly_true()).with_label("deliver what was spoken")


deliver_spoken_batches = dg.AutomationConditionSensorDefinition(
    "deliver_spoken_batches",
    target=dg.AssetSelection.assets("delivered_audio"),
    default_status=sensors_at_start(),
    description="Delivers batches that were spoken and not delivered; the job speech_batch does both and needs it not.",
    run_tags={"f5/reason": "spoken and not delivered yet"},
)
