"""From documents, and from one's own finished studies, to a draft of a knowledge pack that a person accepts.

`documents` are read, `layout` finds their sentences, `statements` what of them could be advice on a parameter,
`judging` asks which of it is, and `draft` writes the pack; `studies` writes one of studies. Enter by `learn`.
"""
