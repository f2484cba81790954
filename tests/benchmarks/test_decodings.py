import pytest
import torch
from torch import Tensor

from benchmarks.decodings import Decode, expected_chroma, matched, scaled
from temporal_colorize.color.bins import BIN_COUNT, bin_centres


@pytest.fixture
def opinion() -> tuple[Tensor, Tensor]:
    """Orange or grey, and training had weighed colour up."""
    centres = bin_centres()
    spread = (centres - torch.tensor([40.0, 40.0])).square().sum(1), centres.square().sum(1)
    logits = torch.stack([-part / 300 for part in spread]).logsumexp(0)
    return logits[:, None, None].expand(-1, 6, 6), centres.norm(dim=1) / 15


def test_the_expected_chroma_of_a_certain_opinion_is_that_of_its_bin() -> None:
    logits = torch.full((BIN_COUNT, 2, 2), -50.0)
    logits[7] = 50.0
    assert expected_chroma(logits, torch.zeros(BIN_COUNT)) == pytest.approx(float(bin_centres()[7].norm()))


@pytest.mark.parametrize("decode", [matched(0.4, 1.0), scaled(0.4)], ids=["matched", "scaled"])
def test_by_scene_the_mean_chroma_is_the_share_asked_for(decode: Decode, opinion: tuple[Tensor, Tensor]) -> None:
    ab = decode(*opinion)
    assert ab.norm(dim=0).mean() == pytest.approx(float(0.4 * expected_chroma(*opinion)), rel=0.05)
