"""sRGB and CIELAB, for training and metrics.

Lab in half precision is wrong by whole units, so both directions always run in float32, autocast or not.
"""

import torch
from kornia.color import lab_to_rgb as _lab_to_rgb
from kornia.color import rgb_to_lab as _rgb_to_lab
from torch import Tensor


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """Convert sRGB to CIELAB (D65).

    Args:
        rgb: (*, 3, H, W), gamma-coded, in [0, 1].

    Returns:
        (*, 3, H, W) float32: L* in 0..100, a and b within about -110..110.
    """
    with torch.autocast(rgb.device.type, enabled=False):
        return _rgb_to_lab(rgb.float())


def lab_to_rgb(lab: Tensor) -> Tensor:
    """Convert CIELAB (D65) to sRGB; colours outside the cube are clipped.

    Args:
        lab: (*, 3, H, W), L* in 0..100.

    Returns:
        (*, 3, H, W) float32 in [0, 1].
    """
    with torch.autocast(lab.device.type, enabled=False):
        return _lab_to_rgb(lab.float(), clip=True)
