"""Weights that were made to do harm are refused in one line, and nothing that they carry is run."""

import json
import os
import pickle
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from temporal_colorize.inference.weights import WeightsError, load_weights
from temporal_colorize.models.public_weights import read_public
from temporal_colorize.training.module import check_checkpoint
from tests.support.program import run


class Harmful:
    """Unpickling it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """The folder that must not come into being."""
    return tmp_path / "ran"


def harmful(path: Path, mark: Path, *, plain: bool) -> Path:
    content = {"state_dict": {"net.weight": torch.zeros(1)}, "more": Harmful(mark)}
    if plain:
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path)
    return path


def one_line_of(path: Path) -> str:
    with pytest.raises(WeightsError, match=path.name) as caught:
        load_weights(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_files_do_what_they_are_made_for(tmp_path: Path, mark: Path) -> None:
    torch.load(harmful(tmp_path / "a.pt", mark, plain=False), weights_only=False)
    assert mark.is_dir()


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("suffix", ["pt", "ckpt", "pkl", "bin", "safetensors", "weights"])
def test_pickles_are_refused_whatever_they_are_called(suffix: str, plain: bool, tmp_path: Path, mark: Path) -> None:
    text = one_line_of(harmful(tmp_path / f"a.{suffix}", mark, plain=plain))
    assert text.endswith("is a pickle, which may carry code: give a .safetensors file")
    assert not mark.exists()


@pytest.mark.parametrize("plain", [False, True])
def test_a_public_file_with_code_is_refused(plain: bool, tmp_path: Path, mark: Path) -> None:
    assert "carries code, which is never run" in one_line_of(harmful(tmp_path / "a.pth", mark, plain=plain))
    for suffix in ("pt", "pth"):  # as an encoder's weights
        with pytest.raises(ValueError, match=r"model\.encoder_weights=.*which is never run"):
            read_public(harmful(tmp_path / f"b.{suffix}", mark, plain=plain), option="model.encoder_weights")
    assert not mark.exists()


def test_a_checkpoint_with_code_is_not_resumed(tmp_path: Path, mark: Path) -> None:
    path = harmful(tmp_path / "a.ckpt", mark, plain=False)
    with pytest.raises(ValueError, match=r"resume=.*a\.ckpt is not a checkpoint of train\.py; nothing that it carries"):
        check_checkpoint(str(path), torch.nn.Linear(1, 1))
    assert not mark.exists()


def test_the_program_says_it_in_one_line(tmp_path: Path, mark: Path) -> None:
    path = harmful(tmp_path / "a.safetensors", mark, plain=False)
    result = run("infer.py", "video=x.mp4", f"weights={path}", "runtime=torch", "cache=off")
    assert result.returncode == 2 and not mark.exists()
    assert (
        result.stderr
        == f"infer.py: error: weights={path} is a pickle, which may carry code: give a .safetensors file\n"
    )


def safetensors(path: Path, header: dict[str, object] | bytes, body: bytes = b"", *, length: int | None = None) -> Path:
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head) if length is None else length) + head + body)
    return path


def test_safetensors_that_lie_are_refused(tmp_path: Path) -> None:
    tensor = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    huge = {**tensor, "shape": [10**9], "data_offsets": [0, 4 * 10**9]}
    far = {**tensor, "data_offsets": [10**15, 10**15 + 4]}
    for name, header, length in [
        ("a", {}, 10**12),
        ("b", {"net.x": huge}, None),
        ("c", {"net.x": far}, None),
        ("d", {"net.x": {**tensor, "shape": [2]}}, None),
        ("e", b"[" * 100_000, None),
    ]:
        text = one_line_of(safetensors(tmp_path / f"{name}.safetensors", header, b"abcd", length=length))
        assert "is not a safetensors file that can be read" in text


def test_metadata_that_asks_for_a_huge_network_is_refused(tmp_path: Path) -> None:
    config = json.dumps({"encoder": "residual", "encoder_width": 10**9})
    path = tmp_path / "a.safetensors"
    save_file({"net.x": torch.zeros(1)}, path, metadata={"architecture": "convlstm", "config": config})
    assert "does not fit model=convlstm" in one_line_of(path)
