"""Links to files of the store, as metadata: a URL if browsers can open the store, else a path or key."""

import dagster as dg

from f5_pipeline.settings.environment import Settings
from f5_pipeline.storage.layout import is_internal
from f5_pipeline.storage.object_store import ObjectStore


def link(key: str, store: ObjectStore, settings: Settings) -> dg.MetadataValue:
    """A URL below ``F5_STORE_PAGES``, the store's address for browsers; without this setting the location in the store.

    A location is not shown as a link, because a browser cannot open files of the machine that runs Dagster. Nor is the
    pipeline's own record of a batch, which is no page for people.
    """
    if settings.store_pages and not is_internal(key):
        return dg.MetadataValue.url(f"{settings.store_pages.rstrip('/')}/{key}")
    return dg.MetadataValue.path(store.location(key))
