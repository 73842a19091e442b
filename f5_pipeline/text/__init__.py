"""The text front end: normalises written text for a model and splits it into chunks. Pure; no files, no torch."""
