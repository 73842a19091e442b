"""Which batches share a run: small ones whose partitions were registered one after the other.

A run that takes several partitions takes a range of them, in the order in which they were registered: Dagster has no
run over any other set. New manifests are registered when they are requested, so they are always a range; so are all
batches of a model or voice that has changed. A partition that is added later is never inside a range, because it comes
last. Which batches need a run is decided in ``manifests.staleness``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from f5_pipeline.manifests.staleness import BatchState

#: Of the manifests of one run together: about a thousand lines, an hour of speech. The files of a batch are delivered
#: after all batches of its run are spoken, and a run has a maximum runtime.
_MAX_BYTES = 100_000


def registration_order(registered: Sequence[str], new: Iterable[str]) -> list[str]:
    """The order of all partitions once the new ones are registered."""
    return list(dict.fromkeys([*registered, *new]))


def group_batches(
    due: Sequence[BatchState],
    order: Sequence[str],
    most: int,
    alone: Collection[str] = (),
    max_bytes: int = _MAX_BYTES,
) -> list[list[BatchState]]:
    """The batches of each run, the run with the batch that has waited longest first.

    Args:
        due: the batches to run, longest waiting first.
        order: all partitions, in the order of their registration.
        most: batches in one run.
        alone: batches that get a run of their own, because an earlier run of them has failed: if they end the process,
            they take no other batch along.
        max_bytes: of all manifests of a run.
    """
    position = {batch: number for number, batch in enumerate(order)}
    rank = {state.batch: number for number, state in enumerate(due)}
    groups: list[list[BatchState]] = []
    for state in sorted(due, key=lambda state: position[state.batch]):
        if groups and state.batch not in alone and _fits(groups[-1], state, position, most, alone, max_bytes):
            groups[-1].append(state)
        else:
            groups.append([state])
    return sorted(groups, key=lambda group: min(rank[state.batch] for state in group))


def _fits(
    group: Sequence[BatchState],
    state: BatchState,
    position: Mapping[str, int],
    most: int,
    alone: Collection[str],
    max_bytes: int,
) -> bool:
    last = group[-1].batch
    size = sum(member.manifest_bytes for member in group) + state.manifest_bytes
    follows = position[state.batch] == position[last] + 1
    return follows and last not in alone and len(group) < most and size <= max_bytes
