"""Texts as vectors by a sentence model on this machine's disk; nothing is ever downloaded.

    Tuner(space, switches=Switches(embedder=SentenceModel("models/all-MiniLM-L6-v2")))

In place of the n-grams of `bestguess.tools.words.embedding`: it knows that "brief" and "short" are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from bestguess.tools.arrays import FloatArray
from bestguess.tools.errors import InputError
from bestguess.tools.words.documents import path_words

MOST_TOKENS = 512
"""Of a text; most such models read no more."""

MOST_REMEMBERED = 4096


class SentenceModel:
    """An `Embedder`: the mean of a transformer's last hidden states over a text's tokens, of unit length.

    `folder` holds a model and its tokenizer as transformers keeps them. Raises InputError where it does not.
    """

    def __init__(self, folder: str | Path) -> None:
        path = Path(folder)
        try:
            if not (path / "config.json").is_file():
                raise OSError("no config.json in it")
            from transformers import AutoModel, AutoTokenizer

            self._tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
            self._model = AutoModel.from_pretrained(path, local_files_only=True).eval()
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path_words(path)} holds no sentence model ({error}); give the folder of one"
            ) from error
        self._remembered = lru_cache(maxsize=MOST_REMEMBERED)(self._vector)

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Return vectors (n, k) of unit length; each text is read by itself, so that others change no bit."""
        return np.array([self._remembered(text) for text in texts])

    def _vector(self, text: str) -> FloatArray:
        import torch

        tokens = self._tokenizer(text, return_tensors="pt", truncation=True, max_length=MOST_TOKENS)
        if not tokens["input_ids"].shape[1]:  # of an empty text
            width = int(self._model.config.hidden_size)
            return np.full(width, width**-0.5)
        with torch.no_grad():
            states = self._model(**tokens).last_hidden_state[0]
        mean: FloatArray = states.mean(dim=0).double().numpy()
        return mean / np.linalg.norm(mean)
