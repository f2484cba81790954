"""A hub of our own: its cache by hand, and the few answers that a download needs."""

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def in_cache(cache: Path, repo_id: str, files: Path) -> None:
    """Put a folder's files where the hub's library keeps what it has downloaded."""
    folder = cache / f"models--{repo_id.replace('/', '--')}"
    for part in ("blobs", "refs", f"snapshots/{COMMIT}"):
        (folder / part).mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    for file in files.iterdir():
        content = file.read_bytes()
        blob = folder / "blobs" / hashlib.sha256(content).hexdigest()
        blob.write_bytes(content)
        (folder / "snapshots" / COMMIT / file.name).symlink_to(f"../../blobs/{blob.name}")


@contextlib.contextmanager
def hub(repositories: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str | None]]]:
    """Serve folders as repositories; yields what is asked for: paths, and who says to ask."""
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(whole=False)

        def do_GET(self) -> None:
            self._answer(whole=True)

        def do_POST(self) -> None:
            self._refuse("RepoNotFound")

        def _answer(self, *, whole: bool) -> None:
            asked.append((self.path, self.headers.get("authorization")))
            name, _, rest = self.path.strip("/").partition("/resolve/")
            if name not in repositories:
                self._refuse("RepoNotFound")
                return
            file = repositories[name] / rest.partition("/")[2]
            if not file.is_file():
                self._refuse("EntryNotFound")
                return
            content = file.read_bytes()
            self.send_response(200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if whole:
                self.wfile.write(content)

        def _refuse(self, code: str) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
