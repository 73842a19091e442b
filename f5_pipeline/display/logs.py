"""Log records of this process, of ours and of libraries, without secrets."""

from __future__ import annotations

import logging
from typing import Any

from f5_pipeline.display.characters import visible
from f5_pipeline.display.secrets import redact, without_secrets

_OURS = "f5_pipeline"


def protect_logs() -> None:
    """Remove secrets from every log record from now on; in our own records, untrusted text stays on its line."""
    if not isinstance(logging.getLogRecordFactory(), _SafeRecords):
        logging.setLogRecordFactory(_SafeRecords(logging.getLogRecordFactory()))


class _SafeRecords:
    """A factory of log records around another one."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __call__(self, name: str | None, *arguments: Any, **options: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._make(name, *arguments, **options)
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # a wrong call, which the handlers report
            return record
        shown = redact(message)
        shown = visible(shown) if (name or "").partition(".")[0] == _OURS else shown
        if shown != message:
            record.msg, record.args = shown, ()
        if record.exc_info and (error := record.exc_info[1]) is not None:
            safe = without_secrets(error)
            record.exc_info = (type(safe), safe, safe.__traceback__)
        return record
