"""Station announcements: a table of lines, and the pipeline that speaks them."""
