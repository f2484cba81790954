import pytest
import torch

from temporal_colorize.color.bins import BIN_COUNT
from tests.support.networks import tiny_network


@pytest.fixture
def clip() -> torch.Tensor:
    return 100 * torch.rand(2, 8, 1, 64, 96, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def hints(clip: torch.Tensor) -> torch.Tensor:
    hints = torch.zeros(2, 8, 3, 64, 96)
    hints[:, 0, :2, 10:40, 20:60] = 40.0
    hints[:, 0, 2, 10:40, 20:60] = 1.0
    hints[:, 5, 0, 0:8, 0:8], hints[:, 5, 2, 0:8, 0:8] = -30.0, 1.0
    return hints


@torch.no_grad()
def test_shapes(clip: torch.Tensor) -> None:
    output, _ = tiny_network()(clip)
    assert output.ab.shape == (2, 8, 2, 16, 24)
    assert output.logits.shape == (2, 8, BIN_COUNT, 16, 24)
    assert output.ab.abs().max() <= 110


@torch.no_grad()
@pytest.mark.parametrize("cuts", [(1,) * 8, (3, 5)], ids=["frame by frame", "3 + 5"])
def test_parts_equal_the_whole_clip(clip: torch.Tensor, hints: torch.Tensor, cuts: tuple[int, ...]) -> None:
    net = tiny_network()
    whole, whole_state = net(clip, hints)
    parts, state = [], None
    for lightness, hint in zip(clip.split(cuts, 1), hints.split(cuts, 1), strict=True):
        output, state = net(lightness, hint, state)
        parts.append(output)
    torch.testing.assert_close(torch.cat([part.logits for part in parts], 1), whole.logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(torch.cat([part.ab for part in parts], 1), whole.ab, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(state, whole_state, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_the_state_matters(clip: torch.Tensor) -> None:
    net = tiny_network()
    whole, _ = net(clip)
    alone, _ = net(clip[:, 4:5])
    assert (whole.ab[:, 4] - alone.ab[:, 0]).abs().max() > 1e-2


@torch.no_grad()
def test_no_hints_equal_hints_that_hint_nothing(clip: torch.Tensor, hints: torch.Tensor) -> None:
    net = tiny_network()
    torch.testing.assert_close(net(clip)[0].ab, net(clip, torch.zeros_like(hints))[0].ab)


@torch.no_grad()
def test_a_hint_is_carried_onward(clip: torch.Tensor, hints: torch.Tensor) -> None:
    net = tiny_network()
    hints[:, 5] = 0
    difference = (net(clip, hints)[0].ab - net(clip)[0].ab).abs().amax((0, 2, 3, 4))
    assert bool((difference > 1e-3).all())  # hinted in frame 0, seen in every later one


@torch.no_grad()
def test_without_bins_there_are_no_logits(clip: torch.Tensor) -> None:
    output, _ = tiny_network(classify=False)(clip)
    assert output.logits is None
    assert output.ab.shape == (2, 8, 2, 16, 24)


@pytest.mark.parametrize(
    ("lightness", "hints", "message"),
    [
        (torch.zeros(1, 1, 64, 64), None, r"\(B, T, 1, H, W\)"),
        (torch.zeros(1, 1, 1, 60, 64), None, "multiples of 32"),
        (torch.zeros(1, 2, 1, 64, 64), torch.zeros(1, 1, 3, 64, 64), "hints must be"),
    ],
)
def test_shapes_that_break_the_contract_are_refused(lightness, hints, message) -> None:
    with pytest.raises(ValueError, match=message):
        tiny_network()(lightness, hints)
