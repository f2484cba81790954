import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import fsspec
import numpy as np
import pytest
import torch

from data_prep.prepare import prepare
from data_prep.shards import write_shards
from temporal_colorize import cli
from temporal_colorize.data import shard_cache
from temporal_colorize.data.manifest import read_manifest
from temporal_colorize.data.pictures import DataError, FilePictures, decode_picture
from temporal_colorize.data.shard_cache import ShardCache
from temporal_colorize.data.shard_index import Shard, place_of, read_index
from temporal_colorize.data.shard_stream import ShardStreams
from temporal_colorize.data.shards import ShardDataModule
from tests.data_prep.raw import picture, save, save_video


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared folder, and shards of a few pictures each beside it."""
    folder = tmp_path_factory.mktemp("prepared")
    for number in range(30):
        save(folder / "raw" / "stills" / f"{number}.png", picture(number))
    for number in range(4):
        save_video(folder / "raw" / "videos" / f"{number}.mp4", seed=100 + number, count=10)
    for kind, name in (("pictures", "stills"), ("videos", "videos")):
        prepare(kind, folder / "raw" / name, folder / "out", tuning_percent=20)
    write_shards(folder / "out", folder / "shards", shard_mb=0.004)
    return folder / "out"


@pytest.fixture
def shards(output: Path) -> Path:
    return output.parent / "shards"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture
def address(shards: Path) -> Iterator[str]:
    """The shards on a web server of this machine."""
    handler = functools.partial(_Quiet, directory=shards)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def bucket(shards: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The shards in an object store that speaks S3, on this machine."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    opened = fsspec.get_filesystem_class("s3")
    opened.clear_instance_cache()  # of another address
    store = opened()
    store.mkdir("bucket")
    for path in shards.iterdir():
        store.pipe(f"bucket/shards/{path.name}", path.read_bytes())
    yield "s3://bucket/shards"  # the server's threads are daemons; its stop() would wait for connections kept alive


@pytest.fixture
def cache(tmp_path: Path) -> ShardCache:
    return ShardCache(str(tmp_path / "cache"), gigabytes=1)


def of_kind(base: str, kind: str, split: str = "train") -> list[Shard]:
    return [shard for shard in read_index(base)[split] if shard.kind == kind]


def streams(found: list[Shard], cache: ShardCache, *, count: int = 1) -> ShardStreams:
    return ShardStreams(found, streams=count, seed=[0], cache=cache)


@pytest.mark.parametrize("where", ["folder", "index", "http", "pipe", "bucket"])
def test_the_same_pictures_arrive_from_anywhere(
    where: str, output: Path, cache: ShardCache, request: pytest.FixtureRequest
) -> None:
    shards = output.parent / "shards"
    bases = {"folder": str(shards), "index": f"{shards}/index.json", "pipe": f"pipe:cat '{shards}/{{}}'"}
    fixtures = {"http": "address", "bucket": "bucket"}
    base = bases.get(where) or request.getfixturevalue(fixtures[where])
    found = of_kind(base, "picture")
    source = streams(found, cache)
    samples = (source.sample(0, number) for number in range(sum(shard.samples for shard in found)))
    streamed = {name: decode_picture(content, name) for name, content in samples}
    stored = FilePictures([output / "pictures" / "stills.tar"])
    training = {e.path.rpartition("/")[2] for e in read_manifest(output / "manifest.csv") if e.split == "train"}
    numbers = {f"stills-{name.rpartition('/')[2]}": number for number, name in enumerate(stored.names)}
    wanted = {name for name in numbers if name.removeprefix("stills-") in training}
    assert streamed.keys() == wanted
    assert all(np.array_equal(rgb, stored[numbers[name]]) for name, rgb in streamed.items())
    kept = {path.name for path in cache.folder.glob("*.tar")} if cache.folder.exists() else set()
    assert kept == (set() if where in ("folder", "index") else {f"{shard.sha256}.tar" for shard in found})


def test_every_round_has_everything_in_another_order(shards: Path, cache: ShardCache) -> None:
    found = of_kind(str(shards), "picture")
    count = sum(shard.samples for shard in found)
    names = [streams(found, cache).sample(0, number)[0] for number in range(2 * count)]
    assert sorted(names[:count]) == sorted(names[count:])
    assert names[:count] != names[count:]


@pytest.mark.parametrize("count", [2, 3, 20])  # the last: more than there are shards
def test_streams_have_shards_of_their_own(count: int, shards: Path, cache: ShardCache) -> None:
    found = of_kind(str(shards), "picture")
    source = streams(found, cache, count=count)
    of_streams = [set(source._dealt(0)[stream]) for stream in range(count)]
    assert set.union(*of_streams) == set(range(len(found))) and all(of_streams)
    if count <= len(found):
        assert sum(map(len, of_streams)) == len(found)


def module(urls: str | list[str], **options: object) -> ShardDataModule:
    defaults = {"size": 32, "frames": 3, "frames_a_batch": 6, "batches_an_epoch": 6, "workers": 0, "video_share": 0.5}
    data = ShardDataModule(urls=urls, shuffle_pictures=8, shuffle_clips=2, streams=2, **{**defaults, **options})
    data.setup()
    return data


def epoch(data: ShardDataModule, number: int) -> list[torch.Tensor]:
    loader = data.train_dataloader()
    loader.sampler.set_epoch(number)
    return [batch.rgb for batch in loader]


def same(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_batches_are_those_of_the_other_datamodule(shards: Path) -> None:
    batches = list(module(str(shards), batches_an_epoch=12).train_dataloader())
    assert {tuple(batch.rgb.shape) for batch in batches} == {(6, 1, 3, 32, 32), (2, 3, 3, 32, 32)}
    assert all(batch.rgb.dtype == torch.uint8 and batch.flow.shape[1] == batch.rgb.shape[1] - 1 for batch in batches)
    motion = [batch.visible.amax((1, 2, 3, 4)) for batch in batches if batch.rgb.shape[1] == 3]
    assert set(torch.cat(motion).tolist()) == {0, 1}  # real clips, whose motion is not known, and moving stills


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_is_the_same_again_and_unlike_the_next(workers: int, shards: Path) -> None:
    data = module(str(shards), workers=workers)
    third = epoch(data, 3)
    resumed = module(str(shards), workers=workers)
    assert same(epoch(resumed, 3), third)
    assert not same(epoch(resumed, 4), third)
    assert same(epoch(data, 3), third)


def test_workers_change_nothing(shards: Path) -> None:
    assert same(epoch(module(str(shards)), 1), epoch(module(str(shards), workers=2), 1))


def test_a_loader_goes_on_where_another_was(shards: Path) -> None:
    """With what a checkpoint has kept, and a worker that was further than what it had given: as from files."""
    data = module(str(shards), workers=1)
    loader = data.train_dataloader()
    loader.sampler.set_epoch(2)
    batches = iter(loader)
    whole = [next(batches).rgb for _ in range(2)]
    state = data.state_dict()
    whole += [batch.rgb for batch in batches]
    resumed = module(str(shards))
    resumed.load_state_dict(state)
    other = resumed.train_dataloader()
    other.sampler.set_epoch(2)
    assert state == {"epoch": 2, "given": 2, "batches": 6}
    assert same([batch.rgb for batch in other], whole[2:])
    assert resumed.state_dict() == {"epoch": 2, "given": len(whole), "batches": 6}
    other.sampler.set_epoch(3)
    assert len(list(other)) == len(whole)


def test_devices_draw_one_batch_together_from_streams_of_their_own(
    shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two devices with a stream each draw what one that has both would have drawn."""
    read: dict[ShardStreams, set[int]] = {}
    sample = ShardStreams.sample

    def recorded(source: ShardStreams, stream: int, position: int) -> tuple[str, bytes]:
        read.setdefault(source, set()).add(stream)
        return sample(source, stream, position)

    monkeypatch.setattr(ShardStreams, "sample", recorded)
    alone = module(str(shards), frames_a_batch=12, frames=3, video_share=0.0)
    parts = [module(str(shards), frames_a_batch=6, frames=3, video_share=0.0) for _ in range(2)]
    for device, data in enumerate(parts):
        data.trainer = SimpleNamespace(global_rank=device, world_size=2)
    whole, *divided = (epoch(data, 0) for data in (alone, *parts))
    assert same([torch.cat(two) for two in zip(*divided, strict=True)], whole)
    assert [read[data.training.pictures._streams] for data in (alone, *parts)] == [{0, 1}, {0}, {1}]


