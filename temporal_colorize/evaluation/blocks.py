"""What a report consists of, whatever it is written as."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Heading(NamedTuple):
    """Two hash signs deep, or more."""

    text: str
    level: int = 2


class Words(NamedTuple):
    """A paragraph."""

    text: str


class Plots(NamedTuple):
    """A picture beside the report, by its name there."""

    file: str
    alt: str


class Table(NamedTuple):
    """Rows by name, of values by column."""

    rows: Mapping[str, Mapping[str, float]]

    @property
    def columns(self) -> list[str]:
        """All that any row has."""
        return list(dict.fromkeys(column for values in self.rows.values() for column in values))

    def lines(self) -> list[tuple[str, list[str]]]:
        """Give each row its name and its cells, "" where it has no value."""
        columns = self.columns
        return [
            (row, [f"{values[column]:.2f}" if column in values else "" for column in columns])
            for row, values in self.rows.items()
        ]


Block = Heading | Words | Plots | Table


def markdown(blocks: Sequence[Block]) -> str:
    """Write blocks as Markdown."""
    return "\n\n".join("\n".join(_lines(block)) for block in blocks) + "\n"


def _lines(block: Block) -> list[str]:
    match block:
        case Heading(text, level):
            return [f"{'#' * level} {text}"]
        case Words(text):
            return [text.strip()]
        case Plots(file, alt):
            return [f"![{alt}]({file})"]
        case Table():
            columns = block.columns
            head = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
            return head + [_row(row, cells) for row, cells in block.lines()]


def _row(row: str, cells: Sequence[str]) -> str:
    name = row.replace("|", r"\|")  # of a file, perhaps
    return f"| {name} | " + " | ".join(cells) + " |"
