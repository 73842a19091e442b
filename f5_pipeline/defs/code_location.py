"""The definitions that Dagster loads: those of this project's code location, and those of a pipeline in another's."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from f5_pipeline.defs.assets.delivered_audio import delivered_audio
from f5_pipeline.defs.assets.flash_attn_environment import flash_attn_environment
from f5_pipeline.defs.assets.generated_audio import generated_audio
from f5_pipeline.defs.assets.manifests import manifests
from f5_pipeline.defs.assets.model_weights import model_weights
from f5_pipeline.defs.assets.utterances import utterances
from f5_pipeline.defs.assets.voice_files import voice_files
from f5_pipeline.defs.automation.conditions import deliver_spoken_batches, write_manifests
from f5_pipeline.defs.automation.housekeeping import housekeeping, verify_clips, weekly_verification
from f5_pipeline.defs.automation.schedules import nightly_batches
from f5_pipeline.defs.automation.sensors import new_manifests
from f5_pipeline.defs.jobs import setup, speech_batch
from f5_pipeline.defs.pipeline import DEFAULT, ManifestsInput, Pipeline
from f5_pipeline.defs.resources import resources_of
from f5_pipeline.defs.selection_grammar import load_selection_grammar
from f5_pipeline.errors import BadSetting
from f5_pipeline.manifests.tables import settings_file

load_selection_grammar()


def define(**resources: object) -> dg.Definitions:
    """The definitions of this project's code location; ``resources`` replace those of the same name."""
    options = dg.Definitions(loggers={"console": dg.colored_console_logger}, executor=dg.in_process_executor)
    return dg.Definitions.merge(build(DEFAULT, **resources), options)


def speech_definitions(
    *,
    key_prefix: str | Sequence[str] = (),
    group_name: str | None = None,
    manifests_from: dg.AssetKey | str | Sequence[str] | None = None,
    manifests_input: ManifestsInput = "value",
    batch_settings: Mapping[str, Any] | None = None,
    resources: Mapping[str, object] | None = None,
    **settings: Any,
) -> dg.Definitions:
    """The pipeline, as definitions of another project. Merge them with its own: ``dagster.Definitions.merge``.

    Two pipelines of one project need different key prefixes: the names of their assets, jobs, sensors, schedules,
    resources and partitions begin with them.

    Args:
        key_prefix: of the keys of all assets.
        group_name: the group of all assets. Default: ``setup``, ``speech`` and ``delivery``.
        manifests_from: the upstream asset that has the lines to speak. An asset ``manifests`` writes them into the
            store: a batch for each partition of the upstream asset, or for each value of a column ``batch``, else one
            batch with the name of the upstream asset.
        manifests_input: ``value`` (a table, a list of dicts or the path of a manifest, loaded by the IO manager of the
            upstream asset), ``path`` (the file that the metadata ``path`` or ``dagster/uri`` of its materialization
            names) or ``store`` (it writes into ``manifests/`` of the store itself).
        batch_settings: the settings of batches from ``manifests_from``, as in ``manifests/BATCH.toml``.
        resources: replace those of this pipeline: ``store``, ``settings``, ``load_engine``, ``make_progress``,
            ``ray_cluster``.
        settings: replace the environment: ``store="s3://…"`` stands for ``F5_STORE``, ``model=…`` for ``F5_MODEL``, and
            so on for every field of ``f5_pipeline.settings.environment.Settings``.

    Raises:
        BadSetting: a name or a setting is impossible.
    """
    pipeline = Pipeline(
        key_prefix=(key_prefix,) if isinstance(key_prefix, str) else tuple(key_prefix),
        group_name=group_name,
        settings=settings,
        manifests_from=None if manifests_from is None else dg.AssetKey.from_coercible(manifests_from),
        manifests_input=manifests_input,
        batch_settings=batch_settings or {},
    )
    settings_file(pipeline.batch_settings)  # raises now, not in a run
    if pipeline.batch_settings and manifests_from is None:
        raise BadSetting("SpeechPipeline", "batch_settings", "needs manifests_from: others have manifests/BATCH.toml.")
    return build(pipeline, **(resources or {}))


def build(pipeline: Pipeline, **resources: object) -> dg.Definitions:
    """All definitions of a pipeline; ``resources`` replace those of the same name."""
    speech, verification = speech_batch(pipeline), verify_clips(pipeline)
    machine = [asset.definition(pipeline) for asset in (flash_attn_environment, model_weights, voice_files)]
    upstream = [manifests(pipeline)] if pipeline.manifests_from else []
    batches = [
        utterances.definition(pipeline, further_deps=[asset.key for asset in upstream]),
        generated_audio.definition(pipeline),
        delivered_audio.definition(pipeline),
    ]
    return dg.Definitions(
        assets=[*machine, *upstream, *batches],
        jobs=[setup(pipeline), speech, housekeeping(pipeline), verification],
        sensors=[
            new_manifests(pipeline, speech),
            deliver_spoken_batches(pipeline),
            *([write_manifests(pipeline)] if upstream else []),
        ],
        schedules=[nightly_batches(pipeline, speech), weekly_verification(pipeline, verification)],
        resources={pipeline.name(name): each for name, each in {**resources_of(pipeline), **resources}.items()},
    )
