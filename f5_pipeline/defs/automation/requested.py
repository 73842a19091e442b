"""What an automation policy has just asked for: the daemon makes the runs one by one, and meanwhile nothing shows them.

Without this, a sensor and a schedule that look in the same seconds would both ask for the same batch.
"""

import json
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

import dagster as dg

_KEY = "f5_pipeline_requested"  # among the instance's own values
_HELD = timedelta(minutes=10)  # longer than the daemon needs to make the runs of one look
_LOCK = threading.Lock()  # policies are evaluated in threads of one code server


def claim(instance: dg.DagsterInstance, policy: str, batches: Iterable[str], now: datetime) -> frozenset[str]:
    """Those of the batches that no other policy has asked for a moment ago; from now on this one has.

    Args:
        now: the time it is, not the one that a look is for. A note from the future, by a clock that was wrong, is old.
    """
    storage, moment = instance.daemon_cursor_storage, now.timestamp()
    with _LOCK:
        held = _read(storage.get_cursor_values({_KEY}).get(_KEY, ""))
        held = {batch: (who, when) for batch, (who, when) in held.items() if abs(moment - when) < _HELD.total_seconds()}
        mine = frozenset(batch for batch in batches if held.get(batch, (policy, 0.0))[0] == policy)
        held |= dict.fromkeys(mine, (policy, moment))
        storage.set_cursor_values({_KEY: json.dumps(held)})
    return mine


def _read(text: str) -> dict[str, tuple[str, float]]:
    try:
        return {str(batch): (str(who), float(when)) for batch, (who, when) in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        return {}
