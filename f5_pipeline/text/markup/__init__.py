"""Markup in written texts: SSML, HTML, Markdown, game tags, escapes, ruby, directions and footnote marks.

``interpret`` is the entry point. Each kind is a module of pure functions from text to text: what a kind means is
expressed in the tags of ``text.tag_syntax``, and a step that makes literal characters protects them from the next ones
(``common.literal``).
"""
