"""``f5-pipeline doctor``: diagnostics of this machine, so that problems are found before they stop a batch.

One module per area. Its ``probe_…`` functions read the state of the machine; its ``check_…`` functions are pure: from
the probed values they make a ``Finding``, with a fix if there is a problem. ``checks`` connects the two and lists all
checks; ``runner`` runs them.

Nothing here downloads, installs or speaks. The only write is a test file in the store, which is removed again.
"""
