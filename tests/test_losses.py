import pytest
import torch

from temporal_colorize.color.bins import BIN_COUNT, bin_centres, load_prior, rebalancing_weights
from temporal_colorize.losses import classification_loss, regression_loss, temporal_loss


def test_regression_by_hand() -> None:
    ab = torch.tensor([10.0, 25.0]).reshape(1, 2, 1, 1)
    # smooth L1 with beta 10: 0.5 * 10 for the first, 25 - 5 for the second, divided by 10
    torch.testing.assert_close(regression_loss(ab, torch.zeros_like(ab)), torch.tensor((5.0 + 20.0) / 2 / 10))


def test_other_distances_by_hand() -> None:
    ab = torch.tensor([11.0, -55.0]).reshape(1, 2, 1, 1)  # 0.1 and 0.5 of 110
    zeros = torch.zeros_like(ab)
    torch.testing.assert_close(regression_loss(ab, zeros, distance="squared"), torch.tensor((0.01 + 0.25) / 2))
    torch.testing.assert_close(regression_loss(ab, zeros, distance="absolute"), torch.tensor((0.1 + 0.5) / 2))
    with pytest.raises(ValueError, match=r"loss\.distance=cubic"):
        regression_loss(ab, zeros, distance="cubic")


def test_pixel_weights_weigh_pixels() -> None:
    """One pixel with all the weight: the loss is its own, times its weight, divided by the number of pixels."""
    logits, index = torch.randn(1, BIN_COUNT, 1, 2), torch.tensor([[[[3, 200]]]])
    share, flat = torch.ones(1, 1, 1, 2), torch.ones(BIN_COUNT)
    of_the_second = torch.nn.functional.cross_entropy(logits[:, :, 0, 1], torch.tensor([200]))
    weighted = classification_loss(logits, index, share, flat, torch.tensor([[[0.0, 3.0]]]))
    torch.testing.assert_close(weighted, 3 * of_the_second / 2)


def test_classification_equals_pytorch_s_dense_cross_entropy() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, BIN_COUNT, 3, 3)
    index = torch.stack([torch.randperm(BIN_COUNT)[:5] for _ in range(18)]).reshape(2, 3, 3, 5).movedim(-1, 1)
    share = torch.softmax(torch.randn(2, 5, 3, 3), 1)
    dense = torch.zeros_like(logits).scatter_(1, index, share)
    expected = torch.nn.functional.cross_entropy(logits, dense)
    torch.testing.assert_close(classification_loss(logits, index, share, torch.ones(BIN_COUNT)), expected)


def gradient_at(colour_bin: int, weights: torch.Tensor) -> float:
    logits = torch.zeros(1, BIN_COUNT, 1, 1, requires_grad=True)
    index = torch.full((1, 1, 1, 1), colour_bin)
    classification_loss(logits, index, torch.ones(1, 1, 1, 1), weights).backward()
    return float(logits.grad.norm())


def test_a_rare_colour_s_gradient_is_larger() -> None:
    weights = rebalancing_weights(load_prior())
    common = int(bin_centres().norm(dim=1).argmin())
    rare = int(load_prior().argmin())
    assert gradient_at(rare, weights) > 5 * gradient_at(common, weights)
    flat = rebalancing_weights(load_prior(), uniform=1.0)
    torch.testing.assert_close(gradient_at(rare, flat), gradient_at(common, flat))


def test_temporal_loss_is_zero_for_colours_that_move_with_the_scene() -> None:
    first = torch.rand(1, 2, 8, 8) * 50
    second = torch.roll(first, shifts=-1, dims=-1)
    flow = torch.zeros(1, 1, 2, 8, 8)
    flow[:, :, 0] = 1.0
    visible = torch.ones(1, 1, 1, 8, 8)
    visible[..., -1] = 0
    clip = torch.stack([first, second], 1)
    assert temporal_loss(clip, flow, visible) < 1e-4
    still = temporal_loss(clip, torch.zeros_like(flow), visible)
    assert still > 0.1
    by_hand = ((second - first).abs() * visible[:, 0]).sum() / (2 * visible.sum()) / 10
    torch.testing.assert_close(still, by_hand, atol=1e-4, rtol=0)


@pytest.mark.parametrize("factor", [4, 0.5])
def test_temporal_loss_at_another_resolution_than_the_flow_s(factor: float) -> None:
    """Colours that rise evenly from left to right, carried along by one cell of the flow a frame."""
    size = int(8 * factor)
    ramp = ((torch.arange(size) + 0.5) / factor).expand(1, 1, 2, size, size)
    flow, visible = torch.zeros(1, 1, 2, 8, 8), torch.zeros(1, 1, 1, 8, 8)
    flow[:, :, 0] = 1.0
    visible[..., 2:-3] = 1  # away from the border, where the averages are even
    carried, still = torch.cat([ramp, ramp + 1], 1), torch.cat([ramp, ramp], 1)
    assert temporal_loss(carried, flow, visible) < 1e-5
    torch.testing.assert_close(temporal_loss(still, flow, visible), torch.tensor(0.1))


def test_temporal_loss_of_a_single_frame_or_unknown_motion_is_zero() -> None:
    assert temporal_loss(torch.rand(1, 1, 2, 4, 4), torch.zeros(1, 0, 2, 4, 4), torch.zeros(1, 0, 1, 4, 4)) == 0
    assert temporal_loss(torch.rand(1, 2, 2, 4, 4), torch.zeros(1, 1, 2, 4, 4), torch.zeros(1, 1, 1, 4, 4)) == 0
