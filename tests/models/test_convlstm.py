import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from temporal_colorize.models.blocks import TemporalBlend
from temporal_colorize.models.convlstm import ConvLSTMUNet


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
    x, seen = torch.randn(1, 3, 4, 6, 6), torch.randn(1, 1, 2, 6, 6).expand(-1, 3, -1, -1, -1)
    fresh = torch.zeros(1, 3, 1, 6, 6)
    fresh[0, 1, 0, :3] = 1
    kept, _ = blend(x, seen, fresh, None)
    torch.testing.assert_close(kept[0, 0], x[0, 0])
    torch.testing.assert_close(kept[0, 1, :, 3:], x[0, 0, :, 3:])
    torch.testing.assert_close(kept[0, 1:, :, :3], x[0, 1:2, :, :3].expand(2, -1, -1, -1))


@torch.no_grad()
def test_the_blend_never_leaves_the_range_of_what_it_is_given() -> None:
    torch.manual_seed(0)
    blend = TemporalBlend(width=4, seen=2, hidden=8)
    torch.nn.init.normal_(blend.gate[-1].weight, std=5.0)
    x, seen = torch.rand(1, 500, 4, 4, 4), torch.rand(1, 500, 2, 4, 4)
    blended, _ = blend(x, seen, torch.zeros(1, 500, 1, 4, 4), None)
    assert blended.min() >= 0 and blended.max() <= 1
    assert (blended[:, 1:] - x[:, 1:]).abs().max() > 0.1


def test_a_network_is_built_again_from_its_config() -> None:
    net = ConvLSTMUNet(encoder="lite2", widths=(32, 24, 16), memory=(8, 0), blend=True, classify=False)
    again = ConvLSTMUNet(**net.config)
    assert {k: v.shape for k, v in again.state_dict().items()} == {k: v.shape for k, v in net.state_dict().items()}


@pytest.mark.parametrize("options", [{"encoder": "vgg"}, {"encoder": "residual", "pretrained": True}])
def test_an_impossible_encoder_is_refused(options: dict) -> None:
    with pytest.raises(ValueError, match="encoder"):
        ConvLSTMUNet(**options)
