"""Where people find a file of the store, as metadata: a link where a browser can follow one, else its place."""

import dagster as dg

from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.object_store import ObjectStore


def link(key: str, store: ObjectStore, settings: Settings) -> dg.MetadataValue:
    """``F5_STORE_PAGES`` says where browsers find the store. Without it they cannot open files of this machine."""
    if settings.store_pages:
        return dg.MetadataValue.url(f"{settings.store_pages.rstrip('/')}/{key}")
    return dg.MetadataValue.path(store.location(key))
