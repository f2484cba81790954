from collections.abc import Iterator
from pathlib import Path

import pytest

from temporal_colorize import cli
from temporal_colorize.inference.footage import find_footage, is_many
from temporal_colorize.remote import RemoteLines, RemotePath, StoreError, as_path, is_remote
from tests.support.networks import tiny_weights_file
from tests.support.program import here
from tests.support.store import object_store
from tests.support.videos import assert_same_frames, write_video

QUICK = ("inference.size=64", "runtime=torch", "encoder.preset=ultrafast", "progress=false")


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    pytest.importorskip("moto")
    with object_store("footage") as address:
        yield address


def put(address: str, content: bytes, folder: Path) -> RemotePath:
    local = folder / "content"
    local.write_bytes(content)
    path = as_path(address)
    path.put(local)
    return path


def test_an_address_behaves_as_a_path() -> None:
    path = as_path("s3://bucket/north/a.mp4")
    assert str(path) == "s3://bucket/north/a.mp4" and isinstance(path, RemotePath)
    assert (str(path.parent), path.stem, str(path.with_name("b.mp4"))) == (
        "s3://bucket/north", "a", "s3://bucket/north/b.mp4",
    )  # fmt: skip
    assert str(as_path("s3://bucket/") / "c.mp4") == "s3://bucket/c.mp4"
    assert isinstance(as_path("a.mp4"), Path) and not is_remote("rtsp://camera/1") and not is_remote("C:/a.mp4")


def test_an_object_comes_and_goes_whole(bucket: str, tmp_path: Path) -> None:
    path = put(f"{bucket}/one/a.bin", b"content", tmp_path)
    assert path.is_file() and not path.with_name("b.bin").is_file() and path.parent.is_dir()
    (tmp_path / "here").mkdir()
    assert path.fetch(tmp_path / "here").read_bytes() == b"content"
    known = path.describe()
    assert known["bytes"] == 7 and known != put(f"{bucket}/one/a.bin", b"CONTENT", tmp_path).describe()


def test_what_is_not_there_is_said_in_a_line(bucket: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^s3://footage/no\.mp4: there is no such object; check the address$"):
        as_path(f"{bucket}/no.mp4").fetch(tmp_path)


def test_a_store_that_refuses_may_be_asked_again(bucket: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"^s3://no bucket/a\.bin: the store refuses"):
        put("s3://no bucket/a.bin", b"", tmp_path)
    with pytest.raises(StoreError, match="the store refuses"):
        RemoteLines(as_path("s3://no bucket/.journal.jsonl")).add("a")


def test_lines_of_several_programs_all_count(bucket: str) -> None:
    one, other = (RemoteLines(as_path(f"{bucket}/.journal.jsonl")) for _ in range(2))
    assert one.read() == []
    one.add("a")
    other.add("b")
    assert sorted(one.read()) == ["a", "b"]
    other.remove()
    assert one.read() == []


def test_footage_in_a_store(bucket: str, tmp_path: Path) -> None:
    for name in ("cam/a.mp4", "cam/a.color.mp4", "cam/north/b.mkv", "cam/notes.txt", "cam/done/a.color.mp4"):
        put(f"{bucket}/{name}", b"x", tmp_path)
    shown = [str(item.shown) for item in find_footage(f"{bucket}/cam", f"{bucket}/cam/done")]
    assert shown == ["a.mp4", "north/b.mkv"]
    assert [str(item.shown) for item in find_footage(f"{bucket}/cam/**/*.mkv")] == ["north/b.mkv"]
    assert is_many(f"{bucket}/cam") and not is_many(f"{bucket}/cam/a.mp4")
    (first, _) = find_footage([f"{bucket}/cam/a.mp4", f"{bucket}/cam/north/b.mkv"])
    assert str(first.output(None)) == f"{bucket}/cam/a.color.*" and str(first.root) == f"{bucket}/cam"
    assert str(first.output(as_path(f"{bucket}/out"))) == f"{bucket}/out/a.color.*"


def test_the_plain_command_colours_what_is_in_a_store(bucket: str, tmp_path: Path) -> None:
    weights = f"weights={tiny_weights_file(tmp_path)}"
    write_video(tmp_path / "a.mp4", count=4)
    as_path(f"{bucket}/plain/a.mp4").put(tmp_path / "a.mp4")
    put(f"{bucket}/plain/bad.mp4", b"no video", tmp_path)
    given = (f"video={bucket}/plain/*.mp4", f"output={bucket}/coloured", weights, *QUICK)
    status, said, errors = here(cli.infer, *given)
    assert status == 1 and "bad.mp4" in errors and f"{bucket}/coloured/a.color.mp4: 4 frames" in said
    assert here(cli.infer, f"video={tmp_path / 'a.mp4'}", weights, *QUICK)[0] == 0
    fetched = as_path(f"{bucket}/coloured/a.color.mp4").fetch(tmp_path / "..")
    assert_same_frames(fetched, tmp_path / "a.color.mp4")
    assert as_path(f"{bucket}/coloured/a.color.mp4.json").is_file()
    assert "2 files: 0 coloured, 1 by an earlier run, 1 failed" in here(cli.infer, *given)[1]


def test_one_of_a_store_to_a_name_of_this_machine(bucket: str, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    as_path(f"{bucket}/single/a.mp4").put(tmp_path / "a.mp4")
    weights = f"weights={tiny_weights_file(tmp_path)}"
    status, _, errors = here(
        cli.infer, f"video={bucket}/single/a.mp4", f"output={tmp_path / 'out.mp4'}", weights, *QUICK
    )
    assert (status, errors) == (0, "") and (tmp_path / "out.mp4").is_file()
    status, _, errors = here(cli.infer, f"video={bucket}/single/no.mp4", weights, *QUICK)
    assert status == 2 and errors.count("\n") == 2 and "there is no such object" in errors
