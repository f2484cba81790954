"""Commands of the documents that install, build or serve: make, pip, podman, TensorBoard."""

import re
import shlex
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from temporal_colorize import cli
from temporal_colorize.apps.server import is_local
from temporal_colorize.cli.living import with_live_encoder
from temporal_colorize.cli.serving import PASSWORD
from tests.support.documents import Command, commands
from tests.support.program import ENVIRONMENT, ROOT
from tests.support.rtsp import free_port


def of(*programs: str) -> pytest.MarkDecorator:
    chosen = [command for command in commands() if command.text.startswith(programs)]
    return pytest.mark.parametrize("command", chosen, ids=lambda command: f"{command.place} {command.text[:60]}")


def run(words: list[str], folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The checkout by links, so that what is made in it is not."""
    for path in ROOT.iterdir():
        if path.name not in (".venv", "demo", "build"):
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "ready").touch()
    return tmp_path


def make(command: Command, *options: str) -> list[str]:
    """Give a make command this environment in place of one that it would have to download."""
    return [*command.words, f"BIN={Path(sys.executable).parent}", "READY=ready", *options]


@of("make")
def test_make_knows_what_to_do(command: Command, checkout: Path) -> None:
    result = run(make(command, "--dry-run"), checkout)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_the_demo_is_made(checkout: Path) -> None:
    result = run(make(Command("make demo", "")), checkout)
    assert result.returncode == 0, result.stderr
    for name in ("sample.mp4", "sample.color.mp4", "sample.png"):
        assert (checkout / "demo" / name).stat().st_size > 1000 and f"demo/{name}" in result.stdout + "demo/sample.mp4"


def test_every_extra_and_program_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "docs" / "install.md").read_text()
    left_out = [
        name for name in project["optional-dependencies"] if f"| `{name}`" not in text and f", `{name}`" not in text
    ]
    left_out += [name for name in project["scripts"] if not re.search(rf"(^|`){name}[ `]", text, re.MULTILINE)]
    assert not left_out


@of("pip install")
def test_extras_that_are_installed_are_there(command: Command) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = re.findall(r"\[(.+)\]", command.text)
    assert not named or set(named[0].split(",")) <= set(extras)


@pytest.mark.slow
@of("pip install")
def test_what_pip_installs_fits_together(command: Command) -> None:
    """Resolved against what is installed here, without an index: requirements, extras and constraints agree."""
    if "s3fs" in command.text:
        pytest.skip("a package of others, which is not installed here")
    index = command.words.index("--extra-index-url") if "--extra-index-url" in command.words else None
    words = command.words if index is None else [*command.words[:index], *command.words[index + 2 :]]
    options = ["--dry-run", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    result = run([sys.executable, "-m", *words, *options])
    assert result.returncode == 0, result.stderr


IMAGE = "temporal-colorize"


@of("podman run", "docker run")
def test_what_a_container_is_given_is_known(command: Command) -> None:
    """The words after the image are the program's; it itself is tried by hand, see docs/container.md."""
    words = command.words
    last = max(index for index, word in enumerate(words) if word == IMAGE)
    program = words[words.index("--entrypoint") + 1] if "--entrypoint" in words else IMAGE
    arguments = words[last + 1 :]
    assert arguments and program in (ROOT / "pyproject.toml").read_text()
    if program == IMAGE:
        assert cli.compose("infer", with_live_encoder(arguments)).video
    if program == f"{IMAGE}-serve":
        config = cli.compose("serve", arguments)
        assert words[words.index("-p") + 1] == f"127.0.0.1:{config.port}:{config.port}"
        assert not is_local(config.host) and words[words.index("--env") + 1] == PASSWORD


@of("podman build")
def test_what_is_copied_into_the_image_is_there_and_not_ignored(command: Command) -> None:
    assert command.words[-1] == "." and (ROOT / "Containerfile").is_file()
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name for words in instructions("COPY") for name in words[:-1]}
    assert copied == kept and all((ROOT / name).exists() for name in copied)
    tracked = set(run(["git", "ls-files"]).stdout.split())
    needed = {path.split("/")[0] for path in tracked if path.endswith((".py", ".yaml", ".safetensors", ".csv"))}
    assert needed - copied <= {
        "tests",
        "benchmarks",
        "data_prep",
        *(path.name for path in ROOT.glob("*.py")),
        "mkdocs.yml",
    }


def instructions(name: str) -> Iterator[list[str]]:
    text = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line.startswith(f"{name} "):
            yield shlex.split(line)[1:]


def test_what_the_image_installs_fits_together() -> None:
    lines = [" ".join(words) for words in instructions("RUN")]
    installs = [line.partition("bin/")[2] for line in lines if "pip install" in line]
    assert len(installs) == 2
    for line in installs:
        test_what_pip_installs_fits_together(Command(line, "Containerfile"))


def test_the_image_is_for_nobody_in_particular_and_starts_the_program() -> None:
    (user,), (entry,) = instructions("USER"), instructions("ENTRYPOINT")
    assert user != ["root"] and entry == [f"[{IMAGE}]"]
    assert f"\n{IMAGE} = " in (ROOT / "pyproject.toml").read_text()
    assert re.search(r"python:3\.1[12]-slim", next(instructions("FROM"))[0])


def test_what_the_image_exposes_is_served_by_what_it_installs() -> None:
    exposed = list(instructions("EXPOSE"))
    extras = {extra for words in instructions("RUN") for extra in re.findall(r"\w+", words[-1].partition("[")[2])}
    assert exposed == [[str(cli.compose("serve", []).port)]] and "web" in extras


@pytest.mark.slow
@of("tensorboard", "python -m http.server")
def test_a_page_is_served(command: Command, tmp_path: Path) -> None:
    words, port = command.words, free_port()
    (tmp_path / words[-1]).mkdir(parents=True)
    given = [sys.executable, "-m", "tensorboard.main", *words[1:], "--port", str(port)]
    if words[0] == "python":
        given = [sys.executable, *words[1:], str(port)]
    server = subprocess.Popen(given, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert _answer(f"http://127.0.0.1:{port}/") == 200
    finally:
        server.terminate()
        server.wait(20)


def _answer(address: str) -> int:
    until = time.monotonic() + 60
    while True:
        try:
            return urllib.request.urlopen(address, timeout=5).status
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
