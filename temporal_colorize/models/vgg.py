"""VGG-16 (Simonyan and Zisserman 2014, configuration D), its parameters named as in torchvision."""

from collections.abc import Mapping

from torch import Tensor, nn

from temporal_colorize.models.public_weights import take

_POOL = 0
_LAYERS = [64, 64, _POOL, 128, 128, _POOL, 256, 256, 256, _POOL, 512, 512, 512, _POOL, 512, 512, 512, _POOL]


class VGG16(nn.Module):
    """The classifier, 138.4 M parameters with 1000 classes, of which the three fully connected layers have 123.6 M.

    It takes pictures as torchvision's weights do: (rgb - `mean`) / `std`, `side` pixels high and wide; any size from 32
    on will do, since the last features are averaged to 7x7. Weights start as in torchvision: He et al. 2015 (by the
    outputs) for convolutions, a standard deviation of 0.01 for the rest.

    Args:
        classes: Of the classifier.
    """

    side = 224
    mean = (0.485, 0.456, 0.406)
    std = (0.229, 0.224, 0.225)

    def __init__(self, *, classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.Sequential(*_convolutions())
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(),
            nn.Linear(4096, classes),
        )
        self.apply(_initialise)

    def forward(self, picture: Tensor) -> Tensor:
        """Compute the classes' scores before the softmax, (N, classes), of (N, 3, H, W)."""
        return self.classifier(self.avgpool(self.features(picture)).flatten(1))

    def load_imagenet(self, weights: Mapping[str, Tensor]) -> None:
        """Take torchvision's `vgg16` weights (not those with batch normalisation).

        Raises:
            ValueError: If they are not of this network; the message names the first tensor that does not fit.
        """
        take(self, weights, "torchvision's vgg16")


def _convolutions() -> list[nn.Module]:
    layers, inputs = [], 3
    for outputs in _LAYERS:
        if outputs == _POOL:
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
            inputs = outputs
    return layers


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
        nn.init.zeros_(module.bias)
