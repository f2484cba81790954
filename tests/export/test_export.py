"""Exported graphs, read back by what colours with them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from temporal_colorize.export.calibration import calibration_items
from temporal_colorize.export.writing import export_weights
from temporal_colorize.inference.runtimes import RuntimeOptions, open_weights
from temporal_colorize.inference.session import SessionOptions
from temporal_colorize.inference.weights import Weights, WeightsError, load_weights
from tests.support.networks import tiny_weights, tiny_weights_file
from tests.support.program import run
from tests.support.streams import farthest, stream
from tests.support.videos import frame_times, write_video


def scenes(count: int = 3, frames: int = 3) -> Iterator[list[np.ndarray]]:
    """Give scenes in colour, whose frames differ by noise."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        scene = rng.integers(0, 200, (64, 96, 3))
        yield [(scene + rng.integers(0, 9, scene.shape)).astype(np.uint8) for _ in range(frames)]


@pytest.fixture(scope="module")
def weights() -> Weights:
    return tiny_weights()


def read_back(path: Path) -> Weights:
    options = RuntimeOptions(precision="fp32", cache="off", threads=1)
    return open_weights(str(path), options, device=torch.device("cpu"))


def test_half_the_file_colours_alike(tmp_path: Path, weights: Weights) -> None:
    sizes = {}
    for precision, tolerance in (("fp32", 0.01), ("fp16", 0.1)):
        path = export_weights(weights, tmp_path / f"{precision}.xml", format="openvino", precision=precision)
        again = read_back(path)
        assert farthest(weights, again, stream(20)) < tolerance
        assert (again.name, again.size, again.decoding) == (precision, weights.size, weights.decoding)
        assert again.net.config == weights.net.config and again.net.state_planes == weights.net.state_planes
        sizes[precision] = path.with_suffix(".bin").stat().st_size
    assert sizes["fp16"] < 0.6 * sizes["fp32"]


def test_integers_stay_near_over_a_hundred_frames(tmp_path: Path, weights: Weights) -> None:
    items = calibration_items(weights, scenes(), SessionOptions(size=64))
    path = export_weights(weights, tmp_path / "a.xml", format="openvino", precision="int8", calibration=items)
    assert "FakeQuantize" in path.read_text() or "i8" in path.read_text()
    assert 1e-3 < farthest(weights, read_back(path), stream(100)) < 0.5


def test_calibration_sees_frames_in_order_with_the_state_carried(weights: Weights) -> None:
    items = list(calibration_items(weights, scenes(5, 3), SessionOptions(size=64)))
    assert len(items) == 15
    fresh = [not item["state_0"].any() for item in items]
    assert fresh == [True, False, False] * 5
    hinted = [bool(item["hints"].any()) for item in items]
    assert hinted == [number in (0, 12) for number in range(15)]
    with torch.no_grad():
        _, state = weights.net(torch.from_numpy(items[3]["lightness"])[None])
    for number, plane in enumerate(state):
        np.testing.assert_allclose(items[4][f"state_{number}"], plane, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "tflite"}, "format=tflite"),
        ({"precision": "int4"}, "precision=int4"),
        ({"output": "a.onnx"}, r"a\.onnx: format=openvino is written as \.xml"),
        ({"output": "nowhere/a.xml"}, "its folder"),
        ({"precision": "int8"}, "tuning split, which is empty"),
    ],
)
def test_impossible_exports_are_refused(
    options: dict[str, str], words: str, weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=words):
        export_weights(weights, **{"output": "a.xml", "format": "openvino"} | options)
    assert not list(tmp_path.iterdir())


def test_a_graph_of_another_network_is_refused_by_its_name(tmp_path: Path, weights: Weights) -> None:
    path = export_weights(weights, tmp_path / "a.xml", format="openvino")
    options = RuntimeOptions(cache="off")
    with pytest.raises(WeightsError, match="is of the network convlstm, not of zhang"):
        open_weights(str(path), options, device=torch.device("cpu"), architecture="zhang")
    path.with_suffix(".bin").unlink()
    with pytest.raises(WeightsError, match=r"a\.xml"):
        open_weights(str(path), options, device=torch.device("cpu"))


def test_the_programs_write_a_graph_and_colour_with_it(tmp_path: Path) -> None:
    file, output = tiny_weights_file(tmp_path), tmp_path / "my graph, 1.xml"
    result = run("export.py", f"weights={file}", f"output={output}", "format=openvino")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"{output}: convlstm, fp32, ")
    write_video(tmp_path / "a.mp4", count=3)
    arguments = (f"video={tmp_path / 'a.mp4'}", f"weights={output}", f"cache={tmp_path / 'cache'}", "progress=false")
    result = run("infer.py", *arguments, "inference.size=64", "encoder.preset=ultrafast")
    assert result.returncode == 0, result.stderr
    assert frame_times(tmp_path / "a.color.mp4") == frame_times(tmp_path / "a.mp4")
    assert load_weights(str(file)).name == "tiny"
    refused = run("export.py", f"weights={file}", "format=onnx", f"output={output}")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and "format=onnx" in refused.stderr
