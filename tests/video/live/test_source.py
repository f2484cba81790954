"""A GStreamer camera that is interrupted in every way, and a stream over HTTP that needs none."""

import http.server
import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from temporal_colorize.video import VideoError
from temporal_colorize.video.live import LiveOutput, LiveSource, Picture, SourceOptions, TargetOptions
from temporal_colorize.video.live.connection import Connection, Tally
from tests.support.live import ENCODING, live_info, live_pictures
from tests.support.rtsp import RtspServer, free_port, needs_rtsp, wait_until
from tests.support.videos import index_of, write_video

OPTIONS = SourceOptions(read_timeout=0.5, probe=0.2)


class Viewer:
    """A source that is watched by a thread.

    Attributes:
        pictures: all that it gave, and
        packets: of sound.
        said: lines for people.
    """

    def __init__(self, url: str, options: SourceOptions = OPTIONS, *, pause: float = 0.0) -> None:
        self.pictures: list[Picture] = []
        self.packets: list[object] = []
        self.said: list[str] = []
        self.source = LiveSource(url, options, start=time.monotonic(), name="camera1", tell=self.said.append)
        self._pause, self._ended = pause, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Viewer":
        self.source.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.source.stop()
        self._thread.join()
        times = [picture.frame.pts for picture in self.pictures]
        assert all(later > one for one, later in itertools.pairwise(times)), "time went back"

    def _run(self) -> None:
        while not self._ended.is_set():
            item = self.source.take(0.1)
            if isinstance(item, Picture):
                self.pictures.append(item)
                self._ended.wait(self._pause)
            elif item is not None:
                self.packets.append(item)

    def wait_for_more(self, *, seconds: float = 5.0) -> None:
        """Wait for pictures after the present ones."""
        count = len(self.pictures)
        wait_until(lambda: len(self.pictures) > count + 2, seconds=seconds, what="pictures")


@pytest.fixture(scope="module")
def camera() -> Iterator[RtspServer]:
    with RtspServer("--size", "160x120", "--keyframes", "10", "--sound") as server:
        yield server


@needs_rtsp
def test_a_camera_that_stalls_or_closes_is_connected_again(camera: RtspServer) -> None:
    with Viewer(camera.url) as viewer:
        viewer.wait_for_more()
        camera.tell("close")
        wait_until(lambda: viewer.source.reconnects == 1, seconds=5, what="connected again")
        viewer.wait_for_more()
        camera.tell("stall")
        wait_until(lambda: not viewer.source.up, seconds=3, what="the stall was noticed")
        camera.tell("go")
        wait_until(lambda: viewer.source.reconnects == 2, seconds=5, what="connected again")
        viewer.wait_for_more()
    assert len({id(picture.info) for picture in viewer.pictures}) == 1  # nothing begins anew
    assert viewer.said.count("camera1: connected") == 2


@needs_rtsp
def test_a_camera_that_dies_is_back_within_seconds(camera: RtspServer) -> None:
    with RtspServer("--size", "160x120") as server, Viewer(server.url) as viewer:
        viewer.wait_for_more()
        server.kill()
        wait_until(lambda: any("refused" in line for line in viewer.said), seconds=5, what="the refusal was told")
        time.sleep(0.5)
        with RtspServer("--size", "192x128", port=server.port):
            viewer.wait_for_more(seconds=5)
    assert [viewer.pictures[0].info.width, viewer.pictures[-1].info.width] == [160, 192]
    gap = max(np.diff([picture.frame.time for picture in viewer.pictures]))
    assert 0.5 < gap < 8  # the time line shows it


@needs_rtsp
def test_a_change_of_size_is_described_anew(camera: RtspServer) -> None:
    with Viewer(camera.url) as viewer:
        viewer.wait_for_more()
        camera.tell("size 192x128")
        wait_until(lambda: viewer.pictures[-1].info.width == 192, seconds=5, what="the other size")
        viewer.wait_for_more()
        camera.tell("size 160x120")
    assert all(p.frame.luma.shape == (p.info.height, p.info.width) for p in viewer.pictures)


@needs_rtsp
def test_sound_goes_along_on_the_same_time_line(camera: RtspServer) -> None:
    with Viewer(camera.url) as viewer:
        wait_until(lambda: len(viewer.packets) > 20, seconds=5, what="sound")
    times = [float(packet.pts * packet.time_base) for packet in viewer.packets]
    assert times == sorted(times) and viewer.pictures[0].info.audio_codecs == ("pcm_alaw",)
    assert abs(times[-1] - viewer.pictures[-1].frame.time) < 0.5


@needs_rtsp
def test_whoever_is_slow_gets_the_newest_pictures_and_the_rest_is_counted(camera: RtspServer) -> None:
    with Viewer(camera.url, pause=0.2) as viewer:
        wait_until(lambda: len(viewer.pictures) > 8, seconds=8, what="pictures")
        ages = [time.monotonic() - viewer.pictures[-1].arrived]
    assert viewer.source.dropped > 15 and max(ages) < 0.5
    assert viewer.source.frames <= len(viewer.pictures) + viewer.source.dropped + OPTIONS.queue


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """Serve a clip over HTTP, to be read again and again."""
    write_video(tmp_path / "clip.mkv", count=20)
    write_video(tmp_path / "heard.mkv", count=20, audio="aac")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *given: object) -> None:
            super().__init__(*given, directory=str(tmp_path))

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield f"http://bob:secret@127.0.0.1:{server.server_port}"
        server.shutdown()


def recorder(path: Path, told: list[str]) -> LiveOutput:
    said = {"metadata": {}, "name": "camera1", "tell": told.append}
    return LiveOutput(str(path), TargetOptions(), codec="libx264", encoding=ENCODING, wait=0.1, most_wait=0.1, **said)


