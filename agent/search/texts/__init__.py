"""Who writes new texts for the `Text` parameters of a space, one file each; `turns` gives them their turns.

Without a model, sentences of texts that were tried are recombined and pieces of a pool chosen: these drafts
are candidates of the surrogate's own choice. A model that passed its exam rewrites and crosses texts in
place of that choice, by the trust that its record earned.
"""
