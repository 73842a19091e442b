"""``f5-pipeline doctor``: what would go wrong on this machine, found before a batch meets it.

One module for each area. A *judgement* is a function from plain values to a ``Finding``; what it judges is looked up
by the functions beside it, which are named ``see_…``. Which are asked, and with what, is in ``checks``. Nothing here
downloads, installs or speaks, and nothing stays behind in the store.
"""
