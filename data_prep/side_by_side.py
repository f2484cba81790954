"""One picture of a frame as it was given, coloured, and in truth.

python -m data_prep.side_by_side TRUTH.mp4 COLOURED.mp4 OUTPUT.png [--at SECONDS]
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from temporal_colorize.video import open_local


def frame_at(path: Path, seconds: float) -> np.ndarray:
    """Decode the first frame at or after a time, or the last one: (H, W, 3) uint8 RGB."""
    frame = None
    with open_local(path) as container:
        for frame in container.decode(video=0):
            if frame.time >= seconds:
                break
    if frame is None:
        raise ValueError(f"{path}: no picture in it")
    return frame.to_ndarray(format="rgb24")


def side_by_side(truth: np.ndarray, coloured: np.ndarray) -> np.ndarray:
    """Put grey | coloured | truth next to each other, with names: (H + 28, 3 W, 3) uint8 RGB."""
    grey = cv2.cvtColor(cv2.cvtColor(truth, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    columns = []
    for name, picture in (("grey", grey), ("coloured", coloured), ("truth", truth)):
        bar = np.zeros((28, picture.shape[1], 3), np.uint8)
        cv2.putText(bar, name, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
        columns.append(np.concatenate([bar, picture]))
    return np.concatenate(columns, axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Put grey, coloured and truth side by side.")
    parser.add_argument("truth", type=Path)
    parser.add_argument("coloured", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--at", type=float, default=2.0, help="seconds")
    arguments = parser.parse_args()
    picture = side_by_side(frame_at(arguments.truth, arguments.at), frame_at(arguments.coloured, arguments.at))
    cv2.imwrite(str(arguments.output), picture[..., ::-1])


if __name__ == "__main__":
    main()