def test_streams_that_cannot_be_dealt_out_are_refused(shards: Path) -> None:
    with pytest.raises(ValueError, match=r"data\.streams=2 cannot be dealt out to 3 devices"):
        module(str(shards)).batches_a_step(3)


@pytest.mark.parametrize("workers", [0, 1])
def test_validation_is_the_same_in_every_epoch(workers: int, shards: Path) -> None:
    loader = module(str(shards), workers=workers).val_dataloader()
    first, second = ([batch.rgb for batch in loader] for _ in range(2))
    assert same(first, second)


def test_tuning_shards_are_not_trained_on(shards: Path) -> None:
    data = module(str(shards))
    names = {key: {Path(shard.url).name for shard in getattr(data, key).shards} for key in ("training", "tuning")}
    assert all(name.startswith("train-") for name in names["training"])
    assert all(name.startswith("tuning-") for name in names["tuning"])


def test_several_folders_are_one_set(shards: Path, address: str) -> None:
    data = module([str(shards), address])
    assert len(data.training.shards) == 2 * len(read_index(str(shards))["train"])
    assert len(epoch(data, 0)) == 6


def test_a_shard_that_breaks_off_is_left_with_a_warning(output: Path, tmp_path: Path, cache: ShardCache) -> None:
    write_shards(output, tmp_path, shard_mb=0.004)
    found = of_kind(str(tmp_path), "picture")
    found[0].local.write_bytes(found[0].local.read_bytes()[:700])
    found[1].local.unlink()
    source = streams(found, cache)
    with pytest.warns(UserWarning, match="left out of the training") as warned:
        names = {source.sample(0, number)[0] for number in range(100)}
    said = " ".join(str(warning.message) for warning in warned)
    assert sum(warning.category is UserWarning for warning in warned) == 2 and all(
        shard.local.name in said for shard in found[:2]
    )
    assert len(names) == sum(shard.samples for shard in found[2:])
    for shard in found[2:]:
        shard.local.unlink()
    with pytest.warns(UserWarning), pytest.raises(DataError, match="no sample in"):
        streams(found, cache).sample(0, 0)


