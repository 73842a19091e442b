"""Cron expressions that our settings accept, which Dagster must accept too."""

from __future__ import annotations

VALID = [
    *("0 2 * * *", "*/15 0-6 * * *", "5,35 1-23/2 1,15 * *", "0 0 31 1,2 *", "0 3 * JAN-mar Mon-Fri", "0 2 29 2 *"),
    *("0 2 * * 7", "0 2 * * sun,3", "10/20 * * * *", "59 23 31 12 6", "00 02 * * *"),
]
