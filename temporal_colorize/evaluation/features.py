"""Features of pictures for the Frechet distance, from EfficientNet-Lite2 with its ImageNet weights."""

import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.models.efficientnet_lite import EfficientNetLite, imagenet_weights

_SIDE = 256  # pixels; Lite2 was trained at 260


class Lite2Features:
    """The mean of the last feature map over the picture: 352 numbers.

    The distance over them is no FID (that is Inception's): it is named Frechet-Lite2 wherever it is printed.

    Raises:
        ModuleNotFoundError: If the weights' package is not installed.
    """

    def __init__(self) -> None:
        self._net = EfficientNetLite("lite2", channels=3)
        self._net.load_imagenet(imagenet_weights("lite2"))
        self._net.eval().requires_grad_(False)

    @torch.inference_mode()
    def __call__(self, rgb: Tensor) -> Tensor:
        """Take (3, H, W) in [0, 1], squeezed to a square; give (352,)."""
        square = F.interpolate(rgb[None], (_SIDE, _SIDE), mode="bilinear", antialias=True, align_corners=False)
        return self._net((square * 255 - 127) / 128)[-1].mean((-2, -1))[0].clone()
