import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from temporal_colorize.models.blocks import TemporalBlend
from temporal_colorize.models.contract import decode
from temporal_colorize.models.convlstm import ConvLSTMUNet
from tests.support.networks import tiny_network


def fresh(x: torch.Tensor, seen: torch.Tensor, hints: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Make a blend's state for a fresh start."""
    return *(torch.zeros_like(part[:, 0]) for part in (x, seen, hints)), torch.zeros_like(hints[:, 0, :1])


def test_the_default_costs_what_its_yaml_says() -> None:
    net = ConvLSTMUNet(blend=True).eval()
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(6.8e6, rel=0.01)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 1, 1, 256, 256))
    assert counter.get_total_flops() == pytest.approx(5.9e9, rel=0.01)


@torch.no_grad()
@pytest.mark.parametrize("memory", [(8, 8), (8, 0), (0, 8), (0, 0)])
def test_either_memory_can_be_left_out(memory: tuple[int, int]) -> None:
    net = ConvLSTMUNet(encoder="residual", encoder_width=8, widths=(16, 16, 16), memory=memory).eval()
    clip = 100 * torch.rand(1, 4, 1, 64, 64)
    whole, state = net(clip)
    assert len(state) == 2 * sum(size > 0 for size in memory)
    state, parts = None, []
    for frame in clip.split(1, 1):
        output, state = net(frame, None, state)
        parts.append(output.ab)
    torch.testing.assert_close(torch.cat(parts, 1), whole.ab, atol=1e-3, rtol=1e-4)


@torch.no_grad()
def test_the_blend_keeps_what_stands_still_and_takes_a_new_hint() -> None:
    blend = TemporalBlend(width=4, seen=2, hidden=8)
    torch.nn.init.constant_(blend.gate[-1].bias, 20.0)  # z = 1 wherever it may
    x, seen = torch.randn(1, 4, 4, 6, 6), torch.randn(1, 1, 2, 6, 6).expand(-1, 4, -1, -1, -1)
    hints = torch.zeros(1, 4, 3, 6, 6)
    red, half_blue = torch.tensor([60.0, 30.0, 1.0]), torch.tensor([20.0, -80.0, 0.5])
    hints[0, 1, :, :3], hints[0, 2, :, 2] = red[:, None, None], half_blue[:, None]
    kept, known, _ = blend(x, seen, hints, fresh(x, seen, hints))
    torch.testing.assert_close(kept[0, 0], x[0, 0])
    torch.testing.assert_close(kept[0, 3, :, 3:], x[0, 0, :, 3:])  # never hinted
    torch.testing.assert_close(kept[0, 3, :, :2], x[0, 1, :, :2])  # since the hint
    assert (known[0, 0] == 0).all() and (known[0, :, 2, 3:] == 0).all()
    torch.testing.assert_close(known[0, 1:, :, :2], red[:, None, None].expand(3, -1, 2, 6))
    mixed = torch.tensor([40.0, -25.0, 1.0])  # half of the red is kept beside the blue
    torch.testing.assert_close(known[0, 2:, :, 2], mixed[:, None].expand(2, -1, 6))


@torch.no_grad()
def test_the_blend_never_leaves_the_range_of_what_it_is_given() -> None:
    torch.manual_seed(0)
    blend = TemporalBlend(width=4, seen=2, hidden=8)
    torch.nn.init.normal_(blend.gate[-1].weight, std=5.0)
    x, seen = torch.rand(1, 500, 4, 4, 4), torch.rand(1, 500, 2, 4, 4)
    hints = torch.rand(1, 500, 3, 4, 4) * (torch.rand(1, 500, 1, 4, 4) < 0.1)
    blended, known, _ = blend(x, seen, hints, fresh(x, seen, hints))
    assert min(blended.min(), known.min()) >= 0 and max(blended.max(), known.max()) <= 1 + 1e-5
    assert (blended[:, 1:] - x[:, 1:]).abs().max() > 0.1


@torch.no_grad()
def test_the_first_frame_is_taken_as_it_is_and_the_next_is_a_convex_mix() -> None:
    """Against the formula, bit by bit: nothing is kept where no frame came before, whatever the state then holds."""
    torch.manual_seed(0)
    blend = TemporalBlend(width=4, seen=2, hidden=8)
    torch.nn.init.normal_(blend.gate[-1].weight, std=5.0)
    x, seen, hints = torch.randn(2, 2, 4, 6, 6), torch.randn(2, 2, 2, 6, 6), torch.rand(2, 2, 3, 6, 6)
    blended, known, after = blend(x, seen, hints, fresh(x, seen, hints))
    assert torch.equal(blended[:, 0], x[:, 0])
    change = 8 * (seen[:, 1] - seen[:, 0]).abs()
    gate = blend.gate(torch.cat([x[:, 1], x[:, 0], change], dim=1)).sigmoid()
    keep = (1.06 * gate - 0.03).clamp(0, 1) * (1 - hints[:, 1, 2:])
    assert torch.equal(blended[:, 1], torch.lerp(x[:, 1], x[:, 0], keep))
    assert keep.min() == 0 and keep.max() > 0.5
    assert torch.equal(known[:, 0, 2:], hints[:, 0, 2:])
    assert torch.equal(known[:, 1, 2:], hints[:, 1, 2:] + keep * hints[:, 0, 2:])
    junk = *(torch.full_like(part, 9.0) for part in after[:3]), torch.zeros_like(after[3])
    assert torch.equal(blend(x, seen, hints, junk)[0], blended) and (after[3] == 1).all()


@torch.no_grad()
@pytest.mark.parametrize("classify", [True, False])
def test_a_hinted_cell_is_given_back_in_its_frame_whatever_the_decoding(classify: bool) -> None:
    net = tiny_network(classify=classify)
    hints = torch.zeros(1, 2, 3, 64, 64)
    hints[0, 0, :, 8:16, 8:16] = torch.tensor([33.0, -21.0, 1.0])[:, None, None]
    output, _ = net(100 * torch.rand(1, 2, 1, 64, 64), hints)
    for how in ({"vividness": 0.0, "temperature": 1.0}, {"vividness": 1.0, "temperature": 0.38}):
        ab = decode(output, torch.randn(313), **how)
        torch.testing.assert_close(ab[0, 0, :, 2:4, 2:4], torch.tensor([33.0, -21.0])[:, None, None].expand(2, 2, 2))
        assert (ab[0, 0, :, :2] - ab[0, 0, :, 2:3, 2:3]).abs().max() > 1


def test_a_network_is_built_again_from_its_config() -> None:
    net = ConvLSTMUNet(encoder="lite2", widths=(32, 24, 16), memory=(8, 0), blend=True, classify=False)
    again = ConvLSTMUNet(**net.config)
    assert {k: v.shape for k, v in again.state_dict().items()} == {k: v.shape for k, v in net.state_dict().items()}


@pytest.mark.parametrize("options", [{"encoder": "vgg"}, {"encoder": "residual", "pretrained": True}])
def test_an_impossible_encoder_is_refused(options: dict) -> None:
    with pytest.raises(ValueError, match="encoder"):
        ConvLSTMUNet(**options)
