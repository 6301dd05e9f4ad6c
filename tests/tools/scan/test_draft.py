"""What is found in ten scripts of different styles, and that nothing is run while looking."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestguess.tools.errors import InputError
from bestguess.tools.scan.draft import scan
from bestguess.tools.scan.finding import Finding
from bestguess.tools.scan.metric import find_metric, pattern_of
from bestguess.tools.scan.ranges import choose_parameter
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter

SCRIPTS = Path(__file__).parent / "scripts"

# What a practitioner would tune: F float, L float on a log scale, I int, G int on a log scale or (a width
# that heads share) in steps, C choice.
PLANTED = {
    "constants.py": """
        DEPTH=I MODEL_DIM=G NUM_HEADS=C TOTAL_BATCH_SIZE=G EMBEDDING_LR=L
        MATRIX_LR=L WEIGHT_DECAY=L ADAM_BETA2=F WARMUP_RATIO=F GRAD_CLIP=L ACTIVATION=C
        ADAM_BETAS=F
    """,
    "argparse_vision.py": """
        batch_size=G lr=L gamma=F momentum=F weight_decay=L dropout=F hidden=G opt=C
    """,
    "argparse_finetune.py": """
        lora_rank=G lora_alpha=G lora_dropout=F learning_rate=L schedule=C warmup_steps=G
        gradient_accumulation_steps=I per_device_train_batch_size=G label_smoothing=F
        max_grad_norm=L packing=C rslora=C
    """,
    "click_boosting.py": """
        n_estimators=G learning_rate=L depth=I subsample=F colsample_bytree=F reg_lambda=L
        min_child_weight=I booster=C early_stop=C
    """,
    "dataclass_transformer.py": """
        n_layers=I d_model=G n_heads=C d_ff=G dropout=F activation=C tie_embeddings=C lr=L
        adam_beta1=F adam_eps=L label_smoothing=F batch_size=G warmup_steps=G
    """,
    "hydra_app/train.py": """
        optimizer.lr=L optimizer.weight_decay=L optimizer.beta1=F model.width=G model.depth=I
        model.projection_dim=G model.norm_eps=L loss.kind=C loss.temperature=L data.batch_size=G
        data.crop_scale_min=F
    """,
    "omega/main.py": """
        unet.base_channels=G unet.num_res_blocks=I unet.dropout=F diffusion.schedule=C
        diffusion.timesteps_scale=L training.learning_rate=L training.ema_decay=F
        training.batch_size=G training.grad_clip=L training.use_flip=C
    """,
    "plain_yaml/train.py": """
        model.factors=G model.bias=C fit.loss=C fit.lr=L fit.l2=L fit.negatives=I fit.dropout=F
    """,
    "config_dict.py": """
        CONFIG.model.hidden_size=G CONFIG.model.num_layers=I CONFIG.model.dropout=F
        CONFIG.model.activation=C CONFIG.learning_rate=L CONFIG.weight_decay=L
        CONFIG.batch_size=G CONFIG.mixup=F CONFIG.use_batchnorm=C AUGMENT.noise_std=L
        AUGMENT.swap_prob=F
    """,
    "pydantic_ppo.py": """
        learning_rate=L n_steps=G num_minibatches=G gamma=F gae_lambda=F clip_range=L ent_coef=F
        vf_coef=L update_epochs=I anneal=C norm_advantage=C
    """,
}

METRICS = {
    "constants.py": ("val_bpb", "minimize"),
    "argparse_vision.py": ("test accuracy", "maximize"),
    "argparse_finetune.py": ("eval_loss", "minimize"),
    "click_boosting.py": ("validation AUC", "maximize"),
    "dataclass_transformer.py": ("BLEU", "maximize"),
    "hydra_app/train.py": ("probe top1_acc", "maximize"),
    "omega/main.py": ("fid", "minimize"),
    "plain_yaml/train.py": ("ndcg@10", "maximize"),
    "config_dict.py": ("cv rmse", "minimize"),
    "pydantic_ppo.py": ("eval reward", "maximize"),
}


def planted(name: str) -> dict[str, str]:
    return dict(word.split("=") for word in PLANTED[name].split())


def kind(parameter: object) -> str:
    if isinstance(parameter, Float):
        return "L" if parameter.log else "F"
    if isinstance(parameter, Int):
        return "G" if parameter.log or parameter.step > 1 else "I"
    return "C" if isinstance(parameter, Choice) else "?"


@pytest.mark.slow
def test_at_least_nine_in_ten_of_what_can_be_tuned_is_found_with_sane_types_and_scales() -> None:
    expected = [(name, *entry) for name in PLANTED for entry in planted(name).items()]
    missed = []
    for name, key, wanted in expected:
        space = scan(SCRIPTS / name).space
        assert space is not None
        if key not in space or kind(space[key]) != wanted:
            missed.append((name, key, wanted, kind(space[key]) if key in space else "missed"))
    assert len(expected) > 100
    print(f"\n{len(expected) - len(missed)} of {len(expected)} as expected; not: {missed}")
    assert len(missed) <= 0.02 * len(expected), missed


@pytest.mark.parametrize("name", PLANTED)
def test_nothing_else_is_tuned_and_what_is_left_out_says_why(name: str) -> None:
    draft = scan(SCRIPTS / name)
    assert draft.space is not None
    assert set(draft.space.names) <= set(planted(name))
    assert all(reason for _, reason in draft.left_out)


@pytest.mark.parametrize("name", PLANTED)
def test_ranges_are_around_the_current_value(name: str) -> None:
    draft = scan(SCRIPTS / name)
    assert draft.space is not None
    for found in draft.chosen:
        parameter = draft.space[found.name]
        assert parameter.default == found.value
        if isinstance(parameter, Choice):
            assert 2 <= len(parameter.options) <= (12 if parameter.ordered and found.value == 0 else 6)
            continue
        assert isinstance(parameter, Float | Int)
        assert parameter.low <= parameter.default <= parameter.high
        assert parameter.low < parameter.default or parameter.default in (0, 1), found.name
        if parameter.log:
            assert 4 <= parameter.high / parameter.low <= 2000
            assert parameter.default / parameter.low <= 31
            assert parameter.high / parameter.default <= 31
        elif isinstance(parameter, Float):
            assert 0 <= parameter.low < parameter.high <= 1


@pytest.mark.parametrize("name", METRICS)
def test_the_line_with_the_result_is_found(name: str) -> None:
    metric = scan(SCRIPTS / name).metric
    assert metric is not None
    assert (metric.name, metric.direction) == METRICS[name]


def test_comments_help_and_docstrings_become_the_docs() -> None:
    docs = {
        name: {one.name: one.doc for one in scan(SCRIPTS / name).chosen}
        for name in (
            "constants.py",
            "argparse_vision.py",
            "dataclass_transformer.py",
            "pydantic_ppo.py",
            "omega/main.py",
        )
    }
    assert docs["constants.py"]["MATRIX_LR"] == "Muon"
    assert docs["argparse_vision.py"]["hidden"] == "units of the first dense layer"
    assert docs["dataclass_transformer.py"]["lr"] == "peak learning rate"
    assert docs["dataclass_transformer.py"]["d_ff"] == "inner width of the feed-forward layers"
    assert docs["dataclass_transformer.py"]["label_smoothing"] == "Mass that goes to the other words."
    assert docs["pydantic_ppo.py"]["gamma"] == "discount"
    assert docs["omega/main.py"]["diffusion.schedule"] == "of the noise"


def test_declared_bounds_are_kept() -> None:
    space = scan(SCRIPTS / "click_boosting.py").space
    assert space is not None
    rate = space["learning_rate"]
    assert isinstance(rate, Float)
    assert rate.high == 0.5


def test_nothing_is_executed(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    text = f"LR = 0.1\nopen({str(tmp_path / 'ran')!r}, 'w')\nX = 9 ** 9 ** 9 ** 9\nY = 1 << 10**12\n"
    script.write_text(text + "Z = ((((2**64)**64)**64)**64)**64\n")
    draft = scan(script)
    assert [one.name for one in draft.chosen] == ["LR"]
    assert not (tmp_path / "ran").exists()


def test_a_flag_takes_the_place_of_the_constant_that_is_its_default() -> None:
    names = [one.name for one in scan(SCRIPTS / "argparse_finetune.py").chosen]
    assert "learning_rate" in names
    assert "DEFAULT_LR" not in names


def test_a_yaml_file_outside_the_scripts_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("lr: 0.1\n")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text("import yaml\nyaml.safe_load(open('../secret.yaml'))\nDEPTH = 3\n")
    assert [one.name for one in scan(folder / "train.py").chosen] == ["DEPTH"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none.py", None, "cannot be read"),
        ("bytes.py", b"\xff\xfe\x00", "not UTF-8"),
        ("broken.py", b"def (:\n", "not Python that can be read"),
        ("deep.py", b"X = " + b"(" * 500 + b"1" + b")" * 500, "not Python that can be read"),
        ("conf.py", b"open('bad.yaml')", r"bad\.yaml:2: .*not valid YAML"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_says_so(
    tmp_path: Path, name: str, text: bytes | None, said: str
) -> None:
    (tmp_path / "bad.yaml").write_text("a: [1, 2\nb: }")
    if text is not None:
        (tmp_path / name).write_bytes(text)
    with pytest.raises(InputError, match=said):
        scan(tmp_path / name)


@given(
    name=st.sampled_from(
        ["lr", "depth", "hidden_dim", "dropout", "beta2", "n_heads", "batch_size", "gamma", "foo"]
    ),
    value=st.one_of(st.integers(-10, 10**7), st.floats(allow_nan=True, allow_infinity=True)),
    declared=st.sampled_from([None, int, float]),
    heads=st.booleans(),
)
def test_any_number_gives_a_parameter_with_it_as_the_default_or_a_reason(
    name: str, value: float, declared: type | None, heads: bool
) -> None:
    if declared is int and isinstance(value, float):
        declared = float
    found = Finding(name, value, "constant", 1, "x.py", kind=declared)
    parameter = choose_parameter(found, has_heads=heads)
    if not isinstance(parameter, str):
        assert parameter.default == value
        assert parameter.canonical(value) == value


@pytest.mark.parametrize(
    ("script", "description"),
    [
        (
            "from sklearn.ensemble import RandomForestClassifier as Forest\nN = 3\nForest(N)",
            "; it uses RandomForestClassifier",
        ),
        (
            "import xgboost as xgb\nRATE = 0.1\nxgb.train()\nxgb.XGBRegressor(eta=RATE)",
            "; it uses XGBRegressor",
        ),
        ("from pathlib import Path\nRATE = 0.1\nPath('x')", ""),
        ("import json\nRATE = 0.1\njson.JSONDecoder()", ""),
        ("import click\nRATE = 0.1\nclick.IntRange(8, 512)\nclick.Choice(['a'])", ""),
        ("from typer import Option\nRATE = 0.1\nOption(RATE)", ""),
        ("from omegaconf import OmegaConf\nRATE = 0.1\nOmegaConf.load('x')", ""),
    ],
)
def test_the_description_names_the_classes_that_other_libraries_gave(
    tmp_path: Path, script: str, description: str
) -> None:
    (tmp_path / "train.py").write_text(script)
    (tmp_path / "said.py").write_text('"""Sort the mail.\n\nMore.\n"""\n' + script)

    assert scan(tmp_path / "train.py").description == "Tune train.py" + description
    assert scan(tmp_path / "said.py").description == "Sort the mail" + description


@pytest.mark.parametrize(
    ("printing", "output", "name"),
    [
        ('print("rmse", x)', "rmse 0.5", "rmse"),
        ('print("rmse:", x)', "rmse: 0.5", "rmse"),
        ('print("rmse", x, sep="=")', "rmse=0.5", "rmse"),
        ('print("epoch", 3, "loss", x)', "epoch 3 loss 0.5", "loss"),
        ('print("train_rmse", 9, "rmse", x, "train_rmse", 9)', "train_rmse 9 rmse 0.5 train_rmse 9", "rmse"),
        ('print(f"val rmse {x:.3f}")', "val rmse 0.500", "val rmse"),
        ('print("RMSE: " + str(x))', "RMSE: 0.5", "RMSE"),
        ('logger.info("val loss %.3f", x)', "INFO val loss 0.500", "val loss"),
        ('print(json.dumps({"lr": 0.1, "val_loss": x}))', '{"lr": 0.1, "val_loss": 0.5}', "val_loss"),
        ('print(json.dumps({"val_loss": f"{x:.3f}"}))', '{"val_loss": "0.500"}', "val_loss"),
        ('r = dict(m={"rmse": x})\nprint(json.dumps(r))', '{"m": {"rmse": 0.5}}', "rmse"),
        ("print(f'{{\"val_loss\": {x}}}')", '{"val_loss": 0.5}', "val_loss"),
        ('print({"rmse": x})', "{'rmse': np.float64(0.5)}", "rmse"),
        ('json.dump({"rmse": x}, sys.stdout)', '{"rmse": 0.5}', "rmse"),
        ('print("val_loss:", x)', "val_loss: tensor(0.5000, device='cuda:0')", "val_loss"),
        ('print(f"RMSE: {x}.")', "RMSE: [0.5].", "RMSE"),
        ('print(f"Final accuracy is {x}")', "Final accuracy is 0.5", "Final accuracy"),
        ('print(f"| val_loss | {x} |")', "| val_loss | 0.5 |", "val_loss"),
        ('print(f"val_loss -> {x}")', "val_loss -> 0.5", "val_loss"),
        ('print(f"R^2: {x}")', "R^2: 0.5", "R^2"),
        (
            'print(f"Validation loss after 3 epochs: {x}")',
            "Validation loss after 3 epochs: 0.5",
            "loss after 3 epochs",
        ),
        ('print(f"calibration error (ECE): {x}")', "calibration error (ECE): 0.5", "calibration error"),
        (
            'print(f"val_f1: {x}")\nprint(f"best_confidence: {y}")',
            "val_f1: 0.5\nbest_confidence: 9",
            "val_f1",
        ),
        (
            'print(f"val_f1: {x}")\nprint(f"val answer time: {y}")',
            "val_f1: 0.5\nval answer time: 9",
            "val_f1",
        ),
        ('print(f"R2: {x}")\nprint(f"lower bound: {y}")', "R2: 0.5\nlower bound: 9", "R2"),
        ('print(f"loss: {x}, train loss: {y}")', "loss: 0.5, train loss: 9", "loss"),
        ('print(f"latency: {x} ms")', "latency: 0.5 ms", "latency"),
        ('print(f"-ELBO: {x}, ELBO: {y}")', "-ELBO: 0.5, ELBO: -9", "-ELBO"),
        ('print(f"{e} -loss {y} -val_loss {x}")', "3 -loss 9 -val_loss 0.5", "val_loss"),
        ('print(f"  -val loss: {x}")', "  -val loss: 0.5", "val loss"),
        ('print(f"{e}/{n}-loss:{x}")', "3/10-loss:0.5", "loss"),
        ('print("Got an accuracy of", x)', "Got an accuracy of 0.5", "an accuracy"),
        (
            'print(f"Mean accuracy of {x}")',
            "Mean accuracy of 5 folds: 9\nMean accuracy of 0.5",
            "Mean accuracy",
        ),
        ('print(f"time to accuracy: {x} s")', "time to accuracy: 0.5 s", "time to accuracy"),
        (
            'print(f"RMSE (validation): {x} | RMSE (train): {y}")',
            "RMSE (validation): 0.5 | RMSE (train): 9",
            "RMSE",
        ),
        (
            'print(json.dumps({"m": {"val": {"n": 3, "loss": x}, "train": {"loss": y}}}))',
            '{"m": {"val": {"n": 3, "loss": 0.5}, "train": {"loss": 9}}}',
            "loss",
        ),
    ],
)
def test_a_result_is_found_however_it_is_printed(printing: str, output: str, name: str) -> None:
    metric = find_metric(ast.parse(printing))
    assert metric is not None
    assert metric.name == name
    assert [float(one) for one in re.findall(metric.pattern, output)] == [0.5]
    if metric.by_name:
        assert [float(one) for one in re.findall(pattern_of(metric.name), output)] == [0.5]


@pytest.mark.parametrize(
    ("printing", "by_name"),
    [
        ("print(f'epoch {1} train_loss {2} val_loss: {3}')", True),
        ("import json\nprint(json.dumps({'rmse': x, 'latency_ms': y}))", True),
        ("print(f'accuracy {x:.2f}%')", True),
        ("print(f'train loss: {x}')\nprint(f'loss: {y}')", False),
        ("print(f'aux_loss: {x}')\nprint(f'loss: {y}')", False),
        ("print(f'loss on all the rows: {y}')", False),
        ("print(f'loss (val): {x}')\nprint(f'loss (train): {y}')", False),
        ("print({'val': {'loss': x}, 'train': {'loss': y}})", False),
    ],
)
def test_a_name_stands_for_its_pattern_where_nothing_else_that_is_printed_has_it(
    printing: str, by_name: bool
) -> None:
    metric = find_metric(ast.parse(printing))
    assert metric is not None
    assert metric.by_name == by_name


@pytest.mark.parametrize(
    "printing",
    [
        'print("best", x)',
        'wandb.log({"val_loss": x})',
        'self.log("val_loss", x)',
        'json.dump({"loss": x}, file)',
        'print(f"Genauigkeit: {x}")\nprint(f"time: {y}")',
        'print(json.dumps({"val": {"loss": x}, "train": {"loss": y}}, indent=2))',
    ],
)
def test_what_is_no_result_or_not_printed_is_no_metric(printing: str) -> None:
    assert find_metric(ast.parse(printing)) is None


@pytest.mark.parametrize(
    ("name", "value", "low", "high"),
    [
        ("max_features", 0.5, 0.05, 1.0),
        ("subsample", 0.8, 0.5, 1.0),
        ("colsample_bytree", 0.06, 0.03, 1.0),
        ("keep", 0.3, 0.05, 1.0),
        ("momentum", 0.9, 0.0, 0.99),
        ("momentum_coef", 0.9, 0.0, 0.99),
        ("adam_beta", 0.9, 0.0, 0.99),
        ("beta2", 0.999, 0.99, 0.9999),
        ("svm_gamma", 0.1, 0.01, 1.0),
        ("dropout", 0.1, 0.0, 0.5),
    ],
)
def test_shares_and_momenta_keep_off_the_bounds_that_libraries_refuse(
    name: str, value: float, low: float, high: float
) -> None:
    parameter = choose_parameter(Finding(name, value, "constant", 1, "x.py"))
    assert isinstance(parameter, Float)
    assert (parameter.low, parameter.high) == (low, high)


def test_a_number_of_features_stays_a_whole_number() -> None:
    assert isinstance(choose_parameter(Finding("max_features", 5, "constant", 1, "x.py")), Int)


def test_a_flag_that_takes_several_values_is_left_out_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        'p.add_argument("--layers", nargs="+", type=int, default=[64, 64])\n'
        'p.add_argument("--tag", action="append")\n'
        'p.add_argument("--depth", nargs="?", type=int, default=3)\n'
    )
    draft = scan(tmp_path / "train.py")
    assert [one.name for one in draft.chosen] == ["depth"]
    assert {one.name: reason for one, reason in draft.left_out} == {
        "layers": "it takes several values",
        "tag": "it takes several values",
    }


def test_a_list_or_none_that_is_a_setting_by_its_name_is_left_out_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "LR = 0.1\nHIDDEN = [64, 32]\nmax_depth = None\nKERNEL_SIZE = (3, 3)\nresults = [1]\nHERE = [run()]\n"
    )
    assert {one.name: reason for one, reason in scan(tmp_path / "train.py").left_out} == {
        "HIDDEN": "it takes several values",
        "max_depth": "it has no value to start from",
        "KERNEL_SIZE": "it takes several values",
    }


@pytest.mark.parametrize(
    ("name", "value", "least", "most"),
    [
        ("weight_decay", 0.0, 1e-6, 0.1),
        ("L2", 0, 1e-6, 0.1),
        ("reg_alpha", 0.0, 1e-6, 10.0),
        ("min_lr", 0.0, 1e-7, 1e-3),
    ],
)
def test_a_zero_that_a_log_range_cannot_hold_stays_beside_half_decades(
    name: str, value: float, least: float, most: float
) -> None:
    parameter = choose_parameter(Finding(name, value, "constant", 1, "x.py"))
    assert isinstance(parameter, Choice)
    assert parameter.ordered
    assert parameter.default == 0.0
    zero, *magnitudes = (float(str(option)) for option in parameter.options)
    assert (zero, magnitudes[0], magnitudes[-1]) == (0.0, least, most)
    assert all(2.5 < after / before < 4.0 for before, after in itertools.pairwise(magnitudes))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("grad_clip", 0.0, Choice([0.0, 0.3, 1.0, 3.0])),
        ("max_depth", -1, Choice([-1, 2, 6, 18])),
        ("warmup_steps", 0, Choice([0, 100, 300, 900], ordered=True)),
        ("momentum", 0.0, Float(0, 0.99, default=0)),
        ("label_smoothing", 0.1, Float(0, 0.2, default=0.1)),
        ("dropout", 0.5, Float(0, 0.6, default=0.5)),
        ("warmup_ratio", 0.03, Float(0, 0.3, default=0.03)),
        ("subsample", 1.0, Float(0.5, 1, default=1.0)),
        ("colsample_bytree", 0.8, Float(0.3, 1, default=0.8)),
        ("min_child_weight", 1, Int(1, 10, default=1)),
        ("min_samples_split", 2, Int(2, 10, default=2)),
        ("kernel_size", 3, Int(1, 7, step=2, default=3)),
        ("clip_coef", 0.2, Float(0.067, 0.6, log=True, default=0.2)),
        ("epsilon_decay", 0.995, Float(0.95, 0.9995, default=0.995)),
        ("lora_r", 8, Int(2, 32, log=True, default=8)),
        ("lambda", -0.5, Float(-1, 0, default=-0.5)),
        ("bagging_freq", -1, None),
    ],
)
def test_ranges_are_those_of_an_expert_and_hold_what_turns_something_off(
    name: str, value: float, expected: Parameter | None
) -> None:
    parameter = choose_parameter(Finding(name, value, "constant", 1, "x.py"))
    assert parameter == expected if expected else "-1 most likely turns it off" in str(parameter)


def test_what_the_code_fixes_is_left_out_with_what_would_make_it_a_parameter(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import torch\nfrom sklearn.ensemble import RandomForestClassifier as Forest\nDEPTH = 3\n"
        "torch.optim.Adam(weights, lr=0.003)\nForest(n_estimators=50, max_depth=DEPTH, n_jobs=2)\n"
    )
    left_out = {finding.name: reason for finding, reason in scan(tmp_path / "train.py").left_out}
    assert left_out == {
        "optimizer": "the code fixes Adam; "
        "an option that chooses among SGD, Adam, AdamW, RMSprop could be tuned",
        "Adam.lr": "the code fixes 0.003; a constant or an option could be tuned",
        "RandomForestClassifier.n_estimators": "the code fixes 50; a constant or an option could be tuned",
    }


@pytest.mark.parametrize(
    ("listed", "value", "options"),
    [
        ("type of net (RNN_TANH, LSTM, GRU)", "LSTM", ["RNN_TANH", "LSTM", "GRU"]),
        ("optimizer: sgd | adam", "adam", ["sgd", "adam"]),
        ('"linear", "cosine" or "step".', "cosine", ["linear", "cosine", "step"]),
        ("which optimizer to use, adam or sgd (default: adam, see the paper)", "adam", None),
    ],
)
def test_options_that_a_help_text_lists_are_offered(
    listed: str, value: str, options: list[str] | None, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(
        f"p.add_argument('--lr', default=0.1)\np.add_argument('--kind', default={value!r}, help={listed!r})\n"
    )
    space = scan(tmp_path / "train.py").space
    assert space is not None
    assert space.parameters.get("kind") == (options and Choice(options, default=value, doc=listed))


def test_a_path_is_no_choice_whatever_its_options(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("LR = 0.1\nDATA_PATH = 'a'\nif DATA_PATH == 'b':\n    print(LR)\n")
    assert [reason for _, reason in scan(tmp_path / "train.py").left_out] == ["it is a name or a place"]


def test_what_is_tuned_of_training_arguments_is_drafted_though_they_are_in_another_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "train.py").write_text(
        "from transformers import HfArgumentParser, TrainingArguments\n"
        "args, = HfArgumentParser((TrainingArguments,)).parse_args_into_dataclasses()\n"
    )
    draft = scan(tmp_path / "train.py")
    assert draft.space is not None
    assert draft.space["learning_rate"] == Float(1.7e-6, 1.5e-3, log=True, default=5e-5)
    assert draft.space["label_smoothing_factor"] == Float(0, 0.2, default=0)
    assert "--learning_rate={learning_rate}" in draft.command


@pytest.mark.parametrize(
    ("text", "chosen", "left"),
    [
        ("lr, LR = 0.1, 1\nimport argparse\np.add_argument('--lr', default=0.2)\n", ["lr"], ["lr", "LR"]),
        ("WIDTH = 8\nDEPTH = 3\ntrain(DEPTH)\n", ["DEPTH"], ["WIDTH"]),
        ("lr = 0.1\ndropout = 0.5\n", ["lr", "dropout"], []),
        ("lr = 0.1\nDEPTH = 3\ntrain(DEPTH, **globals())\n", ["lr", "DEPTH"], []),
        ("lr = 0.1\nDEPTH = 3\ntrain(DEPTH, getattr(here, 'lr'))\n", ["lr", "DEPTH"], []),
        ("RATE = 0.1\nDEPTH = 3\nfit(DEPTH, rows.query('a > @RATE'))\n", ["RATE", "DEPTH"], []),
    ],
)
def test_what_the_script_never_reads_is_left_out_unless_it_is_a_file_of_settings(
    tmp_path: Path, text: str, chosen: list[str], left: list[str]
) -> None:
    """A constant beside an option of the same name was tuned, and nothing that ran changed."""
    (tmp_path / "train.py").write_text(text)
    found = scan(tmp_path / "train.py")
    assert [one.name for one in found.chosen] == chosen
    assert [one.name for one, _ in found.left_out] == left
    assert {reason for _, reason in found.left_out[-1:]} <= {"nothing in the script reads it"}


def test_what_is_assigned_twice_at_the_top_is_left_out_and_said(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "lr = 1e-3\nprint(lr)\nlr = 5e-4\ndropout = 0.1\nx = 'a'\nx = 'b'\nprint(dropout)\n"
    )
    found = scan(tmp_path / "train.py")
    assert [one.name for one in found.chosen] == ["dropout"]
    assert [(one.name, reason) for one, reason in found.left_out] == [
        ("lr", "the script sets it again, so another value might not last")
    ]


@pytest.mark.parametrize(("name", "text"), [("Makefile", "run:\n\t./a\n"), ("run", "#!/bin/sh\necho a\n")])
def test_what_is_not_python_is_said_to_be_so_with_what_to_do(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(
        InputError, match=r"is not Python, and init .* write space\.yaml by hand, .* after --"
    ):
        scan(tmp_path / name)


def test_a_notebook_is_named_as_one_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "nb.ipynb").write_text('{"cells": [], "nbformat": 4}')
    with pytest.raises(InputError, match=r"is a notebook.*jupyter nbconvert --to script"):
        scan(tmp_path / "nb.ipynb")
    (tmp_path / "nb.py").write_text("import os\n!pip install torch\n")
    with pytest.raises(InputError, match="leave out !pip install torch, which only a notebook runs"):
        scan(tmp_path / "nb.py")
