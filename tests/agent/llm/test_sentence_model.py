"""A sentence model from a folder; one with random weights is made here, as nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bestguess as bg
from bestguess.agent.llm.sentence_model import SentenceModel
from bestguess.agent.search.switches import Switches
from bestguess.tools.errors import InputError

WORDS = ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "be", "brief", "use", "json", "name", "units", "."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    made = tmp_path_factory.mktemp("model")
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    fast: Any = PreTrainedTokenizerFast
    fast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(made)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    BertModel(config).save_pretrained(made)
    return made


@pytest.mark.slow
def test_vectors_are_unit_and_those_of_a_text_alone(folder: Path) -> None:
    model = SentenceModel(folder)
    texts = ["be brief .", "use json . name units .", "", "be brief ."]

    vectors = model.embed(texts)

    assert vectors.shape == (4, 16)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4))
    assert np.array_equal(vectors[0], vectors[3])
    assert np.array_equal(SentenceModel(folder).embed(texts[1:2])[0], vectors[1])


@pytest.mark.slow
def test_a_search_over_texts_goes_by_it(folder: Path) -> None:
    space = bg.Space(prompt=bg.Text(default="be brief .", examples=["use json .", "name units ."]))
    switches = Switches(embedder=SentenceModel(folder))

    with bg.Tuner(space, seed=0, switches=switches) as tuner:
        for _ in range(6):
            trial = tuner.ask()
            tuner.tell(trial, float(len(trial.params["prompt"])))

    assert tuner.history.trials[-1].source == "gp"


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_a_folder_without_a_model_is_refused_and_nothing_is_downloaded(path: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no sentence model"):
        SentenceModel(tmp_path / path)
