"""From documents, and from one's own finished studies, to a draft of a knowledge pack that a person accepts.

`documents` are read, `layout` finds their sentences, `values` whose the numbers in them are, `statements`
what could be advice; `wording` and `judging` say which of it is, `draft` writes the pack, and `studies` one
of what was found by trials. Enter by `learn` of `draft`.
"""
