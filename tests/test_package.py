"""The package as pip builds and installs it."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.support.program import ENVIRONMENT, ROOT
from tests.support.videos import frame_times, write_video

pytest.importorskip("hatchling")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet")
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    (built,) = folder.iterdir()
    return built


def tracked() -> set[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


def test_everything_that_the_programs_read_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    parts = {name for name in tracked() if name.startswith("temporal_colorize/")}
    mapped = {f"temporal_colorize/{name}" for name in tracked() if name.startswith(("conf/", "weights/"))}
    assert parts | mapped <= inside
    rest = {name for name in inside - parts - mapped if ".dist-info/" not in name}
    assert not rest, "more than the repository holds"


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        texts = {name.partition(".dist-info/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(texts["METADATA"]).decode()
        scripts = archive.read(texts["entry_points.txt"]).decode()
    assert "licenses/LICENSE" in texts and "\nLicense-Expression: Apache-2.0\n" in metadata
    assert "temporal-colorize = temporal_colorize.cli:infer" in scripts
    assert "torchvision" not in metadata


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, whose dependencies are those of this one; its folder of programs."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    command = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*command, "--no-deps", "--no-index", str(wheel)], check=True)
    # Behind its own packages, as an editable installation of this checkout must not win.
    site = sysconfig.get_path("purelib", vars={"base": str(folder)})
    (Path(site) / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "bin"


def program(installed: Path, name: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONPATH"}
    command = [str(installed / name), *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_an_installed_package_works_from_any_folder(installed: Path, tmp_path: Path) -> None:
    where = [str(installed / "python"), "-c", "import temporal_colorize as t; print(t.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert found.startswith(str(installed.parent)), "this is not the package that was installed"
    write_video(tmp_path / "clip.mp4", count=5)
    coloured = program(installed, "temporal-colorize", "video=clip.mp4", folder=tmp_path)
    assert coloured.returncode == 0, coloured.stderr
    assert coloured.stdout.startswith("clip.color.mp4: 5 frames in ")
    assert frame_times(tmp_path / "clip.color.mp4") == frame_times(tmp_path / "clip.mp4")
    verified = program(installed, "temporal-colorize-verify", "clip.color.mp4", folder=tmp_path)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    asked = program(installed, "temporal-colorize-ask", "video=clip.mp4", "at=0.1", "box=8,32,64,48", folder=tmp_path)
    assert asked.returncode == 0 and "not evidence" in asked.stdout


@pytest.mark.slow
def test_its_programs_end_with_what_they_promise(installed: Path, tmp_path: Path) -> None:
    for name in ("temporal-colorize", "temporal-colorize-verify", "temporal-colorize-ask"):
        helped = program(installed, name, "--help", folder=tmp_path)
        assert helped.returncode == 0 and "Exit status" in helped.stdout
        assert program(installed, name, folder=tmp_path).returncode == 2
    refused = program(installed, "temporal-colorize", "video=gone.mp4", folder=tmp_path)
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and "gone.mp4" in refused.stderr
    write_video(tmp_path / "clip.mp4", count=3)
    assert program(installed, "temporal-colorize", "video=clip.mp4", folder=tmp_path).returncode == 0
    os.truncate(tmp_path / "clip.color.mp4", 1000)
    assert program(installed, "temporal-colorize-verify", "clip.color.mp4", folder=tmp_path).returncode == 1
