"""Where the surrogate computes, and why there: numpy on a CPU, or torch on a GPU.

Without a measurement of the machine at hand, size decides: what a CPU does in milliseconds is not worth
the seconds that torch takes to load. Beyond `CPU_ROWS` trials a CPU goes by representatives (`subset.py`),
and a GPU conditions on all, up to `GPU_ROWS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bestguess.tools.errors import InputError
from bestguess.tools.surrogate.factors import CPU
from bestguess.tools.words.given import plain, shown
from bestguess.tools.words.sentences import counted

AUTO = "auto"
TORCH_CPU = "torch:cpu"
"""Torch on the CPU: slower than numpy, and the same code as on a GPU."""

CPU_ROWS = 1000
"""What asking costs on a CPU does not grow beyond (NOTEBOOK 10)."""

GPU_ROWS = 10_000

COPIES = 8
"""A GPU has to have room for so many square matrices of all rows (counted in `gp.py` and `evidence.py`)."""

_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""NVIDIA's, AMD's and that of Windows' subsystem for Linux: without one torch need not be asked."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device by the name that `factors.array_on` takes; on how many trials it conditions, and why it."""

    name: str
    most_rows: int
    why: str

    def words(self, told: int) -> str:
        """Return which it is and why, and what becomes of more trials than it conditions on."""
        said = f"{'numpy on the CPU' if self.name == CPU else f'torch on {self.name}'} ({self.why})"
        if told <= self.most_rows:
            return said
        return (
            f"{said}, fitted to {self.most_rows} of {told} trials: the best half, and a cover of the others"
        )


def check_device(device: Any) -> str:
    """Return the device; raise InputError for what is none, or is not there."""
    name = plain(device)
    if name in (AUTO, CPU, TORCH_CPU):
        return str(name)
    if not isinstance(name, str) or not re.fullmatch(r"cuda(:\d{1,3})?", name):
        raise InputError(f"device is {shown(device)}; give 'auto', 'cpu' or 'cuda'")
    if problem := _gpu_problem(name):
        raise InputError(f"device is {name!r}, and {problem}; give 'auto' or 'cpu'")
    return name


def choose_device(asked: str, told: int) -> Device:
    """Return where to compute with so many trials told, for a device that `check_device` let pass."""
    if asked == CPU:
        return Device(CPU, CPU_ROWS, "as was asked")
    if asked != AUTO:
        return Device(asked, GPU_ROWS, "as was asked")
    if told <= CPU_ROWS:
        return Device(CPU, CPU_ROWS, f"a GPU would not pay for up to {CPU_ROWS} trials")
    rows = min(told, GPU_ROWS)
    problem = _gpu_problem("cuda", rows) if any(Path(one).exists() for one in _DRIVERS) else "there is no GPU"
    if problem:
        return Device(CPU, CPU_ROWS, problem)
    return Device("cuda", GPU_ROWS, f"more than {CPU_ROWS} trials, and there is a GPU")


def _gpu_problem(name: str, rows: int = 0) -> str:
    """Return why torch has no such GPU, or none with room for so many rows; nothing where it has."""
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a shared library of torch's that cannot be loaded
        return f"torch cannot be imported ({error})"
    if not torch.cuda.is_available():
        return "torch finds no GPU here"
    if int(name.partition(":")[2] or 0) >= (count := torch.cuda.device_count()):
        return f"torch finds {counted(count, 'GPU')} here, numbered from 0"
    room = torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved()
    if room < (need := COPIES * 8 * rows**2):
        return f"its GPU has {room / 2**30:.1f} GiB left, and {rows} trials need {need / 2**30:.1f}"
    return ""
