import pytest

from temporal_colorize.video.live.addresses import (
    is_live,
    is_live_output,
    name_of,
    redacted,
    require_source,
    scrubbed,
    webcam,
)


@pytest.mark.parametrize("video", ["rtsp://a/b", "RTSP://a", "http://a/b.mp4", "udp://:1", "0", "12", "/dev/video3"])
def test_live(video: str) -> None:
    assert is_live(video)


@pytest.mark.parametrize("video", ["a.mp4", "0.mp4", "./0", "folder/rtsp", "C:\\a.mp4", "/dev/null", ""])
def test_not_live(video: str) -> None:
    assert not is_live(video)


def test_live_outputs() -> None:
    assert all(map(is_live_output, ["pipe:1", "-", "rtsp://a/b", "rtmp://a/b/c"]))
    assert not any(map(is_live_output, ["a.mp4", "hls/index.m3u8"]))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://bob:secret@10.0.0.5:554/cam?channel=1&subtype=0", "rtsp://***@10.0.0.5:554/cam?channel=1&subtype=0"),
        ("rtsp://bob:se/cr@et@host/cam", "rtsp://***@host/cam"),
        ("rtsp://bob:a#b?c/d@e@host/cam?x=1", "rtsp://***@host/cam?x=1"),
        ("rtsp://host:554/cam?mail=bob@home&channel=1", "rtsp://host:554/cam?mail=***&channel=1"),
        ("rtsp://ip/user=admin&password=secret&channel=1", "rtsp://ip/user=***&password=***&channel=1"),
        (
            "rtsp://ip/user=a_password=se_cret_channel=1_stream=0.sdp",
            "rtsp://ip/user=***_password=***_channel=1_stream=***",
        ),
        ("rtsp://ip/live;pwd=secret;n=1", "rtsp://ip/live;pwd=***;n=1"),
        ("rtsp://bob@host", "rtsp://***@host"),
        ("http://host/snap?user=bob&pwd=12&loginuse=secret", "http://host/snap?user=***&pwd=***&loginuse=***"),
        ("http://host/a?secret", "http://host/a?***"),
        ("http://host/a#secret", "http://host/a"),
        ("rtmp://live.example/app/secret-key", "rtmp://live.example/app/***"),
        ("srt://host:9000?streamid=secret&passphrase=secret", "srt://host:9000?streamid=***&passphrase=***"),
        ("rtsp://host/cam", "rtsp://host/cam"),
        ("clip@home.mp4", "clip@home.mp4"),
        ("pipe:1", "pipe:1"),
    ],
)
def test_what_is_secret_is_masked(address: str, shown: str) -> None:
    assert redacted(address) == shown


def test_texts_of_others_are_scrubbed() -> None:
    text = "Cannot open 'rtsp://bob:secret@host/cam?token=secret':\n no route; tried rtsp://bob:secret@other/x."
    assert scrubbed(text) == "Cannot open 'rtsp://***@host/cam?token=***': no route; tried rtsp://***@other/x."


def test_a_quote_in_a_password_ends_no_address() -> None:
    assert scrubbed("no 'rtsp://bob:it's@host/cam' there") == "no 'rtsp://***@host/cam' there"


def test_names_and_webcams() -> None:
    assert name_of("rtsp://bob:secret@host:554/cam") == "host"
    assert webcam("2") == "/dev/video2" and webcam("/dev/video7") == "/dev/video7" and webcam("2.mp4") is None


def test_unknown_kinds_are_refused_without_giving_away_anything() -> None:
    with pytest.raises(ValueError, match="unknown kind") as error:
        require_source("gopher://bob:secret@host/cam")
    assert "secret" not in str(error.value) and "rtsp://" in str(error.value)
