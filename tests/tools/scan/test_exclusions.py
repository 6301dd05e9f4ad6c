"""Names of public scripts, by what they decide; half of each list was unseen when the rules were written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bestguess.tools.scan.draft import scan
from bestguess.tools.scan.exclusions import reason_against
from bestguess.tools.scan.finding import Finding
from bestguess.tools.scan.ranges import choose_parameter

NOT_TUNED = {
    "it is a seed": "seed=0 random_state=42 rngSeed=1",
    "it decides what is measured": """
        fold=0 k_folds=5 kFolds=5 nfolds=5 cv=5 n_splits=5 n_repeats=3 holdout=.2 test_size=.2
        testset_ratio=.25 valid_pct=.2 dev_ratio=.1 val_check_interval=1.0 eval_batches=20
        num_val_images=500 num_fewshot=0 n_eval_episodes=10 n_test_rollouts=10 test_episodes=32
        num_bootstrap=100 bootstrap_iters=1000 n_best_size=20 prediction_length=24 pred_len=96
        forecast_horizon=24 horizon=24 iou_threshold=.5 nms_thresh=.45 conf_thres=.25 top_k=5
        recall_k=20 max_eval_samples=500 limit_val_batches=1.0 reward_threshold=195.0
        num_inference_steps=50
    """,
    "it says what the data are": """
        dataset_fraction=.1 n_train=1000 max_train_samples=5000 train_subset=.5 subsample_data=.5
        n_samples=1000 num_labels=3 nclass=7 num_users=943 userCount=9 n_entities=14541
        num_speakers=109 n_tokens=33278 n_way=5 k_shot=1 obs_dim=8 action_dim=2 nActions=4
        in_channels=3 num_channels=3 input_dim=784 img_height=180 imgsz=640 crop_size=224 bit_rate=8
        sample_rate=16000 sampling_rate=22050 n_mels=80 n_fft=1024 hop_length=256 max_seq_length=384
        max_source_length=1024 label_len=48 clip_len=16 block_size=256 max_position_embeddings=512
        doc_stride=128 char_vocab=90 year=2024 fps=30 atom_fdim=133 frame_skip=4 pad_token_id=0
        max_vocab=30000
    """,
    "it says what the run uses": """
        num_workers=4 nproc=8 world_size=1 rank=0 master_port=12345 num_envs=8
    """,
    "it sets how long a run takes": """
        epochs=3 nepochs=20 num_train_epochs=3 max_iter=9 total_timesteps=1000000 num_steps=1000
        train_steps=5 steps_per_epoch=100 early_stopping_rounds=50 patience=5 n_episodes=100
        time_limit=60
    """,
    "it holds a result": "best_acc=0.0 mean_reward=0.0 total_loss=0.0",
    "it sets what is shown or kept": """
        print_every=100 checkpoint_steps=500 logging_steps=10 save_total_limit=2
    """,
}  # fmt: skip

TUNED = """
    lr=1e-3 actor_lr=3e-4 step_size=30 weight_decay=.01 batch_size=32 per_device_train_batch_size=8
    momentum=.9 warmup_steps=100 warmup_epochs=5 lr_decay_steps=1000 label_smoothing=.1
    gradient_clip_val=1.0 max_grad_norm=1.0 dropout=.1 input_dropout=.2 attention_probs_dropout_prob=.1
    drop_path_rate=.1 hidden_size=128 embed_dim=128 intermediate_size=3072 latent_dim=32
    n_hidden_nodes=64 num_layers=3 num_heads=8 patch_size=16 kernel_size=3 window=24 window_size=24
    num_experts=8 num_virtual_tokens=20 n_inducing_points=50 noise_std_dev=.1 log_std_init=-2.0
    n_estimators=100 max_depth=6 max_features=.5 max_leaf_nodes=31 num_leaves=31 min_samples_leaf=1
    min_samples_split=2 min_data_in_leaf=20 subsample=.8 bagging_freq=5 max_bin=255 num_boost_round=100
    scale_pos_weight=1.0 C=1.0 n_neighbors=5 n_components=10 n_clusters=8 n_features_to_select=10
    min_samples=5 max_df=.9 gamma=.99 tau=.005 clip_range=.2 n_steps=2048 update_epochs=10
    gae_lambda=.95 ent_coef=.01 target_kl=.01 n_critic=5 target_update_interval=1000 train_freq=4
    exploration_fraction=.1 buffer_size=100000 rollout_length=5 ema_decay=.999 temperature=.07 top_p=.9
    num_beams=4 length_penalty=1.0 mask_ratio=.75 num_negative_samples=5 lora_rank=8 local_epochs=5
    lr_patience=5 swa_start=.75 process_noise=.1 moco_m=.999 queue_size=4096 nz=100
"""


def listed(text: str) -> list[tuple[str, float]]:
    pairs = (word.split("=") for word in text.split())
    return [(name, float(value) if re.search(r"[.e]", value) else int(value)) for name, value in pairs]


@pytest.mark.parametrize("reason", NOT_TUNED)
def test_what_decides_the_measure_the_data_or_the_run_is_not_tuned(reason: str) -> None:
    found = {
        name: reason_against(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(), value)
        for name, value in listed(NOT_TUNED[reason])
    }
    assert {name: said for name, said in found.items() if not said.startswith(reason)} == {}


def test_what_makes_the_model_better_is_tuned() -> None:
    found = {
        name: choose_parameter(Finding(name, value, "constant", 1, "x.py")) for name, value in listed(TUNED)
    }
    assert {name: said for name, said in found.items() if isinstance(said, str)} == {}


@pytest.mark.parametrize(
    ("names", "tuned"),
    [
        ("top_k=50 temperature=1.0", "top_k temperature"),
        ("top_k=5 lr=.1", "lr"),
        ("n_epochs=10 total_timesteps=10000 lr=.1", "n_epochs lr"),
        ("n_epochs=10 lr=.1", "lr"),
        ("width=128 depth=3", "width depth"),
        ("width=128 height=128 depth=3", "depth"),
        ("num_channels=64 lr=.1", "num_channels lr"),
        ("max_samples=256 n_estimators=100", "max_samples n_estimators"),
        ("max_samples=5000 lr=.1", "lr"),
        ("rank=8 lr=.1", "rank lr"),
    ],
)
def test_a_name_of_two_meanings_is_read_by_its_value_and_by_the_names_beside_it(
    names: str, tuned: str, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(names.upper().replace(" ", "\n"))
    space = scan(tmp_path / "train.py").space
    assert space is not None
    assert space.names == tuple(tuned.upper().split())
