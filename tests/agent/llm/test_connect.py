from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bestguess.agent.llm import LLM, Request
from bestguess.agent.llm.connect import connect
from bestguess.agent.llm.embedded import EmbeddedLLM
from bestguess.agent.llm.server import ServerLLM
from bestguess.agent.llm.weights.catalog import CATALOG, DEFAULT_MODEL
from bestguess.agent.testing import GarbageLLM, SchemaLLM, ScriptedLLM
from bestguess.tools.errors import ModelSpecError, ModelUnavailable


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "my-model"
    place.mkdir()
    (place / "config.json").write_text("{}")
    return place


@pytest.mark.parametrize("spec", [None, "none"])
def test_none_is_no_model(spec: str | None) -> None:
    assert connect(spec) is None


def named(spec: object) -> LLM:
    """The model behind the queue."""
    shared = connect(spec)  # type: ignore[arg-type]
    assert shared is not None
    return shared.llm


def test_a_model_is_itself_behind_a_queue_that_is_the_same_for_everybody() -> None:
    llm = SchemaLLM()
    assert named(llm) is llm
    first = connect(llm)
    assert connect(llm) is connect(first) is first
    assert connect(SchemaLLM()) is not first


def test_a_folder_is_an_embedded_model_that_is_not_loaded_yet(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    for spec in (folder, str(folder), f"embedded:{folder}", "my-model", "./my-model"):
        llm = named(spec)
        assert isinstance(llm, EmbeddedLLM)
        assert llm.folder.resolve() == folder
        assert llm.name == "my-model"


@pytest.mark.parametrize("spec", ["embedded", f"embedded:{DEFAULT_MODEL}", DEFAULT_MODEL, "smollm2-135m"])
def test_a_model_of_the_catalog_that_was_not_pulled_is_refused_with_the_mend(home: Path, spec: str) -> None:
    with pytest.raises(ModelSpecError, match="bestguess models pull"):
        connect(spec)


def test_a_url_is_a_server_that_is_not_contacted() -> None:
    llm = named("http://127.0.0.1:9")
    assert isinstance(llm, ServerLLM)
    assert (llm.url, llm.model, llm.name) == ("http://127.0.0.1:9/v1", None, "http://127.0.0.1:9/v1")


def test_a_url_may_choose_among_the_models_of_its_server() -> None:
    llm = named("https://models.example/api/v1/#qwen2.5:7b")
    assert isinstance(llm, ServerLLM)
    assert (llm.url, llm.name) == ("https://models.example/api/v1", "qwen2.5:7b")


def test_a_class_a_factory_or_an_object_can_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_llms.py").write_text(
        "from bestguess.agent.testing import *\n"
        "ready = SchemaLLM(7)\n"
        "def make(): return ScriptedLLM(['{}'])\n"
        "class Shelf: best = ready\n"
        "number = 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert isinstance(named("bestguess.agent.testing:GarbageLLM"), GarbageLLM)
    assert isinstance(named("my_llms:make"), ScriptedLLM)
    assert named("my_llms:Shelf.best") is named("my_llms:ready")
    with pytest.raises(ModelSpecError, match="'my_llms:number' gave a int, which is no language model"):
        connect("my_llms:number")
    with pytest.raises(ModelSpecError, match=r"cannot import .* no attribute 'missing'"):
        connect("my_llms:missing")
    with pytest.raises(ModelSpecError, match="No module named 'no_such_module'"):
        connect("no_such_module:llm")


@pytest.mark.parametrize("spec", ["", "gpt-17", "embeded", "a b:c", SchemaLLM, 3, object()])
def test_anything_else_is_refused_with_what_is_accepted(spec: object) -> None:
    with pytest.raises(ModelSpecError, match=r"names no language model; give 'none', 'embedded'"):
        connect(spec)  # type: ignore[arg-type]


@pytest.mark.parametrize("spec", ["/no/such/folder", "embedded:/no/such/folder", Path("/no/such/folder")])
def test_a_folder_that_is_not_there_is_refused_before_any_trial(spec: Path | str) -> None:
    with pytest.raises(ModelSpecError, match="model folder /no/such/folder does not exist"):
        connect(spec)


def test_a_name_from_the_hub_leads_to_the_name_in_the_catalog() -> None:
    with pytest.raises(ModelSpecError, match=f"name {DEFAULT_MODEL}"):
        connect(CATALOG[DEFAULT_MODEL].hub_repo)


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "https:///v1",
        "http://[::1",
        "http://h:99999/v1",
        "http://user:secret@host/v1",
        "http://?key=secret",
    ],
)
def test_a_url_that_is_none_is_refused_and_shows_no_secret(url: str) -> None:
    with pytest.raises(ModelSpecError, match="not the URL of a model server") as caught:
        connect(url)
    assert "secret" not in str(caught.value)


def test_choosing_a_model_loads_no_heavy_library() -> None:
    code = (
        "import sys; from bestguess.agent.llm.connect import connect; connect('http://127.0.0.1:9'); "
        "sys.exit(', '.join({'torch', 'transformers', 'openai', 'optuna'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_a_connected_folder_that_holds_no_weights_says_so_when_asked(folder: Path) -> None:
    llm = connect(folder)
    assert llm is not None
    with pytest.raises(ModelUnavailable, match=r"cannot load the model in .*my-model"):
        llm.generate(Request(()))
