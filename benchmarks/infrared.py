"""Try the detector of infrared footage on clips: which it holds to be infrared, and on colour clips turned grey.

python -m benchmarks.infrared CLIPS... [--night 90] [--half] [--plot infrared.png]

A line for each clip: its mean luma, whether it has colour, the share of frames held to be infrared, and the last score.
Night is a mean luma below `--night`. `--half` leaves out the clips on which the weights were trained.
"""

import argparse
import time
import zlib
from pathlib import Path

import cv2
import numpy as np

from benchmarks.plots import bars
from temporal_colorize.data.clips import VideoClips
from temporal_colorize.inference.infrared import InfraredDetector, load_model
from temporal_colorize.inference.planes import FULL_RANGE, see

_EVERY = 6  # frames, as the gate might have it
_COLOURED = 3.0  # mean chroma, in ab units


def main() -> None:
    parser = argparse.ArgumentParser(description="Try the detector of infrared footage.")
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--night", type=float, default=90)
    parser.add_argument("--half", action="store_true")
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    seconds, shares, alarms = [], {}, {"colour, night": [], "colour, day": [], "monochrome": []}
    print("| clip | mean luma | | infrared frames | score of the first |\n|---|---|---|---|---|")
    for path in arguments.clips:
        if arguments.half and zlib.crc32(path.stem.encode()) % 2 == 0:
            continue
        detector, frames = InfraredDetector(), VideoClips([path]).frames(0)[::_EVERY]
        planes = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
        seen = [
            see(plane, (192, round(192 * plane.shape[1] / plane.shape[0])), FULL_RANGE)[0].numpy() for plane in planes
        ]
        began = time.perf_counter()
        for lightness in seen:
            detector(lightness, cut=False)
        seconds.append((time.perf_counter() - began) / len(seen))
        luma, chroma = float(np.mean(planes)), cv2.cvtColor(frames[0], cv2.COLOR_RGB2LAB)[..., 1:].astype(float) - 128
        coloured = float(np.hypot(*chroma.transpose(2, 0, 1)).mean()) > _COLOURED
        kind = "monochrome" if not coloured else "colour, night" if luma < arguments.night else "colour, day"
        alarms[kind].append(detector.share > 0.5)
        shares[path.stem] = {kind: detector.share}
        if not arguments.half:
            print(f"| {path.stem} | {luma:.0f} | {kind} | {detector.share:.0%} | {load_model()(seen[0]):+.1f} |")
    for kind, found in alarms.items():
        print(f"{kind}: {sum(found)} of {len(found)} held to be infrared")
    if arguments.plot is not None:
        bars(shares, arguments.plot, measure="share of the frames held to be infrared")
    print(f"{1000 * np.median(seconds):.2f} ms a frame, median")


if __name__ == "__main__":
    main()
