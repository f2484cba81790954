"""How much of a training's speed its loader costs, and how long a cold cache keeps it waiting.

python -m benchmarks.loader [--model convlstm] [--rounds 5] [--batches 6] [--workers 1] [--threads 1]
                            [--megabytes-a-second 20] [--shards FOLDER]

In turn: training steps on batches that are held in memory, and the same steps on those batches as the loader makes them
out of shards, its cache warm. Then, with an empty cache, how long the first batch takes over HTTP of limited bandwidth,
and the longest wait after it. The shards are made of scikit-image's photographs unless a folder of them is given.
"""

import argparse
import functools
import http.server
import statistics
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import torch

from data_prep.prepare import prepare
from data_prep.shards import write_shards
from temporal_colorize import cli
from temporal_colorize.data.pictures import Photographs
from temporal_colorize.data.shards import ShardDataModule
from temporal_colorize.data.training_clips import ClipBatch
from temporal_colorize.training.module import ColorizationModule

_PIECE = 1 << 16
_NO_HINTS = {"hint_full": 0.0, "hint_sparse": 0.0}


def make_shards(folder: Path, *, pictures: int = 600) -> Path:
    """Cut pieces out of the photographs, prepare them and pack them."""
    (folder / "raw").mkdir()
    photographs = Photographs()
    for number in range(pictures):
        whole = photographs[number % len(photographs)]
        top, left = number * 7 % (whole.shape[0] - 200), number * 13 % (whole.shape[1] - 200)
        piece = cv2.cvtColor(whole[top : top + 200, left : left + 200], cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / "raw" / f"{number}.png"), piece)
    prepare("pictures", folder / "raw", folder / "prepared")
    write_shards(folder / "prepared", folder / "shards", shard_mb=0.2)
    return folder / "shards"


class _Slow(http.server.SimpleHTTPRequestHandler):
    """Gives all that ask together so many bytes a second."""

    bytes_a_second = 1e6
    _pipe = threading.Lock()

    def log_message(self, *arguments: object) -> None: ...

    def copyfile(self, source, outputfile) -> None:
        while piece := source.read(_PIECE):
            with self._pipe:
                time.sleep(len(piece) / self.bytes_a_second)
                outputfile.write(piece)


def serve(folder: Path, *, bytes_a_second: float) -> http.server.ThreadingHTTPServer:
    kind = type("Slow", (_Slow,), {"bytes_a_second": bytes_a_second})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(kind, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def steps(module: ColorizationModule, optimizer: torch.optim.Optimizer, batches: Iterable[ClipBatch]) -> float:
    """Train on batches; return the frames a second."""
    start, frames = time.perf_counter(), 0
    for number, batch in enumerate(batches):
        optimizer.zero_grad()
        module.training_step(batch, number).backward()
        optimizer.step()
        frames += batch.rgb.shape[0] * batch.rgb.shape[1]
    return frames / (time.perf_counter() - start)


def training(model: str) -> tuple[ColorizationModule, torch.optim.Optimizer]:
    config = cli.compose("train", [f"model={model}"])
    optimizer = cli.build(config.optimizer)
    make = optimizer.pop("make")
    options = {**optimizer, **cli.build(config.loss), **_NO_HINTS}
    module = ColorizationModule(cli.build(config.model), optimizer=make, **options, seed=0)
    module.log = module.log_dict = lambda *_, **__: None
    return module.train(), make(module.net.parameters())


def data_of(url: str, cache: Path, arguments: argparse.Namespace) -> ShardDataModule:
    given = [f"data.urls={url}", f"data.cache={cache}", f"data.workers={arguments.workers}"]
    config = cli.compose("train", ["data=shards", *given, f"data.batches_an_epoch={arguments.batches + 1}"])
    data = cli.build(config.data)
    data.setup()
    return data


def after_the_first(batches: Iterable[ClipBatch]) -> Iterator[ClipBatch]:
    """Leave out the first batch, for which the workers have to be started."""
    given = iter(batches)
    next(given)
    return given


def waits(data: ShardDataModule) -> list[float]:
    """Give the seconds that each batch takes to come, nobody training meanwhile."""
    taken, since = [], time.perf_counter()
    for _ in data.train_dataloader():
        now = time.perf_counter()
        taken.append(now - since)
        since = now
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="convlstm")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=6)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of the network; a core is left for each worker")
    parser.add_argument("--megabytes-a-second", type=float, default=20)
    parser.add_argument("--shards", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        shards = arguments.shards or make_shards(Path(folder))
        server = serve(shards, bytes_a_second=1e6 * arguments.megabytes_a_second)
        url = f"http://127.0.0.1:{server.server_port}"
        taken = waits(data_of(url, Path(folder) / "cache", arguments))
        megabytes = sum(path.stat().st_size for path in (Path(folder) / "cache").glob("*.tar")) / 1e6
        print(f"cold cache, {arguments.megabytes_a_second:g} MB/s: first batch {taken[0]:.2f} s, ", end="")
        print(f"longest after it {max(taken[1:]):.2f} s, {megabytes:.1f} MB fetched in {sum(taken):.1f} s")
        data = data_of(url, Path(folder) / "cache", arguments)
        loader = data.train_dataloader()
        held = list(after_the_first(loader))
        module, optimizer = training(arguments.model)
        steps(module, optimizer, held[:2])
        rates: dict[str, list[float]] = {"held": [], "loader": []}
        for _ in range(arguments.rounds):
            rates["held"].append(steps(module, optimizer, held))
            rates["loader"].append(steps(module, optimizer, after_the_first(loader)))
        shares = [loaded / free for free, loaded in zip(*rates.values(), strict=True)]
        held_rate, loader_rate = (statistics.median(each) for each in rates.values())
        print(f"{held_rate:.1f} frames/s held in memory, {loader_rate:.1f} by the loader with a warm cache: ", end="")
        print(f"{100 * statistics.median(shares):.1f} % (rounds: {', '.join(f'{100 * s:.1f}' for s in shares)})")
        server.shutdown()


if __name__ == "__main__":
    main()
