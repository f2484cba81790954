"""Count how common each of the 313 ab bins is in the training data, as the training draws it.

python -m data_prep.prior OUTPUT.csv [--batches 400] [data.root=/my/data and other options of train.py]
"""

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize import cli
from temporal_colorize.color.bins import BIN_COUNT, bin_centres, count_prior
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.data.training_clips import ClipBatch


def prior_of(batches: Iterable[ClipBatch]) -> Tensor:
    """Count the colours of batches at the network's output resolution: (313,) float64, summing to 1."""
    counts = torch.zeros(BIN_COUNT, dtype=torch.float64)
    for batch in batches:
        ab = rgb_to_lab(batch.rgb.flatten(0, 1).float() / 255)[:, 1:]
        counts += count_prior(F.avg_pool2d(ab, 4))
    return counts / counts.sum()


def write_prior(path: Path, prior: Tensor) -> None:
    """Write what `color.bins.load_prior` reads."""
    with open(path, "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["index", "a", "b", "probability"])
        for index, ((a, b), probability) in enumerate(zip(bin_centres().tolist(), prior.tolist(), strict=True)):
            rows.writerow([index, f"{a:.0f}", f"{b:.0f}", f"{probability:.6g}"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Count the bins' prior over the training data.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--batches", type=int, default=400)
    parser.add_argument("options", nargs="*", help="as for train.py: data.root=/my/data experiment=default ...")
    arguments = parser.parse_intermixed_args()
    config = cli.compose("train", [*arguments.options, f"data.batches_an_epoch={arguments.batches}", "data.workers=0"])
    data = cli.build(config.data)
    data.setup()
    write_prior(arguments.output, prior_of(data.train_dataloader()))
    print(f"{arguments.output}: {BIN_COUNT} bins counted over {arguments.batches} batches")


if __name__ == "__main__":
    main()
