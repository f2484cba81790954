"""What is kept of shards that lie elsewhere, with servers that break off, lie, and count."""

import hashlib
import http.server
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO

import pytest

from temporal_colorize.data import shard_cache
from temporal_colorize.data.pictures import DataError
from temporal_colorize.data.shard_cache import ShardCache
from temporal_colorize.data.shard_index import Shard, read_index
from temporal_colorize.data.shard_stream import ShardStreams
from temporal_colorize.remote import RemotePath

CONTENT = {f"/{number}.tar": bytes([number]) * 1000 for number in range(6)}


class Server(http.server.ThreadingHTTPServer):
    """Counts what it is asked for, and gives the first `broken` answers wrong."""

    asked: list[str]
    broken = 0


class _Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None: ...

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        wrong = len(self.server.asked) <= self.server.broken
        self.wfile.write(CONTENT[self.path][: 10 if wrong else None])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(shard_cache, "_PAUSE", 0)
    with Server(("127.0.0.1", 0), _Answer) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def shard(server: Server, number: int) -> Shard:
    content = CONTENT[f"/{number}.tar"]
    url = f"http://127.0.0.1:{server.server_port}/{number}.tar"
    return Shard(url, "picture", 1, len(content), hashlib.sha256(content).hexdigest())


def read(cache: ShardCache, wanted: Shard) -> bytes:
    with cache.open(wanted) as file:
        return file.read()


def test_several_threads_and_processes_fetch_a_shard_once(server: Server, tmp_path: Path) -> None:
    cache, wanted = ShardCache(str(tmp_path), gigabytes=1), shard(server, 1)
    with ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(3, get_context("spawn")) as processes:
        given = [pool.submit(read, cache, wanted) for pool in (threads, processes) for _ in range(3)]
        assert [one.result(60) for one in given] == [CONTENT["/1.tar"]] * 6
    assert server.asked == ["/1.tar"]


def test_what_is_fetched_ahead_is_there(server: Server, tmp_path: Path) -> None:
    cache = ShardCache(str(tmp_path), gigabytes=1)
    cache.fetch_ahead([shard(server, 2), shard(server, 3)])
    assert read(cache, shard(server, 2)) + read(cache, shard(server, 3)) == CONTENT["/2.tar"] + CONTENT["/3.tar"]
    assert sorted(server.asked) == ["/2.tar", "/3.tar"]


def test_a_wrong_answer_is_asked_for_again_and_never_kept(server: Server, tmp_path: Path) -> None:
    server.broken = 2
    cache = ShardCache(str(tmp_path), gigabytes=1)
    assert read(cache, shard(server, 1)) == CONTENT["/1.tar"] and len(server.asked) == 3
    server.broken = 100
    with pytest.raises(DataError, match=r"2\.tar cannot be read: its SHA-256"):
        cache.open(shard(server, 2))
    assert [path.name for path in tmp_path.glob("*.[tp]ar*")] == [f"{shard(server, 1).sha256}.tar"]


def test_what_was_not_used_for_longest_makes_room(server: Server, tmp_path: Path) -> None:
    cache = ShardCache(str(tmp_path), gigabytes=3e-6)
    still_read = cache.open(shard(server, 0))
    for number in (1, 2, 1, 3, 4):
        read(cache, shard(server, number))
    kept = {path.name for path in tmp_path.glob("*.tar")}
    assert kept == {f"{shard(server, number).sha256}.tar" for number in (1, 3, 4)}
    assert still_read.read() == CONTENT["/0.tar"]
    assert read(cache, shard(server, 0)) == CONTENT["/0.tar"]


def test_too_little_room_is_refused(server: Server, tmp_path: Path) -> None:
    shards = [shard(server, number) for number in range(6)]
    ShardCache(str(tmp_path), gigabytes=4e-6).check(shards, at_once=2)
    with pytest.raises(ValueError, match=r"data\.cache_gb=3e-06 is too little for 2 streams"):
        ShardCache(str(tmp_path), gigabytes=3e-6).check(shards, at_once=2)
    with pytest.raises(ValueError, match=r"data\.cache=/proc/nowhere is not a folder"):
        ShardCache("/proc/nowhere", gigabytes=1).check(shards, at_once=2)


class BreaksOffError(Exception):
    """As botocore's are: none of the operating system's."""


class BreaksOff(io.BytesIO):
    """What a store opens, and closes the connection of halfway."""

    def read(self, size: int = -1) -> bytes:
        if size < 0 or self.tell():
            raise BreaksOffError("Connection was closed")
        return super().read(5)


class Store:
    """Stands for S3: gives the content of shard 1, the first `broken` times half of it, and counts."""

    def __init__(self, broken: int) -> None:
        self.broken, self.asked = broken, 0

    def open(self) -> BinaryIO:
        self.asked += 1
        return (BreaksOff if self.asked <= self.broken else io.BytesIO)(CONTENT["/1.tar"])


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store(broken=2)
    monkeypatch.setattr(shard_cache, "_PAUSE", 0)
    monkeypatch.setattr(RemotePath, "open", lambda _: store.open())
    return store


def of_store() -> Shard:
    return Shard("s3://bucket/1.tar", "picture", 1, 1000, hashlib.sha256(CONTENT["/1.tar"]).hexdigest())


def test_a_store_that_breaks_off_is_asked_three_times(store: Store, tmp_path: Path) -> None:
    assert read(ShardCache(str(tmp_path), gigabytes=1), of_store()) == CONTENT["/1.tar"]
    assert store.asked == 3


def test_what_a_store_never_gives_whole_is_left_out(store: Store, tmp_path: Path) -> None:
    store.broken = 100
    cache = ShardCache(str(tmp_path), gigabytes=1)
    with pytest.raises(DataError, match=r"s3://bucket/1\.tar cannot be read: Connection was closed"):
        cache.open(of_store())
    assert store.asked == 3 and not list(tmp_path.glob("*.[tp]ar*"))
    with pytest.warns(UserWarning, match="left out"), pytest.raises(DataError, match="no sample in"):
        ShardStreams([of_store()], streams=1, seed=[0], cache=cache).sample(0, 0)
    with pytest.raises(DataError, match=r"index\.json is not an index .*: Connection was closed"):
        read_index("s3://bucket")


def fetch_ahead(cache: ShardCache, wanted: Shard) -> None:
    cache.fetch_ahead([wanted])
    for thread in [one for one in threading.enumerate() if one.name == "shards"]:
        thread.join(60)


def test_what_could_not_be_fetched_ahead_is_tried_again(store: Store, tmp_path: Path) -> None:
    cache, store.broken = ShardCache(str(tmp_path), gigabytes=1), 3
    fetch_ahead(cache, of_store())
    assert store.asked == 3
    fetch_ahead(cache, of_store())
    assert store.asked == 4 and read(cache, of_store()) == CONTENT["/1.tar"]
