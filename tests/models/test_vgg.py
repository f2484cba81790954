import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from temporal_colorize.models.vgg import VGG16

# torchvision's numbers of the convolutions in `features`, their channels, and after which of them the picture halves:
# configuration D of table 1 in Simonyan and Zisserman 2014.
CONVOLUTIONS = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256), 12: (256, 256), 14: (256, 256)}
CONVOLUTIONS |= {17: (256, 512), 19: (512, 512), 21: (512, 512), 24: (512, 512), 26: (512, 512), 28: (512, 512)}
HALVED_AFTER = {2, 7, 14, 21, 28}
LINEAR = {0: (25088, 4096), 3: (4096, 4096), 6: (4096, 1000)}


def on_meta() -> VGG16:
    with torch.device("meta"):
        return VGG16().eval()


def narrow() -> VGG16:
    """The published convolutions under fully connected layers that cost nothing."""
    net = on_meta()
    for number, (inputs, outputs) in {0: (25088, 8), 3: (8, 6), 6: (6, 5)}.items():
        net.classifier[number] = nn.Linear(inputs, outputs, device="meta")
    net = net.to_empty(device="cpu")
    torch.manual_seed(0)
    for value in net.parameters():
        nn.init.normal_(value, std=(2 / value[0].numel()) ** 0.5 if value.ndim > 1 else 0.1)
    return net


def by_hand(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    for number in CONVOLUTIONS:
        x = F.conv2d(x, weights[f"features.{number}.weight"], weights[f"features.{number}.bias"], padding=1).clamp(
            min=0
        )
        if number in HALVED_AFTER:
            x = x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).amax((3, 5))
    x = x.flatten(1)  # 7x7 by now
    for number in LINEAR:
        x = x @ weights[f"classifier.{number}.weight"].T + weights[f"classifier.{number}.bias"]
        x = x if number == 6 else x.clamp(min=0)
    return x


def test_names_and_shapes_are_those_of_torchvision() -> None:
    expected = {}
    for number, (inputs, outputs) in CONVOLUTIONS.items():
        expected |= {f"features.{number}.weight": (outputs, inputs, 3, 3), f"features.{number}.bias": (outputs,)}
    for number, (inputs, outputs) in LINEAR.items():
        expected |= {f"classifier.{number}.weight": (outputs, inputs), f"classifier.{number}.bias": (outputs,)}
    assert {name: tuple(value.shape) for name, value in on_meta().state_dict().items()} == expected


def test_parameters_are_as_many_as_published() -> None:
    """138 M in the paper's table 2; torchvision prints 138357544."""
    assert sum(p.numel() for p in on_meta().parameters()) == 138_357_544


@torch.no_grad()
def test_scores_equal_the_layers_worked_one_by_one() -> None:
    net, picture = narrow(), torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(net(picture), by_hand(net.state_dict(), picture), atol=1e-4, rtol=1e-4)
    assert net(picture[:, :, :32, :64]).shape == (1, 5)  # any size


def test_weights_of_another_network_are_refused() -> None:
    weights = dict(on_meta().state_dict())
    weights["features.1.weight"] = torch.zeros(64)  # as in the variant with batch normalisation
    with pytest.raises(ValueError, match=r"torchvision.*features\.1\.weight"):
        on_meta().load_imagenet(weights)
