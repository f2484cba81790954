"""What README.md, docs/ and the model cards show: their links, and the commands that a reader can paste."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tests.support.program import ROOT

_STARTS = r"(?:python3?|make|pip|temporal-colorize[-a-z]*)"  # of a command outside a fence
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(rf"`({_STARTS} [^`]+)`")
_INDENTED = re.compile(rf"^    ({_STARTS} .+)$", re.MULTILINE)
_SERVICE = re.compile(r"(?:exec:|ExecStart=|^ *command: )(.+)$", re.MULTILINE)  # of go2rtc, systemd, compose


@dataclass(frozen=True)
class Command:
    """A command as one line without its comment; two are the same if they say the same.

    Attributes:
        text: the line.
        place: where it stands first, such as README.md:27.
    """

    text: str
    place: str = field(compare=False)

    @property
    def words(self) -> list[str]:
        """The command as a shell passes it on."""
        return shlex.split(self.text)


def documents() -> list[Path]:
    """Return everything that is written for readers."""
    found = [ROOT / "README.md"]
    for folder in ("docs", "weights", "data_prep", "notebooks"):
        found += sorted((ROOT / folder).rglob("*.md"))
    return found


@lru_cache
def commands() -> tuple[Command, ...]:
    """Return every command once, in the order of the documents."""
    return tuple(dict.fromkeys(command for path in documents() for command in _commands_of(path)))


def fences(path: Path) -> Iterator[tuple[str, str, int]]:
    """Yield the language, the content and the line of every fenced block."""
    text = path.read_text()
    for match in _FENCE.finditer(text):
        yield match[1], match[2], text.count("\n", 0, match.start()) + 1


def _commands_of(path: Path) -> Iterator[Command]:
    name = path.relative_to(ROOT)
    for language, content, line in fences(path):
        place = f"{name}:{line}"
        if language == "sh":
            joined = content.replace("\\\n", " ").splitlines()
            yield from (Command(text, place) for text in map(_plain, joined) if text)
        elif language in ("yaml", "ini"):
            yield from (Command(_service(match[1]), place) for match in _SERVICE.finditer(content))
    prose = _FENCE.sub("", path.read_text())
    for match in (*_SPAN.finditer(prose), *_INDENTED.finditer(prose)):
        yield Command(_plain(match[1]), str(name))


def _plain(text: str) -> str:
    """Leave out a comment, brackets around what may be added, and how the line was broken."""
    text = re.sub(r"(^|\s)# .*$", "", text)
    text = re.sub(r"\[(\w+=[^\]]+)\]", r"\1", text) if "[" in text else text
    return " ".join(text.split())


def _service(text: str) -> str:
    """Give what a service manager starts as a shell would: any installation's Python, %% for %, no program for ours."""
    text = re.sub(r"\S*/bin/python \S*/(\w+\.py)", r"python \1", text.replace("%%", "%"))
    return text if text.startswith("python ") else f"temporal-colorize {text}"


def links(path: Path) -> Iterator[str]:
    """Yield where the links and pictures of a document point, those of other servers left out."""
    for target in re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", path.read_text())):
        if "://" not in target:
            yield target
