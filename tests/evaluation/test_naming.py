import numpy as np
import pytest
import torch

from temporal_colorize.color.names import TERMS
from temporal_colorize.evaluation.blocks import Heading, Table
from temporal_colorize.evaluation.name_tables import name_tables
from temporal_colorize.evaluation.naming import (
    BY_LIGHTNESS,
    COMMONEST,
    NamedPixels,
    Regions,
    confusion,
    fit_naming,
    name_scores,
)
from temporal_colorize.evaluation.scenes import TruthFrame
from temporal_colorize.inference.naming import NamingOptions

PLAIN = NamingOptions(arithmetic=1, geometric=0, difference=10, reach=0.1)
RED, BLUE, GREY = (TERMS.index(name) for name in ("red", "blue", "grey"))


def halves() -> TruthFrame:
    """A picture that is red on its left and blue on its right half."""
    frame = np.zeros((96, 192, 3), np.uint8)
    frame[:, :96], frame[:, 96:] = (200, 20, 20), (20, 40, 220)
    return TruthFrame(frame, None)


def believed(left: int, right: int) -> NamedPixels:
    """What a network is nine tenths sure of: one name on the left, another on the right."""
    terms = torch.full((11, 24, 48), 0.01)
    terms[left, :, :24] = terms[right, :, 24:] = 0.9
    return NamedPixels(torch.full((1, 96, 192), 50.0), terms)


def regions_of(left: int, right: int) -> Regions:
    regions = Regions()
    regions.add([believed(left, right)], [halves()], PLAIN, central=False)
    return regions


def test_right_names_are_right_and_wrong_ones_wrong() -> None:
    right, half, wrong = (
        name_scores(regions_of(*names), PLAIN, "net")["net"] for names in ((RED, BLUE), (RED, GREY), (BLUE, RED))
    )
    assert right["top 1"] == right["top 1, balanced"] == pytest.approx(100)
    assert right["ECE"] == pytest.approx(0.1, abs=0.04)  # boxes on the border are less sure, and right all the same
    assert half["top 1, balanced"] == 50 and half["ECE"] == pytest.approx(0.4, abs=0.06)
    assert wrong["top 1"] == 0 and right["regions"] == wrong["regions"] > 20


def test_what_is_said_without_a_network_is_a_row_of_its_own() -> None:
    scores = name_scores(regions_of(RED, BLUE), PLAIN, "net")
    assert set(scores) == {"net", BY_LIGHTNESS, COMMONEST}
    assert 40 < scores[COMMONEST]["top 1"] < 60 and scores[COMMONEST]["top 3"] == 100  # of a picture of two halves
    assert scores[BY_LIGHTNESS]["top 1"] < 60  # luma tells red from blue at best by chance


def test_the_table_says_what_was_taken_for_what() -> None:
    table = confusion(regions_of(RED, GREY), PLAIN)
    assert table["red"]["red"] == 100 and table["blue"]["grey"] == 100 and table["blue"]["blue"] == 0
    blocks = name_tables({("clean", "stills", "net"): regions_of(RED, GREY)}, PLAIN)
    assert Heading("names, clean: stills", 3) in blocks and Table(table) in blocks
    assert name_tables({("clean", "stills", "net"): Regions()}, PLAIN) == []


def test_regions_without_one_name_are_left_out() -> None:
    """The middle of the picture is half red, half blue; a picture of one colour has a middle of one name."""
    regions = Regions()
    noisy = np.random.default_rng(0).choice([0, 255], (96, 192, 3)).astype(np.uint8)
    regions.add(
        [believed(RED, RED)],
        [TruthFrame(np.kron(noisy[:12, :24], np.ones((8, 8, 1), np.uint8)), None)],
        PLAIN,
        central=True,
    )
    assert regions.scenes == []
    regions.add(
        [believed(RED, RED)], [TruthFrame(np.full((96, 192, 3), (200, 20, 20), np.uint8), None)], PLAIN, central=True
    )
    assert [scene.shape for scene in regions.scenes] == [(1, 45)]


def test_scenes_count_the_same_however_many_regions_they_have() -> None:
    regions = regions_of(RED, BLUE)
    one = Regions()
    one.add(
        [believed(BLUE, BLUE)], [TruthFrame(np.full((96, 192, 3), (200, 20, 20), np.uint8), None)], PLAIN, central=True
    )
    regions.merge(one)
    assert name_scores(regions, PLAIN, "net")["net"]["top 1"] == pytest.approx(50)


def test_exponents_that_suit_what_was_said() -> None:
    """Of names said with 0.6, 0.9 in 100 are right only if 0.6 is raised: the fit must find how far."""
    generator = np.random.default_rng(0)
    regions = Regions()
    said = np.full(11, np.log(1e-4), np.float32)
    for _ in range(400):
        row = said.copy()
        first, second = generator.choice(11, 2, replace=False)
        row[first], row[second] = np.log(0.6), np.log(0.4)
        true = first if generator.random() < 0.9 else second
        regions.scenes.append(np.concatenate([[true], row, np.zeros(11), row, row])[None].astype(np.float32))
    arithmetic, _ = fit_naming([regions])
    # By hand: (0.6 / 0.4) ** x = 0.9 / 0.1 gives x = log 9 / log 1.5 = 5.4.
    assert arithmetic == pytest.approx(5.4, rel=0.15)
