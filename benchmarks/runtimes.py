"""How far runtimes are from PyTorch in float32, and what each takes for a frame, in turn on one machine.

python -m benchmarks.runtimes clip.mp4 [graph.xml graph.onnx ...] [--weights convlstm] [--size 192] [--frames 100]
    [--threads 2]

Each colours the clip with its own carried state; graphs that export.py wrote come after the runtimes of the weights.
Distances are between decoded ab, in ab units, over all frames; milliseconds are medians over all frames but the first.
"""

import argparse
import itertools
import statistics
import time

import torch

from temporal_colorize.inference.planes import see
from temporal_colorize.inference.runtimes import RuntimeOptions, open_weights
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.video import Frame, VideoReader

KINDS = (("torch", "fp32"), ("openvino", "fp32"), ("openvino", "bf16"))
CPU = torch.device("cpu")


class Row:
    """One runtime's stream, its times and its distances from the first row's."""

    def __init__(self, name: str, session: Session) -> None:
        self.name, self.session = name, session
        self.network: list[float] = []
        self.decoding: list[float] = []
        self.distances: list[torch.Tensor] = []

    def color(self, seen: torch.Tensor) -> torch.Tensor:
        start = time.perf_counter()
        output = self.session.step(seen)
        middle = time.perf_counter()
        ab = self.session.decode(output).ab
        self.network.append(1e3 * (middle - start))
        self.decoding.append(1e3 * (time.perf_counter() - middle))
        return ab

    def __str__(self) -> str:
        distance = torch.stack(self.distances).flatten()
        times = [statistics.median(times[1:]) for times in (self.network, self.decoding)]
        return f"| {self.name} | {distance.mean():.4f} | {distance.max():.3f} | {times[0]:.1f} | {times[1]:.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video")
    parser.add_argument("graphs", nargs="*")
    parser.add_argument("--weights", default="convlstm")
    parser.add_argument("--size", type=int, default=None)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    options = SessionOptions(size=arguments.size)
    asked = [(arguments.weights, *kind) for kind in KINDS] + [(graph, "auto", "auto") for graph in arguments.graphs]
    rows = []
    for name, runtime, precision in asked:
        weights = open_weights(name, RuntimeOptions(runtime=runtime, precision=precision), device=CPU)
        rows.append(Row(f"{runtime} {precision}" if runtime != "auto" else name, Session(weights, options)))
    with VideoReader(arguments.video) as reader:
        for row in rows:
            size = row.session.prepare(reader.info.height, reader.info.width)
        frames = (item for item in reader if isinstance(item, Frame))
        for frame in itertools.islice(frames, arguments.frames):
            seen = see(frame.luma, size)
            colors = [row.color(seen) for row in rows]
            for row, color in zip(rows, colors, strict=True):
                row.distances.append((color - colors[0]).norm(dim=0))
    print(f"{size[0]}x{size[1]}, {len(rows[0].network)} frames, {arguments.threads} threads\n")
    print("| | mean ab distance | largest | network, ms | decoding, ms |\n|---|---|---|---|---|")
    print("\n".join(map(str, rows)))


if __name__ == "__main__":
    main()
