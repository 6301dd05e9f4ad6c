"""What this machine has of what BestGuess needs: interpreter, libraries, accelerator, models, disk."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from bestguess.tools.surrogate.device import AUTO, CPU_ROWS, choose_device

PACKAGES = ("bestguess", "optuna", "transformers", "llguidance", "openai", "scikit-learn", "numpy", "scipy")
LOW_DISK_BYTES = 8 * 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, whether it will do, and what it is."""

    name: str
    ok: bool
    detail: str


def examine_machine() -> tuple[Finding, ...]:
    """Return the findings; `ok` is false only where something needed is missing or too old."""
    memory = psutil.virtual_memory()
    free, total = memory.available / 2**30, memory.total / 2**30
    return (
        Finding("python", sys.version_info >= (3, 11), f"{platform.python_version()} at {sys.executable}"),
        *_torch(),
        Finding("surrogate", True, _surrogate()),
        Finding("cpu", True, f"{psutil.cpu_count() or 1} cores, {free:.0f} of {total:.0f} GiB memory free"),
        *_models(),
        _versions(),
    )


def _torch() -> Iterator[Finding]:
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a shared library of torch's that cannot be loaded
        yield Finding("torch", False, f"cannot be imported: {error}; reinstall torch")
        yield Finding("cuda", True, "unknown, torch cannot be imported")
        return
    yield Finding("torch", True, f"{torch.__version__}, {torch.get_num_threads()} threads")
    detail = "none; models and the Gaussian process run on the CPU"
    if torch.cuda.is_available():
        free, total = (size / 2**30 for size in torch.cuda.mem_get_info())
        name = torch.cuda.get_device_name()
        detail = f"{torch.version.cuda}, {name}, {free:.0f} of {total:.0f} GiB free"
    yield Finding("cuda", True, detail)


def _surrogate() -> str:
    few, many = (choose_device(AUTO, told).words(told) for told in (1, CPU_ROWS + 1))
    return f"{few}; after {CPU_ROWS + 1} trials {many}"


def _models() -> Iterator[Finding]:
    from bestguess.agent.llm.weights import catalog

    folder = catalog.models_root()
    pulled = [name for name in catalog.CATALOG if catalog.is_pulled(name)]
    detail = f"{', '.join(pulled) or 'none pulled; `bestguess models pull NAME`'} in {folder}"
    yield Finding("models", True, detail)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    note = "" if free >= LOW_DISK_BYTES else "; little for pulling a model, which takes up to 6 GiB"
    yield Finding("disk", True, f"{free / 2**30:.0f} GiB free at {folder}{note}")


def _versions() -> Finding:
    found, missing = [], []
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    detail = ", ".join(found)
    return Finding("versions", not missing, f"missing: {', '.join(missing)}; {detail}" if missing else detail)
