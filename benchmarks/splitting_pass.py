"""Measure what the first pass of `inference.split` costs beside the whole command.

python -m benchmarks.splitting_pass video=clip.mp4 [options of infer.py]

Processor time, as a machine may be shared. What the first pass is of the whole command without it is the least time in
which any number of processes can colour the video.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from temporal_colorize.config.checking import check_coloring
from temporal_colorize.config.given import composed
from temporal_colorize.config.preparing import prepare
from temporal_colorize.inference.split import Finished, Start


def judge_pass(options: dict[str, str]) -> None:
    """Print the first pass's share of the processor time of the whole command."""
    with tempfile.TemporaryDirectory() as folder:
        output, spent = Path(folder) / "out.mp4", []
        config = composed("infer", {"record": False, "progress": False, **options, "output": str(output)})
        check_coloring(config)
        prepared = prepare(config, [Path(options["video"])])

        def nobody(begun: Iterator[Start]) -> Iterator[Finished]:
            before = time.process_time()
            for _ in begun:
                pass
            spent.append(time.process_time() - before)
            yield from ()

        for run in (None, nobody):  # the first time the network is prepared
            before = time.process_time()
            report = prepared.colorize(Path(options["video"]), output, run=run)
            whole = time.process_time() - before
        alone = whole - spent[0]
        print(
            f"{report.frames} frames, network on {report.looks}: {1e3 * alone / report.frames:.1f} ms a frame alone, "
            f"first pass {1e3 * spent[0] / report.frames:.1f}, which is {spent[0] / alone:.0%}"
        )


if __name__ == "__main__":
    judge_pass(dict(argument.split("=", 1) for argument in sys.argv[1:]))
