"""What visitors are told has neither the server's folders nor what is secret in addresses."""

from pathlib import Path

import pytest

from temporal_colorize.apps.service.folders import safe_name
from temporal_colorize.apps.service.words import in_words, without_folders
from temporal_colorize.video import Limits

ROOT = Path("/var/tmp/x (1)/temporal-colorize-serve-ab")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{ROOT}/aB-c_9/-d/my clip.mp4: is empty", "my clip.mp4: is empty"),
        (f"hints={ROOT}/a/b/h.json[3] is wrong", "hints=h.json[3] is wrong"),
        ("weights=/srv/w/tiny.safetensors is of 3/4", "weights=tiny.safetensors is of 3/4"),
        ("no\n  such [Errno 2]: '/etc/ssl/key.pem'", "no such [Errno 2]: 'key.pem'"),
        ("rtsp://me:word@cam/live/1 and and/or", "rtsp://***@cam/live/1 and and/or"),
    ],
)
def test_folders_are_left_out(text: str, said: str) -> None:
    assert in_words(ValueError(text), ROOT) == said


@pytest.mark.parametrize(
    "said", [Limits().refuse_size(9000, 9000), Limits().too_large, Limits().too_many_streams, Limits().too_slow]
)
def test_visitors_are_told_what_they_can_do(said: str) -> None:
    told = in_words(ValueError(f"clip.mp4 {said}"), ROOT)
    assert told.startswith("clip.mp4 ") and "; " in told and "limits." not in told and "trust" not in told


def test_all_of_what_json_holds() -> None:
    value = {"a": [f"{ROOT}/v/clip.mp4", 3, None], "b": {"c": Path("/x/y.mp4")}, "d": True}
    assert without_folders(value, ROOT) == {"a": ["clip.mp4", 3, None], "b": {"c": "y.mp4"}, "d": True}


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("clip.mp4", "clip.mp4"), ("../../etc/passwd", "passwd"), ("C:\\x\\clip.mp4", "clip.mp4"), ("..", "file"),
        ("", "file"), (".hidden.mp4", "hidden.mp4"), ("-rf.mp4", "rf.mp4"), ("%05d.png", "_05d.png"),
        ("[a,b].mp4", "_a_b_.mp4"), ("${oc.env:HOME}=.mp4", "__oc.env_HOME__.mp4"), ("Café 3.mp4", "Café 3.mp4"),
        ("a\0b\n.mp4", "a_b_.mp4"), ("é" * 200 + ".mp4", "é" * 48 + ".mp4"),
    ],
)  # fmt: skip
def test_names_are_kept_as_far_as_they_are_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe and len(safe.encode()) <= 100
