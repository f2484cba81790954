"""What is opened is the file that was named, and nothing that it names."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from temporal_colorize.video import VideoError, VideoReader, open_local
from temporal_colorize.video.opening import local_options, network_options
from tests.support.videos import write_video

HLS = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile '{}'\n"
SDP = (
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
)
DASH = (
    '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT9S" '
    'profiles="urn:mpeg:dash:profile:full:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" '
    'bandwidth="1"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>'
)
# Which names each is tried by: some of FFmpeg's readers look at the name as well.
PLAYLISTS = {HLS: ("m3u8", "mp4", "ts"), CONCAT: ("ffconcat", "mp4", "ts"), SDP: ("sdp", "mp4"), DASH: ("mpd", "mp4")}
CASES = [(playlist, suffix) for playlist, suffixes in PLAYLISTS.items() for suffix in suffixes]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, list[str]]]:
    """A server on this machine that would give the secret, and the requests that it got."""
    requests: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *arguments: object) -> None:
            requests.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        yield serving.server_port, requests
        serving.shutdown()
        thread.join()


def test_the_secret_can_be_had_by_those_who_may(tmp_path: Path, server: tuple[int, list[str]]) -> None:
    """Else the tests below would show nothing."""
    write_video(tmp_path / "secret.ts", count=2)
    (tmp_path / "a.ffconcat").write_text(CONCAT.format("secret.ts"))
    with av.open(str(tmp_path / "a.ffconcat")) as container:
        assert len(list(container.decode(video=0))) == 2
    port, requests = server
    url = f"http://127.0.0.1:{port}/secret.ts"
    with av.open(url, options=network_options(url)) as container:
        assert len(list(container.decode(video=0))) == 2
    assert requests


@pytest.mark.parametrize(("playlist", "suffix"), CASES)
@pytest.mark.parametrize("target", ["secret.ts", "{folder}/secret.ts", "http://127.0.0.1:{port}/secret.ts"])
def test_playlists_are_refused(
    playlist: str, suffix: str, target: str, tmp_path: Path, server: tuple[int, list[str]]
) -> None:
    port, requests = server
    write_video(tmp_path / "secret.ts", count=2)
    path = tmp_path / f"clip.{suffix}"
    path.write_text(playlist.format(target.format(folder=tmp_path, port=port), port=port))
    with pytest.raises(VideoError, match=rf"clip\.{suffix}: is a playlist \(\w+\), which may point anywhere; name the"):
        VideoReader(path)
    with pytest.raises(av.FFmpegError):  # nor would FFmpeg take it, if it did not look like one to us
        av.open(str(path), options=local_options(), timeout=5)
    assert not requests


@pytest.mark.parametrize("start", ["\ufeff", "\n \t", "<!-- a -->", "#extm3u\n"])
def test_a_playlist_does_not_hide_behind_what_is_before_it(start: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text(start + (DASH if start.startswith("<") else HLS).format("secret.ts"))
    with pytest.raises(VideoError, match="is a playlist"):
        open_local(path)


def alias_to(name: str) -> bytes:
    """A QuickTime data reference: an alias of a file in the same folder, by a path one level up and one down."""
    path = f"/{name}".encode()
    path += bytes(len(path) % 2)
    levels = (1).to_bytes(2, "big") * 2
    body = bytes(4 + 10 + 1 + 27 + 12 + 1 + 63 + 16) + levels + bytes(16) + b"\x00\x02"
    body += len(path).to_bytes(2, "big") + path + b"\xff\xff\x00\x00"
    return (len(body) + 8).to_bytes(4, "big") + b"alis" + body


def test_quicktime_does_not_take_its_samples_from_another_file(tmp_path: Path) -> None:
    write_video(tmp_path / "secret.mov", count=2)
    content = (tmp_path / "secret.mov").read_bytes()
    own = b"\x00\x00\x00\x0curl \x00\x00\x00\x01"  # "in this very file"
    place = content.index(own)
    moved = bytearray(content.replace(own, alias_to("secret.mov")))
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = content.rindex(box, 0, place) - 4
        moved[at : at + 4] = (int.from_bytes(content[at : at + 4], "big") + len(moved) - len(content)).to_bytes(
            4, "big"
        )
    first = content.index(b"mdat") + 4
    moved[first : first + 2000] = bytes(2000)  # without its samples
    (tmp_path / "a.mov").write_bytes(moved)
    with av.open(str(tmp_path / "a.mov"), options={"enable_drefs": "1"}) as container:
        assert len(list(container.decode(video=0))) == 2  # so the reference is one
    with pytest.raises(VideoError):
        VideoReader(tmp_path / "a.mov")


def test_a_picture_with_a_pattern_for_a_name_is_one_picture(tmp_path: Path) -> None:
    for number in range(3):
        write_video(
            tmp_path / f"a{number}.png", count=1, codec="png", pix_fmt="gray", container_options={"update": "1"}
        )
    (tmp_path / "a%d.png").write_bytes((tmp_path / "a0.png").read_bytes())
    with VideoReader(tmp_path / "a%d.png") as reader:
        assert len(list(reader)) == 1


@pytest.mark.parametrize(
    "content", ["\x1b[31mred", "<svg xmlns='http://www.w3.org/2000/svg'/>", "1\n00:00:00,000 --> "]
)
@pytest.mark.parametrize("suffix", ["txt", "ans", "svg", "srt", "mp4"])
def test_text_is_no_video(content: str, suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"a.{suffix}").write_text(content * 100)
    with pytest.raises(VideoError, match=r"not a video|not known to FFmpeg|no picture in it"):
        VideoReader(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize("url", ["http://h/a.ts", "https://h/", "rtsp://u:p@h/s", "rtmp://h/live", "udp://@:1234"])
def test_no_address_leads_to_a_file_or_a_playlist(url: str) -> None:
    options = network_options(url)
    assert not {"file", "concat", "subfile", "data", "pipe", "fd"} & set(options["protocol_whitelist"].split(","))
    assert not {"hls", "dash", "concat", "sdp"} & set(options["format_whitelist"].split(","))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "concat:a|b", "ftp://u:secret@h/a", "/a.mp4", "gopher://h"])
def test_other_addresses_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(VideoError, match="addresses begin with http://") as caught:
        network_options(url)
    assert "secret" not in str(caught.value)


def test_a_playlist_from_a_server_is_not_followed(tmp_path: Path, server: tuple[int, list[str]]) -> None:
    port, requests = server
    write_video(tmp_path / "secret.ts", count=2)
    for playlist, target in [(HLS, "secret.ts"), (CONCAT, str(tmp_path / "secret.ts"))]:
        (tmp_path / "a.ts").write_text(playlist.format(target))
        url = f"http://127.0.0.1:{port}/a.ts"
        with pytest.raises(av.FFmpegError):
            av.open(url, options=network_options(url), timeout=5)
    assert {request for request in requests} == {"/a.ts"}


def test_what_is_no_file_does_not_keep_anyone_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    for path in (tmp_path / "a.mp4", Path("/dev/zero")):
        with pytest.raises(VideoError, match="no file but"):
            VideoReader(path)
