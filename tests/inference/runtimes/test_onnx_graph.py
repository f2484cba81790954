"""Networks in ONNX Runtime; exporting takes seconds, so one small recurrent network does for all tests."""

from pathlib import Path

import pytest
import torch

from temporal_colorize.color.bins import BIN_COUNT
from temporal_colorize.inference.runtimes import RuntimeOptions, onnx_graph, open_weights
from temporal_colorize.inference.weights import Weights, load_weights, save_weights
from temporal_colorize.models.cnn_lstm import CnnLstm
from tests.support.streams import farthest, stream

pytest.importorskip("onnxruntime")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    net = CnnLstm(widths=(8,) * 5, repeats=(1,) * 5, memory=4).eval()
    torch.nn.init.normal_(net.recall.weight)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_weights(path, net, torch.zeros(BIN_COUNT), half=False)
    return path


@pytest.fixture(scope="module")
def cache(file: Path) -> str:
    return str(file.parent / "cache")


@pytest.fixture(scope="module")
def graph(file: Path, cache: str) -> Weights:
    return opened(str(file), cache)


def opened(name: str, cache: str) -> Weights:
    return open_weights(name, RuntimeOptions(runtime="onnx", cache=cache, threads=1), device=CPU)


def test_it_agrees_over_a_hundred_frames(file: Path, graph: Weights) -> None:
    assert farthest(load_weights(str(file)), graph, stream(100)) < 0.01


def test_size_batch_and_length_may_change(file: Path, graph: Weights) -> None:
    net = load_weights(str(file)).net
    for shape in ((1, 1, 1, 64, 96), (2, 3, 1, 96, 64)):
        clip = 100 * torch.rand(shape)
        with torch.no_grad():
            torch.testing.assert_close(graph.net(clip)[0], net(clip)[0], atol=1e-3, rtol=1e-4)


def test_a_second_run_converts_nothing(file: Path, cache: str, graph: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_graph, "convert", None)
    assert farthest(opened(str(file), cache), graph, stream(1)) == 0


def test_the_file_alone_is_enough(tmp_path: Path, cache: str, graph: Weights) -> None:
    kept = next(Path(cache).glob("*/graph.onnx"))
    (tmp_path / "mine.onnx").write_bytes(kept.read_bytes())
    mine = opened(str(tmp_path / "mine.onnx"), "off")
    assert mine.name == "mine" and mine.decoding == graph.decoding
    assert farthest(mine, graph, stream(2)) == 0
    (tmp_path / "cut.onnx").write_bytes(kept.read_bytes()[:-2000])
    with pytest.raises(ValueError, match=r"cut\.onnx"):
        opened(str(tmp_path / "cut.onnx"), "off")
