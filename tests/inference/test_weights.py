from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from temporal_colorize.inference.weights import (
    ARCHITECTURES,
    Decoding,
    WeightsError,
    copy_into,
    load_weights,
    save_weights,
    shipped_folder,
)
from tests.support.networks import tiny_network, tiny_weights_file


def test_a_network_survives_the_file(tmp_path: Path) -> None:
    net, log_weights = tiny_network(), torch.randn(313)
    path = tmp_path / "a.safetensors"
    save_weights(path, net, log_weights, decoding=Decoding(vividness=0.3, temperature=0.7), size=224, half=False)
    loaded = load_weights(str(path))
    torch.testing.assert_close(loaded.net.state_dict(), net.state_dict())
    torch.testing.assert_close(loaded.log_weights, log_weights)
    assert loaded.decoding == Decoding(vividness=0.3, temperature=0.7)
    assert loaded.size == 224
    assert not loaded.net.training


@torch.no_grad()
def test_half_precision_in_the_file_moves_no_colour_visibly(tmp_path: Path) -> None:
    net = tiny_network()
    save_weights(tmp_path / "a.safetensors", net, torch.zeros(313))
    clip = 100 * torch.rand(1, 3, 1, 64, 64)
    again = load_weights(str(tmp_path / "a.safetensors")).net
    assert (again(clip)[0].ab - net(clip)[0].ab).abs().max() < 1.0
    assert next(again.parameters()).dtype == torch.float32


def test_a_large_batch_variance_survives_half_precision(tmp_path: Path) -> None:
    """float16 ends at 65504; the first shipped weights had variances above it, and lost those channels."""
    net = tiny_network()
    net.fuse16[1].running_var.fill_(282256.5)
    save_weights(tmp_path / "a.safetensors", net, torch.zeros(313))
    again = load_weights(str(tmp_path / "a.safetensors")).net
    assert torch.equal(again.fuse16[1].running_var, net.fuse16[1].running_var)


def test_numbers_that_are_none_are_neither_written_nor_read(tmp_path: Path) -> None:
    net = tiny_network()
    net.fuse16[1].running_var[0] = torch.inf
    with pytest.raises(WeightsError, match=r"fuse16\.1\.running_var"):
        save_weights(tmp_path / "a.safetensors", net, torch.zeros(313))
    path = tiny_weights_file(tmp_path)
    with safe_open(path, framework="pt") as file:
        tensors, metadata = {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118
    tensors["net.ab_head.weight"][0] = torch.nan
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(WeightsError, match=r"ab_head\.weight is not finite"):
        load_weights(str(path))


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    text = tmp_path / "text.safetensors"
    text.write_text("not weights")
    foreign, old = tmp_path / "foreign.safetensors", tmp_path / "old.safetensors"
    save_file({"weight": torch.zeros(1)}, foreign)
    whole = tiny_weights_file(tmp_path)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(whole.read_bytes()[:-1000])
    save_file({"net.x": torch.zeros(1)}, old, metadata={"architecture": "convlstm", "config": "{}", "decoding": "{}"})
    pickled = tmp_path / "pickle.pt"
    torch.save({"a": torch.zeros(1)}, pickled)
    for path in (text, foreign, cut, old, pickled):
        with pytest.raises(WeightsError, match=path.name) as error:
            load_weights(str(path))
        assert "\n" not in str(error.value)
    with pytest.raises(WeightsError, match="no such file"):
        load_weights("nothing")
    with pytest.raises(WeightsError, match="not of zhang"):
        load_weights(str(whole), architecture="zhang")


def test_weights_of_another_size_do_not_start_a_network(tmp_path: Path) -> None:
    other = ARCHITECTURES["convlstm"](encoder="residual", encoder_width=8, widths=(8, 8, 8), memory=(8, 8))
    with pytest.raises(WeightsError, match="does not fit"):
        copy_into(other, load_weights(str(tiny_weights_file(tmp_path))))


def test_the_shipped_weights_load_and_are_small() -> None:
    files = list(shipped_folder().glob("*.safetensors"))
    assert "convlstm" in {file.stem for file in files}
    for file in files:
        assert file.stat().st_size < 24e6
        assert file.with_suffix(".md").is_file(), "weights ship with their model card"
        load_weights(file.stem)
