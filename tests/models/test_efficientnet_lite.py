import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet

from temporal_colorize.models.efficientnet_lite import EfficientNetLite, imagenet_weights

KNOWN_MEANS = [3.060271, 6.312582, 6.543771, 5.162477, 1.566409]
# The last block at each stride, counted by hand in the published tables.
TAPS = {"lite0": (0, 2, 4, 10, 15), "lite2": (0, 3, 6, 14, 20)}


@torch.no_grad()
@pytest.mark.parametrize("variant", ["lite0", "lite2"])
def test_features_equal_those_of_the_published_network(variant: str) -> None:
    """The oracle is the package that the weights were made for, fed the grey picture three times over."""
    weights = imagenet_weights(variant)
    published = EfficientNet.from_name(f"efficientnet-{variant}", image_size=64).eval()  # or it pads as for 260
    published.load_state_dict(weights)
    ours = EfficientNetLite(variant).eval()
    ours.load_imagenet(weights)
    grey = torch.rand(2, 1, 64, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    features = published._swish(published._bn0(published._conv_stem(grey.expand(-1, 3, -1, -1))))
    expected = []
    for number, block in enumerate(published._blocks):
        features = block(features)
        if number in TAPS[variant]:
            expected.append(features)
    for mine, theirs in zip(ours(grey), expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)


def test_known_feature_values() -> None:
    """Means of the five features of one ramp, as the published network gave them (see the test above)."""
    ours = EfficientNetLite("lite0").eval()
    ours.load_imagenet(imagenet_weights("lite0"))
    ramp = torch.linspace(-1, 1, 64).expand(1, 1, 64, 64)
    with torch.no_grad():
        means = [feature.abs().mean().item() for feature in ours(ramp)]
    assert means == pytest.approx(KNOWN_MEANS, rel=1e-4)


def test_widths() -> None:
    assert EfficientNetLite("lite0").widths == [16, 24, 40, 112, 320]
    assert EfficientNetLite("lite2").widths == [16, 24, 48, 120, 352]


def test_weights_of_another_variant_are_refused() -> None:
    with pytest.raises(ValueError, match="weights"):
        EfficientNetLite("lite2").load_imagenet(imagenet_weights("lite0"))


def test_frozen_blocks_stay_as_they_are() -> None:
    net = EfficientNetLite("lite0", frozen_blocks=5).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1)
    net(torch.rand(4, 1, 64, 64))[-1].square().mean().backward()
    optimizer.step()
    changed = {
        name.split(".")[0] + name.split(".")[1]
        for name, value in net.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert not changed & {"stem0", "stem1", *(f"blocks{number}" for number in range(5))}
    assert "blocks5" in changed
