"""Public weight files, made up with random numbers in the real ones' layout: the real ones cannot be had here."""

from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

from temporal_colorize.color.bins import decode_annealed_mean
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import WeightsError, load_weights
from temporal_colorize.models.siggraph17 import Siggraph17Net
from temporal_colorize.models.zhang import REHEAT, ZhangNet
from tests.models import test_siggraph17, test_zhang
from tests.support.caffe import write_caffe


@pytest.fixture(scope="module")
def caffemodel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A narrow caffemodel, with colorization_deploy_v2.prototxt beside it."""
    prototxt, caffemodel = write_caffe(tmp_path_factory.mktemp("caffe"), width=8)
    prototxt.rename(prototxt.with_name("colorization_deploy_v2.prototxt"))
    return caffemodel


def test_a_caffemodel_is_the_zhang_network(caffemodel: Path) -> None:
    weights = load_weights(str(caffemodel))
    assert isinstance(weights.net, ZhangNet) and weights.name == caffemodel.stem
    assert (
        weights.size == 256
        and weights.decoding.vividness == 1.0
        and weights.decoding.temperature == pytest.approx(1 / REHEAT)
    )
    assert not any(parameter.requires_grad for parameter in weights.net.parameters())


def test_opencv_and_torch_colour_a_stream_alike(caffemodel: Path) -> None:
    frame = torch.rand(1, 64, 96, generator=torch.Generator().manual_seed(0)) * 100
    colours = []
    for architecture in ("zhang", "caffe"):
        session = Session(load_weights(str(caffemodel), architecture=architecture), SessionOptions(size=64))
        colours.append(session.color(frame))
    assert colours[0].std() > 0.1
    assert (colours[0] - colours[1]).abs().max() < 0.1


def test_the_published_temperature_is_the_default(caffemodel: Path) -> None:
    weights = load_weights(str(caffemodel))
    output, _ = weights.net(torch.rand(1, 1, 1, 64, 64) * 100)
    published = decode_annealed_mean(output.logits, torch.zeros(313), vividness=0.0, temperature=1 / REHEAT)
    session = Session(weights, SessionOptions(size=64))
    torch.testing.assert_close(session.decode(output).ab, published[0, 0], atol=1e-4, rtol=0)


@pytest.mark.parametrize(("network", "module"), [(ZhangNet, test_zhang), (Siggraph17Net, test_siggraph17)])
def test_a_pth_says_by_its_names_whose_it_is(network: type[nn.Module], module: ModuleType, tmp_path: Path) -> None:
    torch.save(module.public_weights(), tmp_path / "a.pth")
    for architecture in (None, network.architecture):
        weights = load_weights(str(tmp_path / "a.pth"), architecture=architecture)
        assert type(weights.net) is network
        assert Session(weights, SessionOptions(size=64)).color(torch.rand(1, 64, 96) * 100).std() > 0
    other = "siggraph17" if network is ZhangNet else "zhang"
    with pytest.raises(WeightsError, match=r"a\.pth: these are not the weights of"):
        load_weights(str(tmp_path / "a.pth"), architecture=other)


def test_a_network_s_own_option_is_taken_where_the_file_does_not_say_it(tmp_path: Path) -> None:
    torch.save(test_siggraph17.public_weights(), tmp_path / "a.pth")
    assert load_weights(str(tmp_path / "a.pth"), options={"mask_center": 0.5}).net.mask_center == 0.5


@pytest.mark.parametrize(
    ("name", "architecture", "message"),
    [
        ("release.caffemodel", "siggraph17", "may be of zhang or caffe, not of siggraph17"),
        ("release.pth", "caffe", "may be of zhang or siggraph17, not of caffe"),
        ("release.caffemodel", None, r"weights=.*release\.caffemodel"),
        ("release.caffemodel", "caffe", r"prototxt=.*colorization_deploy_v2\.prototxt: there is no such file"),
        ("release.pth", None, r"weights=.*release\.pth is damaged, or carries code"),
        ("release.pth", "siggraph17", r"weights=.*release\.pth is damaged, or carries code"),
    ],
)
def test_a_wrong_file_is_said_in_one_line(tmp_path: Path, name: str, architecture: str | None, message: str) -> None:
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(WeightsError, match=message) as caught:
        load_weights(str(tmp_path / name), architecture=architecture)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("architecture", ["zhang", "siggraph17"])
def test_another_network_s_pth_is_refused_by_name(tmp_path: Path, architecture: str) -> None:
    torch.save({"head.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"weights=.*other\.pth: these are not the weights of"):
        load_weights(str(tmp_path / "other.pth"), architecture=architecture)
