"""Compare ways to decode one network's posterior on the tuning split: one vividness for all, or one by scene.

python -m benchmarks.decodings data.root=/my/data [weights=convlstm] [--pictures 130] [--clips 32]

"by scene" makes the mean chroma of each scene what its honest posterior expects it to be, times k: by the vividness
that gives it (matched), or by a factor on the honest colours (scaled).
"""

import argparse
from collections import defaultdict
from collections.abc import Callable

import torch
from torch import Tensor

from temporal_colorize import cli
from temporal_colorize.color.bins import (
    bin_centres,
    decode_annealed_mean,
    encode_soft,
    posterior,
)
from temporal_colorize.evaluation.scenes import balance
from temporal_colorize.inference.session import SessionOptions
from temporal_colorize.inference.weights import load_weights
from temporal_colorize.metrics.image import ab_distance, accuracy, colorfulness, psnr
from temporal_colorize.training.tuning import look, render

Decode = Callable[[Tensor, Tensor], Tensor]  # logits (313, h, w) and log weights to ab (2, h, w)


def expected_chroma(logits: Tensor, log_weights: Tensor) -> Tensor:
    """Mean over the picture of the chroma that the honest posterior expects, a scalar in ab units."""
    chroma = bin_centres().norm(dim=1)[:, None, None]
    return (posterior(logits, log_weights) * chroma).sum(0).mean()


def matched(share: float, temperature: float) -> Decode:
    """Find the vividness whose mean chroma is `share` of the expected one, by bisection."""

    def decode(logits: Tensor, log_weights: Tensor) -> Tensor:
        wanted = share * expected_chroma(logits, log_weights)
        low, high = 0.0, 1.0
        for _ in range(6):
            middle = (low + high) / 2
            ab = decode_annealed_mean(logits, log_weights, vividness=middle, temperature=temperature)
            low, high = (middle, high) if ab.norm(dim=0).mean() < wanted else (low, middle)
        return ab

    return decode


def scaled(share: float) -> Decode:
    """Stretch the mean of the honest posterior until its mean chroma is `share` of the expected one."""

    def decode(logits: Tensor, log_weights: Tensor) -> Tensor:
        ab = decode_annealed_mean(logits, log_weights, temperature=1.0)
        return ab * (share * expected_chroma(logits, log_weights) / ab.norm(dim=0).mean().clamp_min(0.1))

    return decode


def plain(vividness: float, temperature: float) -> Decode:
    """Decode every scene alike."""
    return lambda logits, log_weights: decode_annealed_mean(
        logits, log_weights, vividness=vividness, temperature=temperature
    )


DECODINGS: dict[str, Decode] = {
    **{f"vividness {v}, T {t}": plain(v, t) for t in (0.38, 1.0) for v in (0.0, 0.5, 0.65, 0.8, 0.9, 1.0)},
    **{f"matched by scene, k {k}, T {t}": matched(k, t) for t in (0.38, 1.0) for k in (0.6, 0.8, 1.0)},
    **{f"scaled by scene, k {k}": scaled(k) for k in (0.6, 0.8, 1.0)},
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare decodings on the tuning split.")
    parser.add_argument("--pictures", type=int, default=130)
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("options", nargs="*", help="as for train.py: data.root=/my/data weights=convlstm")
    arguments = parser.parse_intermixed_args()
    config = cli.compose("train", arguments.options)
    data = cli.build(config.data)
    data.setup()
    weights = load_weights(config.weights or "convlstm")
    for kind, count in {"pictures": arguments.pictures, "clips": arguments.clips}.items():
        scenes = list(data.tuning.scenes(**{"pictures": 0, "clips": 0, kind: count}, frames=8))
        sums: dict[str, list[float]] = defaultdict(lambda: [0.0] * 6)
        for scene in scenes:
            seen = look(weights, scene, SessionOptions())
            truth = render(seen.luma, seen.ab)
            weight = balance()[encode_soft(seen.ab, neighbours=1)[0][0, 0]]
            results = {name: decode(seen.logits, weights.log_weights) for name, decode in DECODINGS.items()}
            for name, ab in {"grey": torch.zeros_like(seen.ab[0]), "truth": seen.ab[0], **results}.items():
                rgb, hits = render(seen.luma, ab[None]), accuracy(ab_distance(ab, seen.ab[0]))
                parts = hits.sum(), hits.numel(), (hits * weight).sum(), weight.sum()
                parts = *parts, (rgb - truth).square().mean() * hits.numel(), colorfulness(rgb)
                sums[name] = [total + float(part) for total, part in zip(sums[name], parts, strict=True)]
        print(f"\n{len(scenes)} {kind} of the tuning split\n")
        print("| | AuC over grey | balanced AuC over grey | PSNR over grey | colourfulness / truth |")
        print("|---|---|---|---|---|")
        grey, true = sums["grey"], sums["truth"]
        for name in DECODINGS:
            hits, pixels, balanced, weight, squares, colour = sums[name]
            gains = hits / pixels - grey[0] / grey[1], balanced / weight - grey[2] / grey[3]
            gain = psnr(squares / pixels) - psnr(grey[4] / grey[1])
            print(f"| {name} | {gains[0]:+.2f} | {gains[1]:+.2f} | {gain:+.2f} | {colour / true[5]:.2f} |")


if __name__ == "__main__":
    main()
