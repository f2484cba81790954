"""What an evaluation says of names: how often they are right, what is taken for what, and how far to believe them."""

from collections.abc import Mapping

from temporal_colorize.evaluation.blocks import Block, Heading, Table, Words
from temporal_colorize.evaluation.measured import Key
from temporal_colorize.evaluation.naming import Regions, confusion, name_scores
from temporal_colorize.inference.naming import NamingOptions

_NOTES = """\
A region is a box of a sixth of the picture's shorter side, in a grid, or the middle 30 % of a picture of one thing; its
true name is the one that at least half of its true pixels have, and regions without are left out. Every scene counts
the same; balanced, every true name does. By lightness alone: what the colours that were trained on would be called at
that lightness. ECE: of the first name.
"""


def name_summary(names: Mapping[Key, Regions], naming: NamingOptions) -> dict[str, dict[str, object]]:
    """Give all that is said of names as plain values: {condition: {group: {"scores", "confusion" by weights}}}."""
    summary: dict[str, dict[str, object]] = {}
    for (condition, group, weights), regions in _with_regions(names).items():
        place = summary.setdefault(condition, {}).setdefault(group, {"scores": {}, "confusion": {}})
        place["scores"] |= name_scores(regions, naming, weights)
        place["confusion"][weights] = confusion(regions, naming)
    return summary


def name_tables(names: Mapping[Key, Regions], naming: NamingOptions) -> list[Block]:
    """List the parts of a section of the report; none where nothing was named."""
    blocks: list[Block] = []
    for condition, groups in name_summary(names, naming).items():
        for group, said in groups.items():
            blocks += [Heading(f"names, {condition}: {group}", 3), Table(said["scores"])]
            for weights, rows in said["confusion"].items():
                said_so = f"Percent of regions of each colour (down) that {weights} called so (across):"
                blocks += [Words(said_so), Table(rows)]
    return [Heading("Names"), Words(_NOTES), *blocks] if blocks else []


def _with_regions(names: Mapping[Key, Regions]) -> dict[Key, Regions]:
    return {key: regions for key, regions in names.items() if regions.scenes}
