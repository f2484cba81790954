from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from temporal_colorize.color.bins import bin_centres
from temporal_colorize.models.caffe_file import read_caffemodel
from temporal_colorize.models.opencv_dnn import OpenCVCaffe
from temporal_colorize.models.zhang import ZhangNet
from tests.support.caffe import caffemodel, random_blobs, write_caffe

WIDTH = 4


@pytest.fixture
def clip() -> Tensor:
    """One frame of noise, and one that is smooth."""
    draw = torch.Generator().manual_seed(1)
    noise, coarse = torch.rand(1, 1, 64, 96, generator=draw), torch.rand(1, 1, 4, 6, generator=draw)
    smooth = torch.nn.functional.interpolate(coarse, (64, 96), mode="bicubic").clamp(0, 1)
    return 100 * torch.stack([noise, smooth], 1)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    prototxt, weights = write_caffe(tmp_path_factory.mktemp("caffe"), width=WIDTH)
    return {"prototxt": str(prototxt), "caffemodel": str(weights)}


def imported(caffemodel: str, width: int) -> ZhangNet:
    net = ZhangNet(width=width).eval()
    net.load_caffe(read_caffemodel(caffemodel))
    return net


@torch.no_grad()
@pytest.mark.parametrize("width", [WIDTH, 64])
def test_torch_and_opencv_agree(width: int, clip: Tensor, tmp_path) -> None:
    """Within 0.1 ab; measured 0.003 at full size. Either is the other's independent source."""
    prototxt, weights = write_caffe(tmp_path, width=width, seed=3)
    theirs, _ = OpenCVCaffe(prototxt=str(prototxt), caffemodel=str(weights))(clip)
    ours, _ = imported(str(weights), width)(clip)
    weights.unlink()  # 123 MiB at full size
    assert ours.ab.shape == theirs.ab.shape == (1, 2, 2, 16, 24)
    assert ours.ab.std((3, 4)).min() > 5 and ours.ab.abs().max() < 110
    assert (ours.ab - theirs.ab).abs().max() < 0.1


def test_colours_are_those_of_opencv_s_own_sample(files: dict[str, str], clip: Tensor) -> None:
    """samples/dnn/colorization.py of OpenCV 4, with its pts_in_hull.npy: rows of a and b in the bins' order."""
    pts_in_hull = np.array(bin_centres().tolist())
    net = cv2.dnn.readNetFromCaffe(files["prototxt"], files["caffemodel"])
    net.getLayer(net.getLayerId("class8_ab")).blobs = [pts_in_hull.T.reshape(2, 313, 1, 1).astype(np.float32)]
    net.getLayer(net.getLayerId("conv8_313_rh")).blobs = [np.full([1, 313], 2.606, np.float32)]
    net.setInput(cv2.dnn.blobFromImage(clip[0, 1, 0].numpy() - 50))
    expected = torch.from_numpy(net.forward())
    torch.testing.assert_close(OpenCVCaffe(**files)(clip)[0].ab[:, 1], expected)


def test_the_contract_of_a_network_of_single_frames(files: dict[str, str], clip: Tensor) -> None:
    net, state = OpenCVCaffe(**files), (torch.ones(1),)
    whole, after = net(clip, torch.ones(1, 2, 3, 64, 96), state)
    assert after is state and whole.logits is None and whole.known is None and not whole.ab.requires_grad
    other_size, after = net(clip[:, :1, :, :32, :40])
    assert after is None and other_size.ab.shape == (1, 1, 2, 8, 10)
    torch.testing.assert_close(net(clip[:, 1:])[0].ab, whole.ab[:, 1:])
    with pytest.raises(ValueError, match="multiples of 8"):
        net(clip[..., :60, :])


def test_what_stands_for_it_is_its_config(files: dict[str, str], clip: Tensor) -> None:
    net = OpenCVCaffe(**files)
    assert net.config == files and not net.has_bins
    assert not net.state_dict()
    torch.testing.assert_close(OpenCVCaffe(**net.config)(clip)[0].ab, net(clip)[0].ab)


def refused(prototxt: Path | str, weights: Path | str) -> str:
    with pytest.raises(ValueError) as caught:
        OpenCVCaffe(prototxt=str(prototxt), caffemodel=str(weights))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_files_are_named(files: dict[str, str], tmp_path) -> None:
    none = tmp_path / "none"
    message = refused(none, files["caffemodel"])
    assert f"prototxt={none}" in message and "colorization_deploy_v2.prototxt" in message
    message = refused(files["prototxt"], none)
    assert f"caffemodel={none}" in message and "colorization_release_v2.caffemodel" in message


def test_files_that_opencv_cannot_read_are_named(files: dict[str, str], tmp_path) -> None:
    rubbish, cut = tmp_path / "rubbish", tmp_path / "cut"
    rubbish.write_bytes(b"rubbish" * 50)
    cut.write_bytes(Path(files["caffemodel"]).read_bytes()[:20_000])
    assert refused(rubbish, files["caffemodel"]).startswith(f"prototxt={rubbish}: OpenCV cannot read it")
    assert refused(files["prototxt"], cut).startswith(f"caffemodel={cut}: OpenCV cannot read it")


def test_files_that_do_not_fit_are_named(files: dict[str, str], tmp_path, capfd) -> None:
    prototxt = Path(files["prototxt"])
    other, incomplete, headless, half = (tmp_path / name for name in ("other", "incomplete", "headless", "half"))
    other.write_bytes(caffemodel(random_blobs(2 * WIDTH)))
    blobs = random_blobs(WIDTH)
    del blobs["conv5_2"]
    incomplete.write_bytes(caffemodel(blobs))
    headless.write_text(prototxt.read_text().replace("class8_ab", "colours"))
    half.write_text(prototxt.read_text().replace("stride: 2", "stride: 1", 1))
    for weights in (other, incomplete):
        assert refused(prototxt, weights).startswith(f"caffemodel={weights} does not fit prototxt={prototxt}")
    assert "no layer class8_ab" in refused(headless, files["caffemodel"])
    assert "(1, 2, 16, 16)" in refused(half, files["caffemodel"])
    assert "ERROR" not in capfd.readouterr().err  # OpenCV's own pages about it


def test_an_opencv_without_caffe_is_told(files: dict[str, str], monkeypatch) -> None:
    monkeypatch.delattr(cv2.dnn, "readNetFromCaffe")
    assert "opencv-python-headless<5" in refused(files["prototxt"], files["caffemodel"])
