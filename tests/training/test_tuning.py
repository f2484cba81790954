import numpy as np
import pytest
import torch
from torch import Tensor

from temporal_colorize.color.bins import BIN_COUNT, encode_soft
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.inference.session import SessionOptions
from temporal_colorize.inference.weights import Decoding, Weights
from temporal_colorize.models.contract import ColorOutput
from temporal_colorize.training.tuning import Tuned, tune_decoding

OPTIONS = {
    "options": SessionOptions(size=64),
    "vividness": (0.0, 0.25, 0.5, 0.75, 1.0),
    "temperature": (0.2, 0.38, 1.0),
}
ORANGE, BLUE = (40.0, 50.0), (10.0, -40.0)


def bin_of(ab: tuple[float, float]) -> int:
    return int(encode_soft(torch.tensor(ab)[None, :, None, None], neighbours=1)[0])


class Opinion(torch.nn.Module):
    """A network that says the same of every pixel."""

    stride = 32
    fixed_size = None
    has_bins = True

    def __init__(self, logits: dict[int, float]) -> None:
        super().__init__()
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


def tuned(logits: dict[int, float], weights: Tensor, *scenes: list[np.ndarray], least: float, most: float) -> Tuned:
    network = Weights(Opinion(logits), weights, Decoding(), "opinion")
    return tune_decoding(network, scenes, colorfulness=(least, most), **OPTIONS)


@pytest.fixture
def torn() -> tuple[dict[int, float], Tensor]:
    """An opinion half sure that all is orange; training weighed grey down, so it is the likelier bin without that."""
    grey = bin_of((0.0, 0.0))
    weights = torch.zeros(BIN_COUNT)
    weights[grey] = -2.0
    return {grey: 0.0, bin_of(ORANGE): 0.0}, weights


def test_wrong_colours_are_taken_back_unless_colour_is_asked_for(torn: tuple[dict[int, float], Tensor]) -> None:
    """Most is blue, so grey is the better guess, but it is not colourful."""
    careful = tuned(*torn, picture(0.1), least=0.0, most=1.1).decoding
    vivid = tuned(*torn, picture(0.1), least=0.7, most=1.5)
    assert (careful.vividness, careful.temperature) == (0.0, 0.2)
    assert vivid.decoding.vividness > careful.vividness
    assert vivid.notes.startswith("1 scenes; stills: colourfulness ")


def test_clips_count_as_much_as_stills(torn: tuple[dict[int, float], Tensor]) -> None:
    """A grey clip forbids what ten orange stills would like: the bounds hold for each kind."""
    stills, clip = [picture(1.0)] * 10, picture(0.5) * 2
    alone = tuned(*torn, *stills, least=0.0, most=9.0).decoding
    together = tuned(*torn, *stills, clip, least=0.0, most=0.3).decoding
    assert alone.vividness == 1.0 > together.vividness


def test_if_nothing_is_within_the_bounds_the_nearest_is_taken(torn: tuple[dict[int, float], Tensor]) -> None:
    logits, weights = torn
    decoding = tuned(logits, weights, picture(0.1), least=50.0, most=60.0).decoding
    assert decoding.vividness == 1.0


def test_the_calibration_makes_it_as_sure_as_it_is_right() -> None:
    """Three quarters are orange; it is 27 to 1 for orange, and the cube root of that is 3 to 1."""
    scene = picture(0.75)
    rgb = torch.from_numpy(scene[0]).permute(2, 0, 1)[None].float() / 255
    lab = rgb_to_lab(rgb)[:, 1:]
    orange, blue = (int(encode_soft(lab[..., :1, x : x + 1], neighbours=1)[0]) for x in (0, 99))
    logits = {orange: float(np.log(27)), blue: 0.0}
    decoding = tuned(logits, torch.zeros(BIN_COUNT), scene, least=0.0, most=9.0).decoding
    assert decoding.calibration == pytest.approx(3, rel=0.1)


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(ValueError, match="held_out_percent"):
        tuned({0: 0.0}, torch.zeros(BIN_COUNT), least=0.0, most=1.0)
