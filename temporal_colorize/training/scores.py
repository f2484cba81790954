"""What a validation says of pictures, beside its losses."""

import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.inference.planes import render
from temporal_colorize.metrics.image import ab_distance, accuracy, colorfulness, psnr


def picture_scores(luma: Tensor, ab: Tensor, target: Tensor) -> dict[str, float]:
    """Score frames at the resolution of their ab.

    Args:
        luma: (B, T, 1, H, W), Y' in 0..1.
        ab: (B, T, 2, h, w), and
        target: the truth's.

    Returns:
        auc: Raw, in 0..100, see `metrics.image.accuracy`.
        psnr: In dB, the mean over frames.
        colourfulness: After Hasler and Süsstrunk, the mean over frames, and
        colourfulness_true: the truth's.
    """
    luma, ab, target = (part.detach().flatten(0, 1).float().cpu() for part in (luma, ab, target))
    luma = F.interpolate(luma, ab.shape[-2:], mode="area")
    shown, true = render(luma, ab), render(luma, target)
    errors = (shown - true).square().flatten(1).mean(1).clamp_min(1e-10)  # 100 dB: both may be grey
    return {
        "auc": float(accuracy(ab_distance(ab, target)).mean()),
        "psnr": float(torch.tensor([psnr(error) for error in errors.tolist()]).mean()),
        "colourfulness": float(torch.tensor([colorfulness(rgb) for rgb in shown]).mean()),
        "colourfulness_true": float(torch.tensor([colorfulness(rgb) for rgb in true]).mean()),
    }
