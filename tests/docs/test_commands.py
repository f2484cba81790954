"""Every command that the documents show is run, on small files of the kind that they name.

A command that `tests/support/pasting.py` does not know how to run fails. Where a real run takes long it is marked slow,
and its options are composed by the quick tests all the same; what is run is the command itself with what makes it small
behind it.
"""

from pathlib import Path

import pytest

from tests.docs.test_python import WHOLE
from tests.support import pasting
from tests.support.documents import Command, commands, documents, fences
from tests.support.pasting import files_in, kind_of, of_kind, quickened, run_earlier, run_here


def test_no_command_is_left_out() -> None:
    left_out = [f"{command.place}: {command.text}" for command in commands() if not kind_of(command)]
    assert not left_out, f"no test runs: {left_out}; say in {pasting.__file__} how"


def test_a_command_that_nobody_knows_is_found_out() -> None:
    assert not kind_of(Command("python unheard.py of=it", "here")) and not kind_of(Command("rm -r here", "here"))


def test_commands_stand_in_blocks_that_are_read() -> None:
    for path in documents():
        for language, content, line in fences(path):
            known = language in ("sh", "yaml", "ini", "json", "python")
            starts = any(text.startswith(("python", "make ", "pip ", "$ ")) for text in content.splitlines())
            assert known or not starts, f"{path}:{line}: a block of commands begins with ```sh"


@of_kind("quick")
def test_a_command_does_what_it_says(command: Command, folder: Path) -> None:
    run_earlier(command)
    before = files_in(folder)
    status, out, error = run_here(quickened(command))
    assert status == 0, error
    assert out.strip() or files_in(folder) != before, "it neither wrote nor said anything"


def examples() -> list[tuple[Path, int, str]]:
    blocks = ((path, *block) for path in documents() if path.name not in WHOLE for block in fences(path))
    return [(path, line, code) for path, language, code, line in blocks if language == "python" and "import " in code]


@pytest.mark.parametrize("example", examples(), ids=lambda example: f"{example[0].name}:{example[1]}")
def test_an_example_in_python_runs(example: tuple[Path, int, str], folder: Path) -> None:
    exec(compile(example[2], str(example[0]), "exec"), {})
