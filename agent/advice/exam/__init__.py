"""The entrance exam of a language model: are its first guesses better than chance?

`surfaces` are small tuning problems whose measured values ship in `data` (`data/README.md` says where from).
"""
