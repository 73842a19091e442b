"""Sizes, durations and counts as people read them. Numbers that the UI plots stay beside them."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def readable_size(size: float) -> str:
    """A number of bytes in the largest unit that fits: "12.3 MB"."""
    unit = 0
    while size >= 999.95 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit else f"{size:.0f} {_UNITS[0]}"


def readable_duration(seconds: float) -> str:
    """A duration in the two largest units: "1 h 23 min", "4 min 5 s", "8.4 s"."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    if seconds < 3599.5:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 batch", "2 batches"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}{'es' if noun.endswith('ch') else 's'}"
