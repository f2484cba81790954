import torch

from temporal_colorize.evaluation.cost import count_gflop, measure_costs
from tests.support.networks import tiny_network


def test_operations_by_hand() -> None:
    """One 3x3 convolution of 1 to 2 channels over 4x4 pixels: 9 * 2 * 16 multiplications, and as many additions."""
    convolution = torch.nn.Conv2d(1, 2, 3, padding=1)
    assert count_gflop(convolution, torch.zeros(1, 1, 4, 4)) == 2 * 9 * 2 * 16 / 1e9


def test_costs_are_those_of_each_network() -> None:
    small, fixed = tiny_network(), tiny_network()
    fixed.fixed_size = (64, 128)
    costs = measure_costs({"small": small, "fixed": fixed}, size=64, rounds=3)
    assert list(costs) == ["small", "fixed"]
    parameters = sum(parameter.numel() for parameter in small.parameters()) / 1e6
    assert costs["small"]["parameters, M"] == costs["fixed"]["parameters, M"] == parameters
    assert costs["fixed"]["GFLOP a frame"] == 2 * costs["small"]["GFLOP a frame"] > 0
    assert all(cost["ms a frame"] > 0 for cost in costs.values())
