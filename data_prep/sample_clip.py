"""Render the sample clip: a short CCTV-like one in colour, with sound.

    python -m data_prep.sample_clip OUT.mp4 [--size 1920x1080] [--seconds 20] [--noise 4] [--movers 3] [--sway 0]

What is in it, and how it is drawn: `temporal_colorize/sample`.
"""

import argparse
from pathlib import Path

import av

from temporal_colorize.sample.clip import render_sample


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m data_prep.sample_clip", description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help="file to write: .mp4, .mkv or .mov")
    parser.add_argument("--size", default="640x360", help="WIDTHxHEIGHT, both even (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=4.0, help="length (default: %(default)s)")
    parser.add_argument("--fps", type=int, default=25, help="pictures per second (default: %(default)s)")
    parser.add_argument("--noise", type=float, default=4.0, help="sensor noise, levels of 255 (default: %(default)s)")
    parser.add_argument("--movers", type=int, choices=range(4), default=3, help="things that move (default: 3)")
    parser.add_argument("--sway", type=float, default=0.0, help="how far the camera swings, in widths (default: 0)")
    parser.add_argument("--crf", type=int, default=26, help="x264 quality (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the noise (default: %(default)s)")
    options = vars(parser.parse_args(arguments))
    path, size = options.pop("output"), options.pop("size")
    try:
        width, height = (int(number) for number in size.lower().split("x"))
        render_sample(path, width=width, height=height, **options)
    except (ValueError, OSError, av.FFmpegError) as error:
        parser.error(f"{path}, --size {size}: {error}")


if __name__ == "__main__":
    main()