def test_a_missing_page_is_an_error(address: str, cache: ShardCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_cache, "_PAUSE", 0)
    with pytest.raises(DataError, match=r"none/index\.json is not an index"):
        read_index(f"{address}/none")
    missing = Shard(f"{address}/none.tar", "picture", 3, 100, "0" * 64)
    with pytest.warns(UserWarning, match=r"none\.tar cannot be read"), pytest.raises(DataError, match="no sample"):
        streams([missing], cache).sample(0, 0)


@pytest.mark.parametrize(
    ("urls", "words"),
    [([], "data.urls is missing"), ("/nowhere", "nowhere/index.json"), ("nothing://bucket", "nothing://bucket")],
)
def test_what_cannot_be_used_is_named(urls: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        module(urls)


def test_a_place_in_a_folder() -> None:
    assert place_of("s3://bucket/shards/", "index.json") == "s3://bucket/shards/index.json"
    assert place_of("https://host/shards/index.json", "a.tar") == "https://host/shards/a.tar"
    assert place_of("https://host/{}?signed=yes", "a.tar") == "https://host/a.tar?signed=yes"
    assert place_of("pipe:aws s3 cp s3://b/{} -", "a.tar") == "pipe:aws s3 cp s3://b/a.tar -"
    assert place_of("shards", "a.tar") == str(Path("shards/a.tar").absolute())


def test_the_options_of_a_command_line(shards: Path) -> None:
    config = cli.compose("train", ["data=shards", f"data.urls={shards}", "data.workers=0", "data.size=32"])
    data = cli.build(config.data)
    data.setup()
    assert next(iter(data.train_dataloader())).rgb.shape[-1] == 32
