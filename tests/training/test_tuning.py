import numpy as np
import pytest
import torch
from torch import Tensor

from temporal_colorize.color.bins import BIN_COUNT, encode_soft
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.inference.session import SessionOptions
from temporal_colorize.inference.weights import Decoding, Weights
from temporal_colorize.models.contract import ColorOutput
from temporal_colorize.training.tuning import TEMPERATURE, VIVIDNESS, tune_decoding

OPTIONS = SessionOptions(size=64)
ORANGE, BLUE = (40.0, 50.0), (10.0, -40.0)


def bin_of(ab: tuple[float, float]) -> int:
    return int(encode_soft(torch.tensor(ab)[None, :, None, None], neighbours=1)[0])


class Opinion(torch.nn.Module):
    """A network that says the same of every pixel."""

    stride = 32

    def __init__(self, logits: dict[int, float]) -> None:
        super().__init__()
        self.config = {"classify": True}
        self.logits = torch.full((BIN_COUNT,), -30.0)
        for index, value in logits.items():
            self.logits[index] = value

    def forward(self, lightness: Tensor, hints: None, state: None) -> tuple[ColorOutput, None]:
        batch, frames, _, height, width = lightness.shape
        shape = (batch, frames, BIN_COUNT, height // 4, width // 4)
        ab = torch.zeros(batch, frames, 2, height // 4, width // 4)
        return ColorOutput(ab, self.logits[:, None, None].expand(shape)), None


def picture(share_orange: float) -> list[np.ndarray]:
    """A picture with an orange and a blue part of one luma, in 100 columns."""
    rgb = np.empty((64, 100, 3), np.uint8)
    split = round(100 * share_orange)
    rgb[:, :split], rgb[:, split:] = (214, 120, 60), (130, 137, 200)
    return [rgb]


def tuned(logits: dict[int, float], weights: Tensor, scene: list[np.ndarray], least: float) -> Decoding:
    network = Weights(Opinion(logits), weights, Decoding(), "opinion")
    return tune_decoding(network, [scene], options=OPTIONS, least_colorfulness=least)


def test_wrong_colours_are_taken_back_unless_colour_is_asked_for() -> None:
    """It is half sure that all is orange, and most is blue: grey is the better guess, but it is not colourful."""
    grey = bin_of((0.0, 0.0))
    weights = torch.zeros(BIN_COUNT)
    weights[grey] = -2.0  # training weighed grey down, so it is the likelier bin once that is taken out
    logits = {grey: 0.0, bin_of(ORANGE): 0.0}
    careful = tuned(logits, weights, picture(0.1), least=0.0)
    vivid = tuned(logits, weights, picture(0.1), least=0.7)
    assert (careful.vividness, careful.temperature) == (0.0, min(TEMPERATURE))
    assert vivid.vividness > careful.vividness
    assert vivid.vividness in VIVIDNESS and vivid.temperature in TEMPERATURE


def test_if_nothing_is_colourful_enough_the_most_colourful_is_taken() -> None:
    grey = bin_of((0.0, 0.0))
    weights = torch.zeros(BIN_COUNT)
    weights[grey] = -1.0
    decoding = tuned({grey: 2.0, bin_of(ORANGE): 0.0}, weights, picture(0.1), least=50.0)
    assert (decoding.vividness, decoding.temperature) == (1.0, max(TEMPERATURE))


def test_the_calibration_makes_it_as_sure_as_it_is_right() -> None:
    """Three quarters are orange; it is 27 to 1 for orange, and the cube root of that is 3 to 1."""
    scene = picture(0.75)
    rgb = torch.from_numpy(scene[0]).permute(2, 0, 1)[None].float() / 255
    lab = rgb_to_lab(rgb)[:, 1:]
    orange, blue = (int(encode_soft(lab[..., :1, x : x + 1], neighbours=1)[0]) for x in (0, 99))
    decoding = tuned({orange: float(np.log(27)), blue: 0.0}, torch.zeros(BIN_COUNT), scene, least=0.0)
    assert decoding.calibration == pytest.approx(3, rel=0.1)


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(ValueError, match="held_out_percent"):
        tune_decoding(
            Weights(Opinion({0: 0.0}), torch.zeros(BIN_COUNT), Decoding(), "x"),
            [],
            options=OPTIONS,
            least_colorfulness=0.5,
        )
