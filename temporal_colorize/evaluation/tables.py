"""Tables in Markdown."""

from collections.abc import Mapping


def table(rows: Mapping[str, Mapping[str, float]]) -> list[str]:
    """List the lines of a table whose columns are all that any row has."""
    columns = list(dict.fromkeys(column for values in rows.values() for column in values))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row, values in rows.items():
        cells = (f"{values[column]:.2f}" if column in values else "" for column in columns)
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return lines
