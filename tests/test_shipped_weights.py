"""What the weights that ship can do: not much is asked, but it is asked of the real file."""

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from temporal_colorize.color.chroma import lightness_from_luma, luma_of_rgb
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.data.pictures import Photographs
from temporal_colorize.evaluation.painter import Condition
from temporal_colorize.evaluation.run import Plan, evaluate
from temporal_colorize.evaluation.scenes import find_scenes
from temporal_colorize.inference.naming import NamingOptions
from temporal_colorize.inference.runtimes import RuntimeOptions
from temporal_colorize.inference.session import SessionOptions
from temporal_colorize.inference.weights import Weights, load_weights
from tests.support.shared import shared


@pytest.fixture(scope="module")
def weights() -> Weights:
    return load_weights("convlstm")


@pytest.fixture(scope="module")
def groups() -> dict[str, dict[str, dict[str, float]]]:
    root = shared("data", "val")
    files = {"pictures": "*.tar", "videos": "clips/cctv-fi00*", "groups": {}}
    scenes = find_scenes(root=str(root), **files, every=12)
    conditions = (Condition(name="clean", vividness=("honest", None), most_frames=3),)
    plan = Plan(
        weights=("convlstm",),
        conditions=conditions,
        options=SessionOptions(),
        runtime=RuntimeOptions(runtime="torch"),
        device="cpu",
        naming=NamingOptions(arithmetic=1, geometric=0, difference=10, reach=0),
        drift_frames=0,
    )
    return evaluate(scenes, plan).scores["clean"]


def test_honest_colours_are_nearer_to_the_truth_than_grey(groups: dict[str, dict[str, dict[str, float]]]) -> None:
    stills = groups["stills"]
    for measure in ("ab error", "ab RMSE"):
        assert stills["convlstm, honest"][measure] < 0.95 * stills["grey"][measure]
    assert stills["convlstm, honest"]["PSNR"] > stills["grey"]["PSNR"] + 0.8


def test_the_default_shows_colour(groups: dict[str, dict[str, dict[str, float]]]) -> None:
    for rows in groups.values():
        assert 0.4 < rows["convlstm, default"]["colourfulness / truth"] < 1.6


def test_the_posterior_is_calibrated(groups: dict[str, dict[str, dict[str, float]]]) -> None:
    assert groups["stills"]["convlstm, default"]["ECE"] < 0.08


@torch.inference_mode()
def test_a_hinted_frame_is_given_back_and_kept_in_a_still_scene(weights: Weights) -> None:
    """On photographs: hinted as a whole in the first frame, then ten frames without a hint."""
    photographs = Photographs()
    pictures = [cv2.resize(photographs[number], (256, 256)) for number in range(len(photographs))]
    rgb = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
    ab = rgb_to_lab(rgb)[:, 1:]
    target = F.avg_pool2d(ab, 4)
    lightness = lightness_from_luma(luma_of_rgb(rgb, "bt601"))[:, None].expand(-1, 11, -1, -1, -1)
    hints = torch.zeros(len(pictures), 11, 3, 256, 256)
    hints[:, 0] = torch.cat([ab, torch.ones_like(ab[:, :1])], 1)
    hinted, _ = weights.net(lightness, hints)
    unhinted, _ = weights.net(lightness[:, :1])
    error = (hinted.ab - target[:, None]).norm(dim=2).mean((0, 2, 3))
    without = (unhinted.ab[:, 0] - target).norm(dim=1).mean()
    assert error[0] < 1e-3
    assert error[10] < 0.05 * without
