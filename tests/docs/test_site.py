"""The site builds without a warning, asks no other server for anything, and no link in the documents is broken."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.documents import documents, links
from tests.support.program import ENVIRONMENT, ROOT

pytest.importorskip("mkdocs")
_QUIET = {"NO_MKDOCS_2_WARNING": "1"}  # the theme's advertisement of its successor


def build(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder), *arguments]
    return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT | _QUIET, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    result = build(folder)
    assert result.returncode == 0 and "WARNING" not in result.stderr, result.stderr
    return folder


def test_every_document_is_a_page(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    for page in pages:
        folder = page.parent if page.name == "index" else page
        assert "<h1" in (site / folder / "index.html").read_text(), page


def test_docstrings_are_in_the_reference(site: Path) -> None:
    page = (site / "api" / "inference" / "index.html").read_text()
    assert 'id="temporal_colorize.inference.session.Session"' in page and "Parameters:" in page


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    """What a browser fetches by itself; links that a reader may follow are none of it."""
    for page in site.rglob("*.html"):
        text = page.read_text()
        loaded = re.findall(r"""<(?:script|img|iframe|source|video)[^>]*\ssrc=["']?([^"'\s>]+)""", text)
        loaded += re.findall(r"""<link[^>]*\shref=["']?([^"'\s>]+)""", text)
        assert loaded and not [target for target in loaded if re.match(r"(\w+:)?//", target)], page
    for style in site.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import\s*)[\"']?(?:https?:)?//", style.read_text()), style


def test_a_broken_link_fails_the_build(tmp_path: Path) -> None:
    """The settings that make warnings of broken links and of pages outside the navigation are in force."""
    config = (ROOT / "mkdocs.yml").read_text()
    plain = re.sub(r"  - mkdocstrings:\n(?:    .*\n)+", "", config)
    plain = re.sub(r"nav:\n(?:  .*\n)+", "", plain).replace("docs_dir: docs", f"docs_dir: {tmp_path / 'docs'}")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# A\n\n[b](gone.md) [c](#nowhere)\n")
    (tmp_path / "mkdocs.yml").write_text(plain)
    result = build(tmp_path / "site", "--config-file", str(tmp_path / "mkdocs.yml"))
    assert result.returncode == 1
    assert "gone.md" in result.stderr and "#nowhere" in result.stderr


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_work_where_the_code_is_shown(path: Path) -> None:
    for target in links(path):
        name, _, anchor = target.partition("#")
        file = Path(os.path.normpath(path.parent / name)) if name else path
        assert file.exists(), f"{path}: {target}"
        if anchor:
            assert anchor in _anchors(file), f"{path}: {target}"


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
