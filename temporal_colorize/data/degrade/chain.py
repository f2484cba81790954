"""The whole chain, from light to file."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.chroma import luma_of_rgb
from temporal_colorize.color.standards import Matrix
from temporal_colorize.data.degrade import light as optics
from temporal_colorize.data.degrade import signal
from temporal_colorize.data.degrade.draws import (
    LIGHT_OPTIONS,
    Draws,
    Strength,
    as_chances,
    as_ranges,
    as_weights,
    draw_strengths,
)
from temporal_colorize.options import require_number


class Degradation:
    """Makes the luma that a poor camera would have delivered of clean colour clips.

    What a clip draws is the same for all its frames; noise is new in each. A clip with no step on gets its luma
    unchanged. Pixels are those of the clip as given: a sigma or a block is larger, as a share of the scene, in a
    smaller picture.

    Args:
        share: Of the clips that are degraded at all.
        chance: With which a step is on in such a clip: one number for all, or by step, 1 where not named; the four
            options of low light are one step, `low_light`, the three of the lamp another, `lamp`.
        spectral_mean: Mean weights of linear red, green and blue, of which `spectral_mix` draws.
        half_angle: Degrees between the picture's middle and its corner, for lamp and vignette.
        strengths: A number or a [low, high] of which every clip draws, or None for off; `conf/degrade/none.yaml` lists
            them with their units.

    Raises:
        ValueError: If an option is unknown or out of its limits.
    """

    def __init__(
        self,
        *,
        share: float = 1.0,
        chance: float | Mapping[str, float] = 1.0,
        spectral_mean: Sequence[float] = (1 / 3, 1 / 3, 1 / 3),
        half_angle: float = 35.0,
        **strengths: Strength | None,
    ) -> None:
        require_number("degrade.share", share, least=0, most=1)
        require_number("degrade.half_angle", half_angle, least=1, most=80)
        self.share, self.half_angle = share, half_angle
        self.spectral_mean = as_weights(spectral_mean)
        self.chances, self.ranges = as_chances(chance), as_ranges(strengths)

    @torch.no_grad()
    def __call__(self, rgb: Tensor, *, matrix: Matrix, generator: torch.Generator) -> Tensor:
        """Degrade a batch of clips; float32 inside autocast too.

        Args:
            rgb: (B, T, 3, H, W), gamma-coded, in [0, 1], on any device.
            matrix: The luma weights where no spectral mix is drawn.
            generator: On the CPU; decides all that is random (noise is drawn on the device, from its seed).

        Returns:
            (B, T, 1, H, W) float32 in [0, 1], gamma-coded.
        """
        if rgb.ndim != 5 or rgb.shape[2] != 3:
            raise ValueError(f"rgb {tuple(rgb.shape)} must be (B, T, 3, H, W)")
        seed = int(torch.randint(2**62, (), generator=generator))
        noise = torch.Generator(rgb.device).manual_seed(seed)
        draws = self._draw(len(rgb), seed, rgb.device)
        with torch.autocast(rgb.device.type, enabled=False):
            luma = luma_of_rgb(rgb.float(), matrix)
            if lit := draws.on(*LIGHT_OPTIONS):
                luma[lit] = optics.to_coded(self._light(rgb[lit].float(), luma[lit], draws.of(lit), noise))
            return self._signal(luma, draws)

    def _draw(self, clips: int, seed: int, device: torch.device) -> Draws:
        rngs = [np.random.default_rng([seed, clip]) for clip in range(clips)]
        degraded = [rng.random() < self.share for rng in rngs]
        strengths = [
            draw_strengths(self.ranges, self.chances, rng) if on else {} for rng, on in zip(rngs, degraded, strict=True)
        ]
        return Draws(strengths, rngs, device)

    def _light(self, rgb: Tensor, luma: Tensor, draws: Draws, noise: torch.Generator) -> Tensor:
        """From the scene to the sensor's signal, in linear light."""
        light = optics.to_linear(luma)
        if on := draws.on("spectral_mix", "infrared"):
            light[on] = self._sense(light[on], optics.to_linear(rgb[on]), draws.of(on))
        _apply(light, draws, "lamp", self._lamp)
        _apply(light, draws, "vignette", self._vignette)
        _apply(light, draws, "blur_sigma", lambda part, some: optics.blur(part, some.column("blur_sigma")))
        _apply(light, draws, "interlace", lambda part, some: optics.weave(part, some.column("interlace")))
        if on := draws.on("exposure", "peak_electrons", "read_noise", "gain"):
            light[on] = self._expose(light[on], draws.of(on), noise)
        return light

    def _sense(self, light: Tensor, linear_rgb: Tensor, draws: Draws) -> Tensor:
        if on := draws.on("spectral_mix"):
            some = draws.of(on)
            weights = [
                rng.dirichlet(self.spectral_mean * drawn["spectral_mix"])
                for rng, drawn in zip(some.rngs, some.strengths, strict=True)
            ]
            light[on] = optics.mix(linear_rgb[on], some.tensor(weights))
        if on := draws.on("infrared"):
            light[on] = optics.near_infrared(light[on], linear_rgb[on], draws.of(on).column("infrared"))
        return light

    def _lamp(self, light: Tensor, draws: Draws) -> Tensor:
        directions = np.array([rng.uniform(0, 2 * math.pi) for rng in draws.rngs])
        offsets = np.array([drawn.get("lamp_offset", 0.0) for drawn in draws.strengths])
        centre = draws.tensor(offsets[:, None] * np.stack([np.cos(directions), np.sin(directions)], 1))
        return light * draws.column("lamp_peak", 1.0) * self._falloff(draws.column("lamp"), centre, light)

    def _vignette(self, light: Tensor, draws: Draws) -> Tensor:
        exponent = draws.column("vignette")
        return light * self._falloff(exponent, exponent.new_zeros(len(exponent), 2, 1, 1, 1), light)

    def _falloff(self, exponent: Tensor, centre: Tensor, light: Tensor) -> Tensor:
        height, width = light.shape[-2:]
        return optics.cosine_falloff(exponent, centre, half_angle=self.half_angle, height=height, width=width)

    def _expose(self, light: Tensor, draws: Draws, noise: torch.Generator) -> Tensor:
        return optics.expose(
            light,
            exposure=draws.column("exposure", 1.0),
            gain=draws.column("gain", 1.0),
            peak_electrons=draws.column("peak_electrons") if "peak_electrons" in self.ranges else None,
            read_noise=draws.column("read_noise") if "read_noise" in self.ranges else None,
            generator=noise,
        )

    def _signal(self, luma: Tensor, draws: Draws) -> Tensor:
        """From the coded picture to what is read back from the file."""
        _apply(luma, draws, "timestamp", _stamp)
        _apply(luma, draws, "bits", lambda part, some: signal.quantise(part, some.column("bits")))
        _apply(luma, draws, "jpeg_quality", lambda part, some: signal.compress_jpeg(part, some.column("jpeg_quality")))
        _apply(luma, draws, "h264_crf", lambda part, some: signal.compress_h264(part, some.column("h264_crf")))
        return luma


def _apply(values: Tensor, draws: Draws, option: str, step: Callable[[Tensor, Draws], Tensor]) -> None:
    """Put the clips that have an option through a step, in place."""
    if on := draws.on(option):
        values[on] = step(values[on], draws.of(on))


def _stamp(luma: Tensor, draws: Draws) -> Tensor:
    _, frames, _, height, width = luma.shape
    stamps = [
        signal.timestamp(frames, height, width, letters=drawn["timestamp"], rng=rng)
        for drawn, rng in zip(draws.strengths, draws.rngs, strict=True)
    ]
    ink, cover = (torch.from_numpy(np.stack(layer)).to(luma.device) for layer in zip(*stamps, strict=True))
    return torch.lerp(luma, ink, cover)