def test_a_stream_that_ends_is_read_again(web: str) -> None:
    with Viewer(f"{web}/clip.mkv?token=secret", SourceOptions(queue=64, wait=0.05)) as viewer:
        wait_until(lambda: viewer.source.reconnects >= 2, seconds=8, what="two more connections")
    numbers = [index_of(picture.frame.luma) for picture in viewer.pictures]
    assert numbers[:40] == [*range(20), *range(20)]
    assert viewer.said[0] == "camera1: the stream ended; connecting again" and "secret" not in "".join(viewer.said)


def test_what_came_before_a_connection_closed_can_be_used_after_it(web: str, tmp_path: Path) -> None:
    connection = Connection(f"{web}/heard.mkv", OPTIONS, Tally())
    packets, sound = [item for item in connection if isinstance(item, av.Packet)], connection.sound
    connection.close()
    del connection
    told: list[str] = []
    path = tmp_path / "a.mkv"
    output = recorder(path, told)
    for picture, *chroma in live_pictures(live_info(tmp_path), 20):
        assert output.write(replace(picture, sound=sound), *chroma)
    for packet in packets:
        output.copy(packet)
    output.close()
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        heard = [packet.size for packet in container.demux(audio=0) if packet.size]
    assert len(packets) > 20 and heard == [packet.size for packet in packets if packet.pts >= 0] and not told


@pytest.mark.parametrize(("first", "then"), [(48000, 16000), (16000, 48000)])
def test_sound_of_another_rate_goes_into_the_next_file(web: str, tmp_path: Path, first: int, then: int) -> None:
    write_video(tmp_path / "clip.mkv", count=20, audio="aac", audio_rate=first)
    write_video(tmp_path / "new.mkv", count=40, audio="aac", audio_rate=then)
    output = recorder(tmp_path / "out.mkv", [])
    options, infos = replace(OPTIONS, queue=64, wait=1.0), []
    source = LiveSource(f"{web}/clip.mkv", options, start=time.monotonic(), name="camera1", tell=lambda _: None)
    source.start()
    until = time.monotonic() + 8
    while output.frames < 60 and time.monotonic() < until:
        if output.frames and (tmp_path / "new.mkv").exists():
            (tmp_path / "new.mkv").replace(tmp_path / "clip.mkv")
        item = source.take(0.1)
        if isinstance(item, Picture):
            infos.append(item.info)  # the same: the colours go on
            output.write(item, *(np.full(item.info.chroma_shape, 128, np.uint8) for _ in "br"))
        elif item is not None:
            output.copy(item)
    source.stop()
    output.close()
    assert all(info is infos[0] for info in infos) and output.reopened == 0 and output.lost == 0
    for path, rate, least in ((tmp_path / "out.mkv", first, 0.5), (tmp_path / "out-2.mkv", then, 1.0)):
        with av.open(str(path)) as container:
            heard = list(container.decode(audio=0))
        assert {frame.sample_rate for frame in heard} == {rate}
        assert sum(frame.samples for frame in heard) / rate > least


def test_sound_of_a_connection_comes_after_its_first_picture(tmp_path: Path) -> None:
    source = LiveSource("0", OPTIONS, start=0.0, name="camera1", tell=print)
    one, two = ["sound 1"], ["sound 2"]
    (old, *_), (new, *_) = live_pictures(live_info(tmp_path), 2)
    source._pictures.extend([replace(old, sound=one), replace(new, sound=two)])
    source._packets.append(("packet", two))
    given = [source.take(0), source.take(0), source.take(0)]
    assert [getattr(item, "sound", item) for item in given] == [one, two, "packet"]


def test_sound_alone_is_not_enough(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(f"{web}/heard.mkv", OPTIONS, Tally())
    connection._patience = 0.05
    monkeypatch.setattr(connection, "_decode", lambda *_: time.sleep(0.02) or iter(()))
    with pytest.raises(VideoError, match="sends no pictures any more"):
        list(connection)
    connection.close()


def test_without_keyframes_it_is_decoded_on_after_two_seconds(web: str) -> None:
    connection = Connection(f"{web}/clip.mkv", OPTIONS, Tally())

    class Late:
        dts, time_base, is_keyframe = 0, Fraction(1), False

    skipped = [connection._must_skip(Late(), now, waited=0.0) for now in (0.0, 1.0, 2.0, 3.5, 4.0)]
    connection.close()
    assert skipped == [False, True, True, False, False]


def test_a_playlist_from_the_net_reads_no_file(web: str, tmp_path: Path) -> None:
    write_video(tmp_path / "local.mkv", count=5)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{tmp_path}/local.mkv\n#EXT-X-ENDLIST\n"
    (tmp_path / "list.m3u8").write_text(playlist)
    with Viewer(f"{web}/list.m3u8") as viewer:
        wait_until(lambda: viewer.said, seconds=8, what="a refusal")
        time.sleep(0.3)
    assert not viewer.pictures


def test_nobody_there_is_told_once_and_waits_grow(monkeypatch) -> None:
    waits = []
    viewer = Viewer(f"rtsp://bob:secret@127.0.0.1:{free_port()}/cam")
    monkeypatch.setattr(viewer.source._stopped, "wait", lambda seconds: waits.append(seconds) or time.sleep(0.001))
    with viewer:
        wait_until(lambda: len(waits) > 7, seconds=8, what="attempts")
    assert waits[:7] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert len(viewer.said) == 1 and "Connection refused" in viewer.said[0] and "secret" not in viewer.said[0]
