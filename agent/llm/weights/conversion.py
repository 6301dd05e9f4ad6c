"""From a GGUF file to a Hugging Face folder: bfloat16 safetensors, tokenizer, chat template.

It runs in a child process, `python -m bestguess.agent.llm.weights.conversion SOURCE FOLDER`, because it takes
several times the memory of the file (5.6 GB for one of 1.1 GB), which then goes away with the child.
"""

from __future__ import annotations

import re
import sys
from collections import deque
from pathlib import Path

from bestguess.agent.llm.weights.steps import Progress, Stage, leave_with_parent, run_step
from bestguess.tools.errors import WeightsError

_NOW = "Now "
_TQDM = re.compile(r"(?P<label>.+?)\.*: +\d+%\|.*\| (?P<done>\d+)/(?P<total>\d+) \[.*")


def convert(source: Path, folder: Path, progress: Progress) -> None:
    """Convert the GGUF file `source` into `folder`, which is complete only when this returns.

    Raises WeightsError with the last thing that the child process said.
    """
    last_line = deque(["nothing"], maxlen=1)

    def read(line: str) -> None:
        if match := _TQDM.fullmatch(line):
            progress(Stage(f"converting: {match['label']}", int(match["done"]), int(match["total"])))
        elif line.startswith(_NOW):
            progress(Stage(f"converting: {line.removeprefix(_NOW)}"))
        elif line:
            last_line.append(line)

    progress(Stage("converting: loading the libraries"))
    command = [sys.executable, "-m", "bestguess.agent.llm.weights.conversion", str(source), str(folder)]
    if run_step(command, read, {"HF_HUB_OFFLINE": "1"}) != 0:
        raise WeightsError(f"cannot convert {source.name}: {last_line[0]}; mend that and pull again")


def _convert_here(source: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    def say(what: str) -> None:
        print(f"{_NOW}{what}", flush=True)  # noqa: T201  convert reads it

    place, name = source.parent, source.name
    say("reading the GGUF file")
    model = AutoModelForCausalLM.from_pretrained(
        place,
        gguf_file=name,
        # Otherwise transformers keeps the weights packed, and a packed model cannot be saved.
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
        trust_remote_code=False,
    )
    say("reading the tokenizer")
    tokenizer = AutoTokenizer.from_pretrained(place, gguf_file=name, trust_remote_code=False)
    say("writing the weights")
    model.save_pretrained(folder)
    say("writing the tokenizer")
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    leave_with_parent()
    _convert_here(Path(sys.argv[1]), Path(sys.argv[2]))
