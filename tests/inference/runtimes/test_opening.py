"""Weights in OpenVINO and PyTorch, by their names and files; `test_onnx_graph.py` is about ONNX Runtime."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from temporal_colorize.inference.runtimes import RuntimeOptions, open_weights, opening
from temporal_colorize.inference.runtimes import openvino_graph as graph
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Weights, WeightsError, load_weights
from tests.support.caffe import write_caffe
from tests.support.networks import tiny_weights_file
from tests.support.program import ROOT
from tests.support.streams import farthest, stream

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights_file(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def compiled(file: Path, cache: str) -> Weights:
    return opened(file, cache, precision="fp32")


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Weights]]:
    """What is converted from now on."""
    converted, convert = [], graph.convert
    monkeypatch.setattr(graph, "convert", lambda weights, card: converted.append(weights) or convert(weights, card))
    yield converted


def opened(path: Path, cache: str, **options: object) -> Weights:
    return open_weights(str(path), RuntimeOptions(**{"runtime": "openvino", "cache": cache} | options), device=CPU)


def test_float32_agrees_over_a_hundred_frames(file: Path, compiled: Weights) -> None:
    assert farthest(load_weights(str(file)), compiled, stream(100)) < 0.01


def test_bfloat16_stays_near_over_a_hundred_frames(file: Path, cache: str) -> None:
    if "BF16" not in graph._CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bfloat16")
    there = opened(file, cache, precision="bf16")
    assert 1e-4 < farthest(load_weights(str(file)), there, stream(100)) < 0.1
    in_torch = opened(file, cache, runtime="torch", precision="bf16")
    assert 1e-4 < farthest(load_weights(str(file)), in_torch, stream(20)) < 0.1


def test_hints_reach_the_graph_and_are_carried(file: Path, compiled: Weights) -> None:
    hints = torch.zeros(3, 64, 96)
    hints[:, 8:24, 8:24] = torch.tensor([50.0, -30.0, 1.0])[:, None, None]
    own, theirs = (Session(weights, SessionOptions(size=64)) for weights in (load_weights(str(file)), compiled))
    unhinted = Session(compiled, SessionOptions(size=64)).color(stream(1)[0])
    for number, frame in enumerate(stream(3)):
        given = hints if number == 0 else None
        ab = theirs.color(frame, given)
        torch.testing.assert_close(ab, own.color(frame, given), atol=0.01, rtol=0)
        if given is not None:
            assert (ab - unhinted)[:, 2:6, 2:6].abs().max() > 5


def test_size_batch_and_length_may_change(file: Path, compiled: Weights) -> None:
    net = load_weights(str(file)).net
    compiled.net.prepare(64, 96)
    for shape in ((1, 1, 1, 64, 96), (2, 3, 1, 96, 64), (1, 1, 1, 64, 96)):
        clip = 100 * torch.rand(shape)
        with torch.no_grad():
            own, theirs = net(clip), compiled.net(clip)
        torch.testing.assert_close(theirs[0], own[0], atol=1e-3, rtol=1e-4)
        torch.testing.assert_close(theirs[1], own[1], atol=1e-3, rtol=1e-4)


def test_a_state_stays_what_it_was_when_others_are_computed(compiled: Weights) -> None:
    first, second = stream(2)[:, None, None]
    _, state = compiled.net(first)
    before = [part.clone() for part in state]
    once = compiled.net(second, None, state)[0]
    compiled.net(first, None, state)
    assert all(torch.equal(a, b) for a, b in zip(before, state, strict=True))
    assert torch.equal(compiled.net(second, None, state)[0].ab, once.ab)


def test_a_reset_starts_afresh(compiled: Weights) -> None:
    session = Session(compiled, SessionOptions(size=64, cut_threshold=1000))
    first = session.color(stream(1)[0])
    assert not torch.equal(session.color(stream(2)[1]), first)
    session.reset()
    assert torch.equal(session.color(stream(1)[0]), first)


def test_a_second_run_converts_nothing_and_colours_alike(
    file: Path, cache: str, compiled: Weights, conversions: list[Weights]
) -> None:
    again = opened(file, cache, precision="fp32")
    assert not conversions
    assert again.decoding == compiled.decoding and torch.equal(again.log_weights, compiled.log_weights)
    assert farthest(again, compiled, stream(2)) < 1e-4
    assert again.name == "tiny" and again.net.architecture == "convlstm"


def test_other_weights_of_the_same_name_are_converted_again(
    tmp_path: Path, cache: str, compiled: Weights, conversions: list[Weights]
) -> None:
    other = opened(tiny_weights_file(tmp_path, seed=1), cache, precision="fp32")
    assert len(conversions) == 1
    assert farthest(other, compiled, stream(1)) > 0.1


def test_the_cache_can_be_turned_off(
    file: Path, cache: str, compiled: Weights, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kept, conversions = next(Path(cache).glob("*/graph.xml")), []
    monkeypatch.setattr(graph, "convert", lambda *given: conversions.append(given) or graph.read(kept)[1])
    weights = opened(file, "off", precision="fp32")
    assert len(conversions) == 1 and weights.net(stream(1)[None])[0].ab.isfinite().all()  # its file is gone by now
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="cache=/proc/nothing"):
        opened(file, "/proc/nothing")


def test_the_cache_is_the_user_s_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert opening.cache_folder("auto") == tmp_path / "temporal-colorize"


def test_what_cannot_be_converted_runs_as_it_is_and_says_so(tmp_path: Path) -> None:
    prototxt, caffemodel = write_caffe(tmp_path, width=8)
    how = {"device": CPU, "architecture": "caffe", "network": {"prototxt": str(prototxt)}}
    with pytest.warns(UserWarning, match="runs in OpenCV"):
        weights = open_weights(str(caffemodel), RuntimeOptions(runtime="openvino", cache="off"), **how)
    assert weights.net.architecture == "caffe"
    open_weights(str(caffemodel), RuntimeOptions(cache="off"), **how)  # and not where nobody asked: warnings are errors


def test_a_runtime_that_is_not_installed_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = opening.importlib.util.find_spec
    missing = {"openvino", "onnxruntime"}
    monkeypatch.setattr(opening.importlib.util, "find_spec", lambda name: None if name in missing else find(name))
    with pytest.raises(ValueError, match=r"runtime=openvino needs openvino.*pip install openvino"):
        opened(file, "off")
    with pytest.raises(ValueError, match=r"runtime=onnx needs onnxruntime.*pip install '\.\[onnx\]' in a checkout"):
        opened(file, "off", runtime="onnx")
    assert RuntimeOptions().chosen(CPU) == "torch"


@pytest.mark.parametrize(
    "options", [{"runtime": "tpu"}, {"precision": "fp8"}, {"runtime": "onnx", "precision": "bf16"}, {"threads": 0}]
)
def test_impossible_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=list(options)[-1]):
        RuntimeOptions(**options)


def test_a_graph_runtime_is_for_the_cpu() -> None:
    assert RuntimeOptions(runtime="openvino").pick_device("auto") == CPU
    with pytest.raises(ValueError, match=r"device=cuda.*runtime=torch"):
        RuntimeOptions(runtime="openvino").pick_device("cuda")


def test_broken_and_foreign_graphs_are_refused_in_a_line(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.xml"
    port = graph.ov.opset13.parameter([1, 1], name="x")
    graph.ov.save_model(graph.ov.Model([graph.ov.opset13.relu(port)], [port]), foreign)
    (tmp_path / "text.xml").write_text("no graph")
    (tmp_path / "text.onnx").write_text("no graph")
    for name in ("foreign.xml", "text.xml", "text.onnx"):
        with pytest.raises(WeightsError, match=name) as error:
            open_weights(str(tmp_path / name), RuntimeOptions(cache="off"), device=CPU)
        assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_nothing_is_told_to_anyone() -> None:
    """OpenVINO sends Google Analytics a word when it is imported, unless its telemetry cannot be."""
    program = "import sys, temporal_colorize.inference.runtimes.openvino_graph as g\n"
    program += "print(sys.modules['openvino_telemetry'], 'openvino' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.split() == ["None", "True"]


def test_a_signal_is_handled_whoever_drops_a_network(file: Path) -> None:
    """The stack for signal handlers that OpenVINO gives a thread goes with OpenVINO's last core."""
    program = """
import signal, sys, threading, torch
from temporal_colorize.inference.runtimes import RuntimeOptions, open_weights
opened = [open_weights(sys.argv[1], RuntimeOptions(runtime="openvino", cache="off"), device=torch.device("cpu"))]
dropping = threading.Thread(target=opened.clear)
dropping.start(), dropping.join()
signal.signal(signal.SIGTERM, lambda number, frame: print("handled"))
signal.raise_signal(signal.SIGTERM)
"""
    run = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True, cwd=ROOT)
    assert (run.returncode, run.stdout) == (0, "handled\n"), run.stderr


@pytest.mark.slow
def test_the_shipped_weights_agree_over_a_hundred_frames(tmp_path: Path) -> None:
    frames = stream(100, 96, 128)
    assert farthest(load_weights("convlstm"), opened(Path("convlstm"), str(tmp_path), precision="fp32"), frames) < 0.05
    assert os.listdir(tmp_path)
