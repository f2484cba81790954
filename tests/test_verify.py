"""verify.py as a user runs it, and infer.py run twice."""

import json
from pathlib import Path

import pytest

from temporal_colorize import cli
from tests.support.networks import tiny_weights_file
from tests.support.program import here, run
from tests.support.videos import write_video

FAST = (
    "inference.size=64", "progress=false", "segment=10", "encoder=lossless", "encoder.preset=ultrafast", "mark=true"
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with sound, and a.mkv and b.mkv, colourings of it by two processes; this is one of them."""
    folder = tmp_path_factory.mktemp("verify")
    write_video(folder / "clip.mp4", count=24, audio="aac")
    given = (f"video={folder / 'clip.mp4'}", f"weights={tiny_weights_file(folder)}", *FAST)
    done = run("infer.py", *given, f"output={folder / 'a.mkv'}")
    assert done.returncode == 0, done.stderr
    (folder / "lacking.json").write_text(json.dumps({**json.loads((folder / "a.mkv.json").read_text()), "encoder": {}}))
    status, _, errors = here(cli.infer, *given, "threads=1", f"output={folder / 'b.mkv'}")
    assert status == 0, errors
    return folder


def test_two_processes_give_the_same_file(folder: Path) -> None:
    """Byte for byte, so frame by frame as well."""
    assert (folder / "a.mkv").read_bytes() == (folder / "b.mkv").read_bytes()
    one, other = (json.loads((folder / f"{name}.mkv.json").read_text()) for name in "ab")
    same = set(one) - {"run", "config"}
    one["output"].pop("name"), other["output"].pop("name")
    assert {name: one[name] for name in same} == {name: other[name] for name in same}


def test_the_record_names_what_ran(folder: Path) -> None:
    record = json.loads((folder / "a.mkv.json").read_text())
    assert record["computed"]["runtime"] in ("openvino", "torch") and record["computed"]["precision"] != "auto"
    assert record["config"]["segment"] == 10 and record["config"]["encoder"]["lossless"] is True
    assert record["encoder"]["codec"] == "libx264" and record["encoder"]["options"]["qp"] == 0
    assert record["frames"]["runs"] == [{"frame": 0, "count": 24, "picture": 0, "moved": 0, "damaged": False}]
    assert record["done"]["mark"]["text"] == "COLOURS ESTIMATED"


def test_nothing_differs(folder: Path) -> None:
    status, said, errors = here(cli.verify, str(folder / "a.mkv"))
    assert status == 0, said + errors
    assert [line.split(": ")[:2] for line in said.splitlines()] == [
        ["output", "ok"], ["signature", "not checked"], ["source", "ok"], ["weights", "ok"], ["frames", "ok"],
        ["luma", "ok"],
    ]  # fmt: skip


def test_the_same_for_programs(folder: Path, tmp_path: Path) -> None:
    status, said, errors = here(cli.verify, str(folder / "a.mkv"), "json=true")
    found = json.loads(said)
    assert status == 0 and not errors and found["output"] == str(folder / "a.mkv") and found["differs"] is False
    lines = here(cli.verify, str(folder / "a.mkv"))[1].splitlines()
    words = {True: "ok", False: "DIFFERS", None: "not checked"}
    assert [f"{one['name']}: {words[one['passed']]}: {one['text']}" for one in found["checks"]] == lines
    (tmp_path / "a.mkv").write_bytes((folder / "a.mkv").read_bytes() + b"\0")
    changed = ("json=true", f"output={tmp_path / 'a.mkv'}", f"record={folder / 'a.mkv.json'}")
    status, said, _ = here(cli.verify, *changed)
    found = json.loads(said)
    assert status == 1 and found["differs"] is True and found["checks"][0]["passed"] is False
    assert here(cli.verify, str(folder / "gone.mp4"), "json=true")[:2] == (2, "")


def test_who_was_given_the_output_alone_can_check_it(folder: Path, tmp_path: Path) -> None:
    known = json.loads((folder / "a.mkv.json").read_text())
    for part in ("source", "weights"):
        known[part]["path"] = f"/nowhere/{part}"
    (tmp_path / "a.mkv.json").write_text(json.dumps(known))
    (tmp_path / "a.mkv").write_bytes((folder / "a.mkv").read_bytes())
    status, said, errors = here(cli.verify, str(tmp_path / "a.mkv"))
    lines = {line.split(": ")[0]: line.split(": ", 1)[1] for line in said.splitlines()}
    assert status == 0 and lines["output"].startswith("ok: a.mkv"), said + errors
    assert lines["weights"] == "not checked: /nowhere/weights is not there; say where: weights=PATH"
    for name in ("source", "frames", "luma"):
        assert lines[name].startswith("not checked") and lines[name].endswith("say where: source=PATH")
    (tmp_path / "a.mkv").write_bytes(b"else")
    assert here(cli.verify, str(tmp_path / "a.mkv"))[0] == 1


def test_a_name_with_an_equals_sign_and_something_that_differs(folder: Path) -> None:
    odd, record = folder / "a = b.mkv", f"record={folder / 'a.mkv.json'}"
    odd.write_bytes((folder / "a.mkv").read_bytes())
    assert here(cli.verify, str(odd), record)[0] == 0
    odd.write_bytes(odd.read_bytes() + b"\0")
    status, said, _ = here(cli.verify, f"output={odd}", record)
    assert status == 1 and said.startswith("output: DIFFERS: a = b.mkv has SHA-256 ")


def test_a_video_that_was_encoded_with_loss_has_no_luma_to_compare(folder: Path) -> None:
    known = json.loads((folder / "a.mkv.json").read_text())
    (folder / "lossy.json").write_text(json.dumps({**known, "encoder": {"lossless": False}}))
    status, said, _ = here(cli.verify, str(folder / "a.mkv"), f"record={folder / 'lossy.json'}")
    assert status == 0 and "luma: not checked: a.mkv was written with loss" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["clip.mp4"], "run infer.py again"),
        (["gone.mp4"], "there is no such file"),
        (["a.mkv", "source=gone.mp4"], "source=gone.mp4"),
        (["a.mkv", "record=lacking.json"], "it lacks encoder.lossless"),
        (["a.mkv", "weights=gone"], "weights=gone"),
        (["record=a.mkv.json"], "output is missing"),
        (["a.mkv", "colour=red"], "colour"),
        (["a.mkv", "json=yes please"], "json=yes please"),
        ([], ""),
    ],
)
def test_bad_input_is_one_line(folder: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    status, _, errors = here(cli.verify, *arguments)
    assert status == 2 and said in errors and errors.count("\n") == bool(arguments)


def test_its_help_is_there() -> None:
    done = run("verify.py", "--help")
    assert done.returncode == 0 and "usage: python verify.py OUTPUT" in done.stdout
