import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from temporal_colorize.models.convlstm import ConvLSTMUNet


def test_the_default_costs_what_its_yaml_says() -> None:
    net = ConvLSTMUNet().eval()
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(6.8e6, rel=0.01)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 1, 1, 256, 256))
    assert 4e9 <= counter.get_total_flops() <= 6e9


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


def test_a_network_is_built_again_from_its_config() -> None:
    net = ConvLSTMUNet(encoder="lite2", widths=(32, 24, 16), memory=(8, 0), classify=False)
    again = ConvLSTMUNet(**net.config)
    assert {k: v.shape for k, v in again.state_dict().items()} == {k: v.shape for k, v in net.state_dict().items()}


@pytest.mark.parametrize("options", [{"encoder": "vgg"}, {"encoder": "residual", "pretrained": True}])
def test_an_impossible_encoder_is_refused(options: dict) -> None:
    with pytest.raises(ValueError, match="encoder"):
        ConvLSTMUNet(**options)
