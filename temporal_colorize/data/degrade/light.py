"""What happens to light on its way through lamp, scene, lens and sensor.

Light is linear, 1 being the white of the picture; it may exceed that until the sensor clips it. Shapes are
(B, T, 1, H, W), and strengths are columns (B, 1, 1, 1, 1).
"""

import math

import torch
from kornia.filters import gaussian_blur2d
from torch import Tensor

_CHROMA_NOISE = 0.02  # light below which a saturation is the noise of the picture rather than its colour


def to_linear(coded: Tensor) -> Tensor:
    """Undo the sRGB curve (IEC 61966-2-1), any shape, [0, 1]."""
    power = (coded.clamp(min=0.04045) + 0.055).mul_(1 / 1.055).pow_(2.4)
    return torch.where(coded > 0.04045, power, coded * (1 / 12.92))


def to_coded(light: Tensor) -> Tensor:
    """Clip light to [0, 1] and apply the sRGB curve."""
    light = light.clamp(0, 1)
    power = light.clamp(min=0.0031308).pow_(1 / 2.4).mul_(1.055).sub_(0.055)
    return torch.where(light > 0.0031308, power, light * 12.92)


def mix(linear_rgb: Tensor, weights: Tensor) -> Tensor:
    """Weigh red, green and blue, (B, T, 3, H, W), by (B, 3, 1, 1, 1): what a sensor of that sensitivity gets."""
    return sum(linear_rgb[:, :, band : band + 1] * weights[:, band : band + 1] for band in range(3))


def near_infrared(light: Tensor, linear_rgb: Tensor, strength: Tensor) -> Tensor:
    """Brighten what is coloured, as near-infrared light would, more or less.

    An approximation: a picture does not say what a surface does beyond 750 nm. The rule of thumb is that what colours
    things, dye, chlorophyll and the blood in skin, absorbs little there. So the more saturated a surface is, the
    nearer it comes to half the absorbance of its brightest band, which is the square root of that band's reflectance:
    leaves of 12 % green get 35 %, a navy coat of 4 % blue gets 20 %. Grey stays as it is, cloth dyed black too (which
    in truth often glows), and blue sky, in truth dark, is taken for blue cloth. Light itself is taken to be white.

    Args:
        light: What the sensor would get without it.
        linear_rgb: (B, T, 3, H, W).
        strength: 0 for none of it, 1 for all.
    """
    brightest, darkest = linear_rgb.amax(2, keepdim=True), linear_rgb.amin(2, keepdim=True)
    saturation = (brightest - darkest) / (brightest + _CHROMA_NOISE)
    return torch.lerp(light, brightest.sqrt(), strength * saturation)


def cosine_falloff(exponent: Tensor, centre: Tensor, *, half_angle: float, height: int, width: int) -> Tensor:
    """Cosine to the power of `exponent` of the angle between each pixel's ray and a spot's.

    With exponent 4 the natural vignetting of a lens. For a lamp beside the lens, whose beam goes by cos^m, a wall
    gets cos^(m + 3): its distance (inverse square) and its slant give the three.

    Args:
        exponent: (B, 1, 1, 1, 1).
        centre: (B, 2, 1, 1, 1): x and y of the spot, from the picture's middle, in halves of its diagonal.
        half_angle: Degrees between the picture's middle and its corner.
        height: Of the picture, in pixels.
        width: The same.

    Returns:
        (B, 1, 1, H, W), 1 at the spot.
    """
    half_diagonal = math.hypot(height, width) / 2
    y = (torch.arange(height, device=exponent.device) - (height - 1) / 2)[:, None] / half_diagonal
    x = (torch.arange(width, device=exponent.device) - (width - 1) / 2) / half_diagonal
    square = (x - centre[:, :1]) ** 2 + (y - centre[:, 1:]) ** 2
    return (1 + square * math.tan(math.radians(half_angle)) ** 2) ** (-exponent / 2)


def blur(light: Tensor, sigma: Tensor) -> Tensor:
    """Blur each clip by a Gaussian of its sigma in pixels, cut at four sigmas, the border's pixels repeated."""
    batch, frames = light.shape[:2]
    radius = max(1, math.ceil(4 * float(sigma.max())))
    sigmas = sigma.reshape(batch, 1).clamp(min=1e-3).repeat_interleave(frames, 0).expand(-1, 2)
    return gaussian_blur2d(light.flatten(0, 1), 2 * radius + 1, sigmas, border_type="replicate").view_as(light)


def weave(light: Tensor, shift: Tensor) -> Tensor:
    """Replace the odd lines by those of the next frame (in the last frame, of the one before).

    A clip of one frame gets its own odd lines, moved by `shift` whole pixels to the right, instead.
    """
    batch, frames, _, _, width = light.shape
    woven = light.clone()
    if frames > 1:
        neighbour = [*range(1, frames), frames - 2]
        woven[..., 1::2, :] = light[:, neighbour, :, 1::2]
        return woven
    columns = (torch.arange(width, device=light.device) - shift.round().long()).clamp(0, width - 1)
    odd = light[..., 1::2, :]
    woven[..., 1::2, :] = odd.gather(-1, columns.expand(batch, 1, 1, odd.shape[-2], width))
    return woven


def expose(
    light: Tensor,
    *,
    exposure: Tensor,
    gain: Tensor,
    peak_electrons: Tensor | None,
    read_noise: Tensor | None,
    generator: torch.Generator,
) -> Tensor:
    """Take the picture with too little light, and let the camera's gain lift it again.

    Args:
        light: Linear.
        exposure: Share of the light that is left.
        gain: Brightness after amplification; the factor is gain / exposure, so 1 puts white back to white.
        peak_electrons: Photo-electrons at the sensor's full scale, which light 1 reaches at exposure 1; None for no
            photon noise.
        read_noise: Standard deviation of the Gaussian noise as a share of full scale, before the gain; or None.
        generator: On the device of light; every pixel of every frame draws anew.

    Returns:
        Light clipped to [0, 1], by the sensor and again after the gain.
    """
    signal = (light * exposure).clamp_(min=0)
    if peak_electrons is not None:
        signal = torch.poisson(signal * peak_electrons, generator) / peak_electrons
    if read_noise is not None:
        noise = torch.randn(signal.shape, generator=generator, device=signal.device)
        signal = signal + noise * read_noise
    return (signal.clamp(0, 1) * (gain / exposure)).clamp_(0, 1)
