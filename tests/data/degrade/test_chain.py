import math
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from torch import Tensor

from temporal_colorize import cli
from temporal_colorize.color.chroma import luma_of_rgb
from temporal_colorize.data.degrade import Degradation, light
from tests.data.degrade.clips import clips, degrade, grey

FOLDER = cli.conf_folder() / "degrade"
CHOICES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def built(choice: str) -> Degradation:
    with initialize_config_dir(str(Path(FOLDER).absolute()), version_base="1.3"):
        return cli.build(compose(choice))


@pytest.mark.parametrize("choice", CHOICES)
def test_every_yaml_makes_luma(choice: str) -> None:
    rgb = clips(4).requires_grad_()
    luma = built(choice)(rgb, matrix="bt601", generator=torch.Generator().manual_seed(0))
    assert luma.shape == (4, 3, 1, 48, 64) and luma.dtype == torch.float32 and not luma.requires_grad
    assert luma.isfinite().all() and luma.min() >= 0 and luma.max() <= 1


def test_the_yamls_get_worse() -> None:
    rgb, truth = clips(), luma_of_rgb(clips(), "bt709")
    errors = [
        (built(choice)(rgb, matrix="bt709", generator=torch.Generator().manual_seed(0)) - truth).square().mean()
        for choice in ("none", "light", "medium", "severe")
    ]
    assert errors == sorted(errors) and len(set(errors)) == 4


def test_medium_is_what_the_targets_are_stated_for() -> None:
    ranges = built("medium").ranges
    assert ranges["peak_electrons"] == (200, 200) and ranges["read_noise"] == (0.02, 0.02)
    assert ranges["blur_sigma"] == (1, 1) and ranges["h264_crf"] == (32, 32)
    assert {"gain", "vignette"} < set(ranges) and not {"timestamp", "lamp", "jpeg_quality"} & set(ranges)


@pytest.mark.parametrize("matrix", ["bt601", "bt709"])
def test_none_is_exactly_luma(matrix: str) -> None:
    for degradation in (
        built("none"),
        Degradation(share=0, blur_sigma=2),
        Degradation(chance=0, gain=3),
        Degradation(lamp_peak=2),
    ):
        luma = degradation(clips(), matrix=matrix, generator=torch.Generator().manual_seed(0))
        assert torch.equal(luma, luma_of_rgb(clips(), matrix))


def test_share_and_chance_choose_the_clips() -> None:
    rgb = grey(0.5, 1000, 1, 2, 2)
    changed = (degrade(rgb, share=0.6, chance={"bits": 0.5}, bits=1) != luma_of_rgb(rgb, "bt709")).flatten(1)
    assert (changed.all(1) == changed.any(1)).all()
    # Four standard deviations of a binomial share: 0.057.
    assert changed.any(1).float().mean().item() == pytest.approx(0.3, abs=0.06)


def test_the_seed_decides_everything() -> None:
    training = built("training")

    def draw(seed: int) -> Tensor:
        return training(clips(16), matrix="bt709", generator=torch.Generator().manual_seed(seed))

    torch.manual_seed(1)
    first = draw(3)
    torch.manual_seed(2)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(draw(3), first)
    assert not torch.equal(draw(4), first)


def test_a_generator_goes_on() -> None:
    degradation, generator = Degradation(read_noise=0.1), torch.Generator().manual_seed(0)
    first, second = (degradation(clips(), matrix="bt709", generator=generator) for _ in range(2))
    assert not torch.equal(first, second)


def test_strengths_differ_between_clips_and_not_within() -> None:
    luma = degrade(grey(0.2, 200, 3, 2, 2), gain=[0.5, 1.5], spectral_mix=5, vignette=[1, 4])
    assert (luma == luma[:, :1]).all()
    gains = light.to_linear(degrade(grey(0.2, 200, 3, 1, 1), gain=[0.5, 1.5])).flatten(1)[:, 0] / 0.2
    assert 0.5 <= gains.min() < 0.55 and 1.45 < gains.max() <= 1.5
    assert gains.mean().item() == pytest.approx(1, abs=4 / math.sqrt(12 * 200))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"peak_electrons": 0}, r"degrade\.peak_electrons=0 must be a number from 1 to"),
        ({"peak_electrons": [-5, 10]}, r"degrade\.peak_electrons=-5 must"),
        ({"blur_sigma": [2, 1]}, r"degrade\.blur_sigma=\[2, 1\] must have its lower end first: \[1, 2\]"),
        ({"blur_sigma": [1, 2, 3]}, r"degrade\.blur_sigma=\[1, 2, 3\] must be a number, \[low, high\] or null"),
        ({"blur_sigma": "soft"}, r"degrade\.blur_sigma=soft must be a number"),
        ({"gain": math.nan}, r"degrade\.gain=nan must"),
        ({"read_noise": True}, r"degrade\.read_noise=True must"),
        ({"exposure": 1.5}, r"degrade\.exposure=1\.5 must be a number from 0\.001 to 1"),
        ({"h264_crf": 52}, r"degrade\.h264_crf=52 must be a number from 0 to 51"),
        ({"jpeg_quality": 101}, r"degrade\.jpeg_quality=101"),
        ({"share": -0.1}, r"degrade\.share=-0\.1 must be a number from 0 to 1"),
        ({"chance": 1.2}, r"degrade\.chance=1\.2 must be a number from 0 to 1"),
        ({"chance": {"blur_sigma": 2}}, r"degrade\.chance\.blur_sigma=2 must be a number from 0 to 1"),
        ({"chance": {"gain": 0.5}}, r"a step in degrade\.chance=gain is unknown: choose .*low_light"),
        ({"half_angle": 90}, r"degrade\.half_angle=90 must"),
        ({"spectral_mean": [1, 1]}, r"degrade\.spectral_mean=\[1, 1\] must be \[red, green, blue\]"),
        ({"spectral_mean": [1, 0, 1]}, r"degrade\.spectral_mean=0 must"),
        ({"fog": 1}, r"degrade option=fog is unknown: choose .*vignette"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words) as error:
        Degradation(**options)
    assert "\n" not in str(error.value)


def test_pictures_without_time_are_refused() -> None:
    with pytest.raises(ValueError, match=r"rgb \(2, 3, 48, 64\) must be \(B, T, 3, H, W\)"):
        degrade(clips()[:, 0])
