"""Networks in ONNX Runtime. Exporting a real one takes seconds, so a toy one does for all that is not about it."""

from pathlib import Path

import onnx
import onnxruntime  # noqa: F401 (a plain failure where the extra is missing)
import pytest
import torch
from torch import Tensor, nn

from temporal_colorize.color.bins import BIN_COUNT
from temporal_colorize.inference.runtimes import RuntimeOptions, onnx_graph, open_weights
from temporal_colorize.inference.runtimes.card import Card
from temporal_colorize.inference.weights import Decoding, Weights, WeightsError, load_weights
from temporal_colorize.models.contract import ColorOutput, State, StatePlane, fresh_state
from tests.support.networks import tiny_weights_file
from tests.support.streams import farthest, stream

CPU = torch.device("cpu")


class Toy(nn.Module):
    """A network under the contract, as small as one can be that has a state, hints and bins."""

    architecture, config = "toy", {}
    stride, fixed_size, has_bins = 4, None, True
    state_planes = (StatePlane(2, 4),)

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Conv2d(4 + 2, 2, 3, 4, 1)
        self.bins = nn.Conv2d(2, BIN_COUNT, 1)

    def forward(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State]:
        batch, frames, _, height, width = lightness.shape
        (before,) = state or fresh_state(self, batch, height, width)
        hints = lightness.new_zeros(batch, frames, 3, height, width) if hints is None else hints
        outputs = []
        for frame in range(frames):
            large = nn.functional.interpolate(before, scale_factor=4.0)
            before = self.look(torch.cat([lightness[:, frame] / 50, hints[:, frame], large], dim=1)).tanh()
            outputs.append(before)
        ab = 50 * torch.stack(outputs, dim=1)
        logits = 5 * torch.stack([self.bins(output) for output in outputs], dim=1)
        return ColorOutput(ab, logits), (before,)


@pytest.fixture(scope="module")
def weights() -> Weights:
    torch.manual_seed(0)
    return Weights(Toy().eval().requires_grad_(False), torch.zeros(BIN_COUNT), Decoding(vividness=0.3), "toy", 64)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, weights: Weights) -> Path:
    path, card = tmp_path_factory.mktemp("graphs") / "toy.onnx", Card.of(weights)
    onnx_graph.write(onnx_graph.convert(weights, card), card, path)
    return path


def opened(path: Path) -> Weights:
    return open_weights(str(path), RuntimeOptions(cache="off", threads=1), device=CPU)


def test_it_agrees_over_a_hundred_frames(file: Path, weights: Weights) -> None:
    assert farthest(weights, opened(file), stream(100)) < 0.01


def test_size_batch_and_length_may_change_and_hints_count(file: Path, weights: Weights) -> None:
    net = opened(file).net
    for shape in ((1, 1, 1, 64, 96), (2, 3, 1, 96, 64)):
        clip, hints = 100 * torch.rand(shape), torch.rand(*shape[:2], 3, *shape[3:])
        given, own = net(clip, hints), weights.net(clip, hints)
        torch.testing.assert_close(given[0], own[0], atol=1e-3, rtol=1e-4)
        torch.testing.assert_close(given[1], own[1], atol=1e-3, rtol=1e-4)
        assert (given[0].ab - net(clip)[0].ab).abs().max() > 0.1


def test_the_file_alone_is_enough(file: Path, weights: Weights) -> None:
    alone = opened(file)
    assert (alone.name, alone.size, alone.decoding) == ("toy", 64, weights.decoding)
    assert alone.net.state_planes == Toy.state_planes and alone.net.has_bins


def test_half_the_file_colours_alike(tmp_path: Path, file: Path, weights: Weights) -> None:
    model = onnx_graph.read(file)[1]
    onnx_graph.write(model, Card.of(weights).stored_as("fp16"), tmp_path / "half.onnx")
    assert 1e-5 < farthest(weights, opened(tmp_path / "half.onnx"), stream(20)) < 0.1
    assert (tmp_path / "half.onnx").stat().st_size < file.stat().st_size - 1000


def test_a_file_cut_off_is_refused(tmp_path: Path, file: Path) -> None:
    (tmp_path / "cut.onnx").write_bytes(file.read_bytes()[:-500])
    with pytest.raises(ValueError, match=r"cut\.onnx") as error:
        opened(tmp_path / "cut.onnx")
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_a_network_is_converted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, options = tiny_weights_file(tmp_path), RuntimeOptions(runtime="onnx", cache=str(tmp_path / "cache"))
    first = open_weights(str(path), options, device=CPU)
    assert farthest(load_weights(str(path)), first, stream(100)) < 0.01
    monkeypatch.setattr(onnx_graph, "convert", None)
    again = open_weights(str(path), options, device=CPU)
    assert again.name == "tiny" and farthest(again, first, stream(2)) == 0


def test_numbers_in_other_files_are_not_read(tmp_path: Path) -> None:
    """ONNX may keep them by any path; what export.py writes is one file."""
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(4))
    value = onnx.TensorProto(name="x", data_type=onnx.TensorProto.FLOAT, dims=[1])
    value.data_location = onnx.TensorProto.EXTERNAL
    value.external_data.add(key="location", value="../secret")
    inside = onnx.helper.make_node("Constant", [], ["y"], value=value)
    for graph in (
        onnx.helper.make_graph([], "g", [], [], initializer=[value]),
        onnx.helper.make_graph([inside], "g", [], []),
    ):
        path = tmp_path / "inner" / "a.onnx"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(onnx.helper.make_model(graph).SerializeToString())
        with pytest.raises(WeightsError, match=r"a\.onnx: its numbers are in other files, which may be anywhere"):
            open_weights(str(path), RuntimeOptions(), device=CPU)
