"""The words that init drafts for Hydra and OmegaConf; the slow tests give them to the real libraries."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.params import few_of

from bestguess.tools.errors import InputError
from bestguess.tools.objective.command import CommandTemplate
from bestguess.tools.scan.draft import Draft, scan
from bestguess.tools.space.parameters import Choice
from bestguess.tools.trial import Params
from bestguess.tools.words.documents import FastLoader

HEAD = """
import sys
import hydra
from dataclasses import dataclass, field
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, OmegaConf
from typing import Any
def show(config):
    print("loss", OmegaConf.to_container(config))
"""
HYDRA = """
@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(config):
    show(config)
main()
"""

BOMB = "a0: &a0 {}\n" + "".join(f"a{n + 1}: &a{n + 1} {{p: *a{n}, q: *a{n}}}\n" for n in range(30))

CASES = yaml.load((Path(__file__).parent / "compositions.yaml").read_text(), FastLoader)


def drafted(folder: Path, files: dict[str, str], script: str, name: str = "train.py") -> Draft:
    for path, text in {**files, name: HEAD + script}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return scan(folder / name)


def params_at(draft: Draft, side: str) -> Params:
    assert draft.space is not None
    if side == "default":
        return draft.space.default()
    params = {}
    for name in draft.space.names:
        parameter = draft.space[name]
        if isinstance(parameter, Choice):
            params[name] = parameter.options[-(side == "high")]
        else:
            params[name] = getattr(parameter, side)
    return params


def words_of(draft: Draft, params: Params) -> list[str]:
    return CommandTemplate(draft.command, list(params), texts=()).render(params)


@pytest.mark.parametrize("name", few_of(CASES, 16))
def test_what_is_composed_is_set_by_its_own_words(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    draft = drafted(tmp_path, case["files"], case.get("script", HYDRA))
    command = words_of(draft, params_at(draft, "default"))
    assert set(command[command.index(str(tmp_path / "train.py")) + 1 :]) == set(case["words"])
    assert {one.name for one, _ in draft.left_out} == set(case.get("left_out", []))


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("model:\n  width: ???\n", "it has no value to start from"),
        ("defaults:\n  - model: ???\n", "no option of it is chosen"),
        ("defaults: [{model: big}]\n", "this configuration is not found here"),
        ("2d: 0.5\n", "the command line has no word that sets it"),
        ("warm: ${lr}\n", "it follows other settings"),
        ("layers: [64, 32]\n", "it takes several values"),
    ],
)
def test_what_is_not_tuned_says_why(config: str, reason: str, tmp_path: Path) -> None:
    draft = drafted(tmp_path, {"conf/config.yaml": f"{config}lr: 0.01\n"}, HYDRA)
    assert [said for _, said in draft.left_out] == [reason]


def test_what_the_command_lacks_is_said_as_it_is_written(tmp_path: Path) -> None:
    config = "defaults:\n  - model: ???\nlr: 0.01\noptim:\n  gain: ???\n"
    lacks = drafted(tmp_path, {"conf/config.yaml": config}, HYDRA).lacks
    assert len(lacks) == 2
    assert lacks[0].startswith("the command lacks optim.gain=VALUE, ")
    assert lacks[1].startswith("the command lacks model=OPTION, ")


@pytest.mark.parametrize("line", ["config.lr = 0.5", "config['lr'] = 0.5", "if x: config.lr = 0.1"])
def test_what_the_script_sets_in_its_configuration_is_not_set_by_words(line: str, tmp_path: Path) -> None:
    script = HYDRA.replace("    show", f"    {line}\n    show")
    draft = drafted(tmp_path, {"conf/config.yaml": "lr: 0.01\nmomentum: 0.9\n"}, script)
    assert [one.name for one in draft.chosen if one.words] == ["momentum"]


@pytest.mark.parametrize(
    ("script", "path", "is_read"),
    [
        ("src/train.py", "../conf", True),
        ("src/app/train.py", "../../conf", True),
        ("a/b/c/train.py", "../../../conf", False),
        ("src/train.py", "..", False),
        ("src/train.py", "../.conf", False),
        ("src/train.py", "../link", False),
    ],
)
def test_a_folder_beside_the_scripts_own_is_read_but_no_hidden_one_and_none_further_up(
    script: str, path: str, is_read: bool, tmp_path: Path
) -> None:
    files = {f"{folder}config.yaml": "lr: 0.01\n" for folder in ("", "conf/", ".conf/", "elsewhere/")}
    (tmp_path / "link").symlink_to("elsewhere")

    draft = drafted(tmp_path, files, HYDRA.replace('"conf"', repr(path)), script)

    assert [one.name for one, _ in draft.left_out] == ([] if is_read else ["config"])
    assert [one.name for one in draft.chosen] == (["lr"] if is_read else [])


def test_hydra_compose_without_the_words_leaves_all_out_with_the_reason(tmp_path: Path) -> None:
    script = (
        f"{HEAD}with hydra.initialize(version_base=None, config_path='conf'):\n    hydra.compose('config')"
    )
    draft = drafted(tmp_path, {"conf/config.yaml": "lr: 0.01\n"}, script)
    assert [(one.name, reason) for one, reason in draft.left_out] == [
        ("lr", "hydra.compose is not given the words of the command line")
    ]


@pytest.mark.parametrize(
    ("config", "script", "said"),
    [
        ("defaults: [config, config]\n", HYDRA, "composes more than 500 configurations"),
        (BOMB, HYDRA, "more than 2000 settings"),
        (
            "",
            "@dataclass\nclass A:\n    lr: float = 0.1\n    x: A = A()\n    y: A = A()\nOmegaConf.merge(A)",
            "more than 2000 settings",
        ),
    ],
    ids=["itself twice", "aliases of aliases", "a class of itself"],
)
def test_what_has_no_end_is_refused_at_once(config: str, script: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        drafted(tmp_path, {"conf/config.yaml": config}, script)


@pytest.mark.parametrize(
    ("script", "set_by"),
    [
        ("CLI(main, default_config_files=['own.yaml'])", {"lr": (), "width": ()}),
        (
            "parser = configargparse.ArgParser(default_config_files=['own.yaml'])\n"
            "parser.add_argument('--lr', type=float, default=0.1)\n"
            "parser.add_argument('--width', type=int, default=64)\nparser.parse_args()",
            {"lr": (), "width": ("--width={width}",)},
        ),
        (
            "class Model:\n    def __init__(self, lr: float, width: int = 64): ...\n"
            "LightningCLI(Model, run=False, parser_kwargs={'default_config_files': ['model.yaml']})",
            {"model.lr": (), "model.width": ("--model.width={model.width}",)},
        ),
    ],
)
def test_an_option_whose_default_a_file_sets_is_set_there(
    script: str, set_by: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    files = {"own.yaml": "lr: 0.5\n", "model.yaml": "model: {lr: 0.5}\n"}
    draft = drafted(tmp_path, files, f"def main(lr: float = 0.1, width: int = 64): ...\n{script}")
    assert {one.name: one.words for one in draft.chosen} == set_by
    assert draft.lacks == ()
    assert [one.value for one in draft.chosen if one.name.endswith("lr")] == [0.5]


def settings(tree: object, path: str = "") -> dict[str, object]:
    if not isinstance(tree, dict) or not tree:
        return {path: tree}
    below = (settings(value, f"{path}.{key}" if path else str(key)) for key, value in tree.items())
    return {name: value for found in below for name, value in found.items()}


def run(words: list[str], folder: Path) -> dict[str, object]:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr)
    return settings(ast.literal_eval(done.stdout.splitlines()[-1].removeprefix("loss ")))


def found_by(name: str, plain: dict[str, object]) -> str:
    return next(key for key in plain if key.endswith(f".{name}"))


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", CASES)
def test_the_library_itself_takes_every_word(name: str, tmp_path: Path) -> None:
    pytest.importorskip("hydra")
    draft = drafted(tmp_path, CASES[name]["files"], CASES[name].get("script", HYDRA))
    plain = run([sys.executable, "train.py"], tmp_path)
    for side in ("default", "low", "high"):
        params = params_at(draft, side)
        # A field of a dataclass goes by its own name.
        keys = {name: name if name in plain else found_by(name, plain) for name in params}
        found = run([sys.executable, *words_of(draft, params)[1:]], tmp_path)
        assert found == plain | {keys[name]: value for name, value in params.items()}
        assert side != "default" or found == plain
