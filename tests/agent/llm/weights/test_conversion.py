from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import gguf
import numpy as np
import psutil
import pytest
from tokenizers.pre_tokenizers import ByteLevel

from bestguess.agent.llm.weights.conversion import convert
from bestguess.agent.llm.weights.steps import Stage
from bestguess.tools.errors import WeightsError

LAYERS, WIDTH, HIDDEN = 2, 64, 96
SPECIAL = ["<|endoftext|>", "<|im_end|>"]
TOKENS = [*sorted(ByteLevel.alphabet()), "he", "ll", *SPECIAL]


def write_gguf(path: Path) -> dict[str, np.ndarray]:
    """Write a two-layer Qwen2 of random 8-bit weights; return the tensors it stands for."""
    rng = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_context_length(128)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([1] * (len(TOKENS) - len(SPECIAL)) + [3] * len(SPECIAL))
    writer.add_token_merges(["h e", "l l"])
    writer.add_bos_token_id(TOKENS.index("<|endoftext|>"))
    writer.add_eos_token_id(TOKENS.index("<|im_end|>"))
    writer.add_pad_token_id(TOKENS.index("<|endoftext|>"))
    writer.add_chat_template("{% for message in messages %}{{ message['content'] }}<|im_end|>{% endfor %}")
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (len(TOKENS), WIDTH),
        "output.weight": (len(TOKENS), WIDTH),
    }
    shapes["output_norm.weight"] = (WIDTH,)
    for layer in range(LAYERS):
        for part, shape in {
            "attn_q.weight": (WIDTH, WIDTH),
            "attn_q.bias": (WIDTH,),
            "attn_k.weight": (WIDTH // 2, WIDTH),
            "attn_k.bias": (WIDTH // 2,),
            "attn_v.weight": (WIDTH // 2, WIDTH),
            "attn_v.bias": (WIDTH // 2,),
            "attn_output.weight": (WIDTH, WIDTH),
            "attn_norm.weight": (WIDTH,),
            "ffn_norm.weight": (WIDTH,),
            "ffn_gate.weight": (HIDDEN, WIDTH),
            "ffn_up.weight": (HIDDEN, WIDTH),
            "ffn_down.weight": (WIDTH, HIDDEN),
        }.items():
            shapes[f"blk.{layer}.{part}"] = shape
    expected = {}
    for name, shape in shapes.items():
        values = rng.normal(size=shape).astype(np.float32)
        if len(shape) == 1:
            writer.add_tensor(name, values)
            expected[name] = values
        else:
            packed = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
            expected[name] = gguf.quants.dequantize(packed, gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return expected


@pytest.mark.slow
def test_the_folder_loads_without_remote_code_and_holds_the_weights_of_the_gguf_file(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    expected = write_gguf(tmp_path / "tiny.gguf")
    folder = tmp_path / "folder"
    stages: list[Stage] = []

    convert(tmp_path / "tiny.gguf", folder, stages.append)

    model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=False)
    weights = model.state_dict()
    for theirs, ours in {
        "token_embd.weight": "model.embed_tokens.weight",
        "output.weight": "lm_head.weight",
        "output_norm.weight": "model.norm.weight",
        "blk.0.attn_k.bias": "model.layers.0.self_attn.k_proj.bias",
        "blk.0.attn_q.weight": "model.layers.0.self_attn.q_proj.weight",
        "blk.1.ffn_down.weight": "model.layers.1.mlp.down_proj.weight",
    }.items():
        assert torch.equal(weights[ours], torch.from_numpy(expected[theirs]).to(torch.bfloat16)), ours
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    assert tokenizer.decode(tokenizer("hello world é")["input_ids"]) == "hello world é"
    assert tokenizer.convert_ids_to_tokens(tokenizer("hello")["input_ids"]) == ["he", "ll", "o"]
    assert tokenizer.eos_token == "<|im_end|>"
    prompt = tokenizer.apply_chat_template([{"role": "user", "content": "hello"}], tokenize=False)
    assert prompt == "hello<|im_end|>"
    assert any(stage.total and stage.done == stage.total for stage in stages)


@pytest.mark.slow
def test_a_file_that_is_no_gguf_gives_one_line_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"not a model")

    with pytest.raises(WeightsError, match=r"cannot convert broken\.gguf: \w*Error: .*; mend that") as raised:
        convert(tmp_path / "broken.gguf", tmp_path / "folder", lambda stage: None)

    assert "\n" not in str(raised.value)


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from bestguess.agent.llm.weights.steps import run_step\n"
        "code = 'import os, time; from bestguess.agent.llm.weights.steps import leave_with_parent;'\n"
        "code += 'leave_with_parent(); print(os.getpid(), flush=True); time.sleep(60)'\n"
        "run_step([sys.executable, '-c', code], lambda line: print(line, flush=True), {})\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
