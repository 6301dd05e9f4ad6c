"""Words to and from a language model: what it is asked, what it said, what that cost; packs of knowledge.

The search enters by `advisor`, `explainer` and `framing`; `assembly` by `journal` and `budget`; whoever looks
for packs by `knowledge`.
"""
