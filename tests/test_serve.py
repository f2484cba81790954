"""serve.py: what it refuses before anything is loaded, and a real server from the first request to Ctrl-C."""

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import av
import httpx
import pytest

from temporal_colorize import cli
from temporal_colorize.apps.server import ServerOptions
from temporal_colorize.config.composing import several
from tests.support.documents import Command
from tests.support.networks import tiny_weights_file
from tests.support.pasting import of_kind
from tests.support.program import ENVIRONMENT, ROOT, here
from tests.support.videos import write_video

DOCS = (ROOT / "docs" / "rest.md").read_text()
EXAMPLES = {kind: re.findall(rf"```{kind}\n(.*?)```", DOCS, re.DOTALL) for kind in ("bash", "py")}

WORD = "a long word"
WITH_IT = {"auth": ("any", WORD)}


class Server(NamedTuple):
    """A running server: `address` has the password in it, `plain` has not."""

    process: subprocess.Popen[str]
    plain: str

    @property
    def address(self) -> str:
        return self.plain.replace("://", f"://any:{quote(WORD)}@")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serve")
    tiny_weights_file(folder)
    write_video(folder / "clip.mp4", count=12, audio="aac")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """A server with tiny weights and a password, which the last test here ends: loading Gradio takes its time."""
    options = ["port=0", f"weights={folder / 'tiny.safetensors'}", "runtime=torch", "device=cpu"]
    options += ["inference.size=64", f"temporary={folder}"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "serve.py"), *options], env={**ENVIRONMENT, "TEMPORAL_COLORIZE_PASSWORD": WORD},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder,
    )  # fmt: skip
    said = process.stdout.readline()
    yield Server(process, re.match(r"(http://127\.0\.0\.1:\d+)/ is open", said)[1])
    process.kill()
    process.communicate()


@pytest.mark.parametrize("kind", ["bash", "py"])
def test_the_examples_of_the_docs(server: Server, folder: Path, kind: str) -> None:
    example = next(text for text in EXAMPLES[kind] if "/api/jobs" in text)
    command = ["bash", "-euc", example] if kind == "bash" else [sys.executable, "-c", example]
    env = {**os.environ, "SERVER": server.address, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert ("event: end" in done.stdout) if kind == "bash" else ("running" in done.stdout or "done" in done.stdout)
    with av.open(str(folder / ("clip.color.mp4" if kind == "bash" else "clip.python.mp4"))) as container:
        assert sum(1 for _ in container.decode(video=0)) == 12


def test_page_and_endpoint_are_guarded_alike(server: Server, folder: Path) -> None:
    assert httpx.get(server.plain, **WITH_IT).headers["content-type"].startswith("text/html")
    for path in ("/", "/api/health", "/api/docs", "/config"):
        address = server.plain + path
        assert httpx.get(address).status_code == 401, path
        assert httpx.get(address, headers={"Host": "evil.example"}, **WITH_IT).status_code == 421, path
        answer = httpx.get(address, **WITH_IT)
        assert answer.status_code == 200 and answer.headers["x-content-type-options"] == "nosniff"
    sent = httpx.post(f"{server.plain}/api/jobs", headers={"Origin": "http://evil.example"}, **WITH_IT)
    assert sent.status_code == 403
    for secret in (ROOT / "README.md", folder / "clip.mp4", *folder.glob("temporal-colorize-serve-*/.lock")):
        answer = httpx.get(f"{server.plain}/gradio_api/file={secret}", **WITH_IT)
        assert answer.status_code in (403, 404), secret


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["host=0.0.0.0"], "host=0.0.0.0 can be reached by other machines: give password=..., or insecure=true"),
        (["host=nowhere.invalid", "--insecure"], "host=nowhere.invalid is no address of this machine"),
        (["port=99999"], "port=99999 must be"),
        (["password=it's"], "password is shorter than 8 characters"),
        (["cameras=[file:///etc/passwd]"], "is of an unknown kind"),
        (["service.queue=0", "port=0"], "service.queue=0 must be"),
        (["service.qeue=3"], "qeue"),
        (["clip.mp4"], "'clip.mp4' is no option"),
        (["temporary=/nowhere/at/all"], "temporary=/nowhere/at/all is not a folder"),
    ],
)
def test_refusals_are_one_line(options: list[str], said: str) -> None:
    status, out, error = here(cli.serve, *options)
    assert (status, out, error.count("\n")) == (2, "", 1) and said in error


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        port = other.getsockname()[1]
        status, _, error = here(cli.serve, "host=0.0.0.0", "--insecure", f"port={port}")
    assert status == 2 and error.endswith(
        f"port={port} of host=0.0.0.0 cannot be had (Address already in use): choose another, or port=0\n"
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("service.queue=0", "service.queue=0"),
        ("page.keep=-1", "keep"),
    ],
)
def test_what_is_wrong_is_said_before_the_port_is_asked_for(wrong: str, said: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        status, _, error = here(cli.serve, f"port={other.getsockname()[1]}", wrong)
    assert status == 2 and said in error and "cannot be had" not in error


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "gradio" else find(name))
    status, _, error = here(cli.serve)
    assert status == 2 and error.endswith("the server needs gradio: pip install '.[web]' in a checkout\n")


@of_kind("served")
def test_commands_of_the_docs(command: Command) -> None:
    """Each would serve, with a password where it needs one; what serving is like is tested above."""
    config = cli.compose("serve", command.words[2:])
    options = ServerOptions(host=config.host, password=WORD, cameras=several(config.cameras))
    assert options.is_local or options.camera_names == {"Door": "rtsp://user:word@10.0.0.7/1"}


def test_help() -> None:
    status, out, _ = here(cli.serve, "--help")
    assert status == 0 and "usage: python serve.py" in out


def test_ctrl_c_in_the_middle_ends_it_soon_and_leaves_nothing(server: Server, folder: Path) -> None:
    write_video(folder / "long.mp4", count=900)
    with httpx.Client(base_url=server.address) as client:
        job = client.post("/api/jobs", files={"video": (folder / "long.mp4").read_bytes()}).json()
        with client.stream("GET", f"/api/jobs/{job['id']}/events?token={job['token']}") as events:
            said = events.iter_lines()
            while "running" not in next(said):
                pass
            assert len(list(folder.glob("temporal-colorize-serve-*"))) == 1
            began = time.monotonic()
            server.process.send_signal(signal.SIGINT)
            assert server.process.wait(10) == 0 and time.monotonic() - began < 3
    assert list(folder.glob("temporal-colorize-serve-*")) == []
    assert server.process.stderr.read() == ""
