"""What this machine has of what BestGuess needs: interpreter, libraries, accelerator, models, disk."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sys
from dataclasses import dataclass

import psutil

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
    return (_python(), _torch(), _cuda(), _cpu(), *_models(), _disk(), _versions())


def _python() -> Finding:
    return Finding("python", sys.version_info >= (3, 11), f"{platform.python_version()} at {sys.executable}")


def _torch() -> Finding:
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a shared library of torch's that cannot be loaded
        return Finding("torch", False, f"cannot be imported: {error}; reinstall torch")
    return Finding("torch", True, f"{torch.__version__}, {torch.get_num_threads()} threads")


def _cuda() -> Finding:
    try:
        import torch
    except (ImportError, OSError):
        return Finding("cuda", True, "unknown, torch cannot be imported")
    if not torch.cuda.is_available():
        return Finding("cuda", True, "none; models and the Gaussian process run on the CPU")
    free, total = torch.cuda.mem_get_info()
    name = torch.cuda.get_device_name()
    return Finding(
        "cuda", True, f"{torch.version.cuda}, {name}, {free / 2**30:.0f} of {total / 2**30:.0f} GiB free"
    )


def _cpu() -> Finding:
    memory = psutil.virtual_memory()
    cores = psutil.cpu_count() or 1
    return Finding(
        "cpu",
        True,
        f"{cores} cores, {memory.available / 2**30:.0f} of {memory.total / 2**30:.0f} GiB memory free",
    )


def _models() -> tuple[Finding, ...]:
    from bestguess.agent.llm.weights import catalog

    pulled = [name for name in catalog.CATALOG if catalog.is_pulled(name)]
    detail = f"{', '.join(pulled) or 'none pulled; `bestguess models pull NAME`'} in {catalog.models_root()}"
    return (Finding("models", True, detail),)


def _disk() -> Finding:
    from bestguess.agent.llm.weights import catalog

    folder = catalog.models_root()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    note = "" if free >= LOW_DISK_BYTES else "; little for pulling a model, which takes up to 6 GiB"
    return Finding("disk", True, f"{free / 2**30:.0f} GiB free at {folder}{note}")


def _versions() -> Finding:
    found, missing = [], []
    for package in PACKAGES:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    detail = ", ".join(found)
    return Finding("versions", not missing, f"missing: {', '.join(missing)}; {detail}" if missing else detail)
