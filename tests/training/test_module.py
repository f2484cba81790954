import functools

import pytest
import pytorch_lightning as pl
import torch

from temporal_colorize.data.training_clips import ClipBatch
from temporal_colorize.models.convlstm import ConvLSTMUNet
from temporal_colorize.training.module import ColorizationModule
from temporal_colorize.training.optim import parameter_groups, warmup_cosine

OPTIONS = {
    "lr": 3e-3,
    "encoder_lr_scale": 0.3,
    "encoder_lr_decay": 1.0,
    "weight_decay": 0.02,
    "warmup_steps": 5,
    "regression": 1.0,
    "classification": 1.0,
    "temporal": 0.1,
    "prior": None,
    "uniform": 0.5,
    "hint_full": 0.2,
    "hint_sparse": 0.2,
    "hint_points": 4,
    "seed": 0,
}


def module(*, classify: bool = True, **options: object) -> ColorizationModule:
    torch.manual_seed(0)
    net = ConvLSTMUNet(encoder="residual", encoder_width=8, widths=(16, 16, 16), memory=(8, 8), classify=classify)
    return ColorizationModule(net, optimizer=functools.partial(torch.optim.AdamW), **{**OPTIONS, **options})


def two_tone_batch() -> ClipBatch:
    """Clips whose bright half is red and whose dark half is blue: easy to learn."""
    rgb = torch.zeros(4, 2, 3, 64, 64, dtype=torch.uint8)
    rgb[..., :32] = torch.tensor([200, 90, 80], dtype=torch.uint8)[:, None, None]
    rgb[..., 32:] = torch.tensor([20, 30, 90], dtype=torch.uint8)[:, None, None]
    return ClipBatch(rgb, torch.zeros(4, 1, 2, 16, 16), torch.ones(4, 1, 1, 16, 16))


@pytest.mark.parametrize("classify", [True, False])
def test_training_lowers_the_loss(classify: bool) -> None:
    model = module(classify=classify, classification=1.0 if classify else 0.0, uniform=1.0)
    losses = []
    model.log = lambda *_, **__: None
    model.log_dict = lambda *_, **__: None
    optimizer = torch.optim.AdamW(model.net.parameters(), 3e-3)
    for _ in range(30):
        loss = model.training_step(two_tone_batch(), 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])


def test_validation_sees_the_network_improve_on_grey() -> None:
    model = module(uniform=1.0)
    batch = two_tone_batch()
    loader = torch.utils.data.DataLoader([batch] * 80, batch_size=None)
    trainer = pl.Trainer(max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
                         enable_model_summary=False, accelerator="cpu")  # fmt: skip
    trainer.fit(model, loader, torch.utils.data.DataLoader([batch], batch_size=None))
    scores = trainer.callback_metrics
    assert scores["val/mse"] < 0.7 * scores["val/mse_grey"]
    assert scores["val/mae"] < scores["val/mae_grey"]


def test_every_trained_parameter_is_in_one_group() -> None:
    net = ConvLSTMUNet(encoder="lite0", frozen_blocks=5)
    groups = parameter_groups(net, lr=1e-3, encoder_lr_scale=0.1, weight_decay=0.02)
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in net.parameters() if p.requires_grad)
    assert {(group["lr"], group["weight_decay"]) for group in groups} == {
        (1e-4, 0.02), (1e-4, 0.0), (1e-3, 0.02), (1e-3, 0.0)
    }  # fmt: skip


def test_the_encoder_s_blocks_learn_more_slowly_the_earlier_they_are() -> None:
    net = ConvLSTMUNet(encoder="lite0", frozen_blocks=5)
    groups = parameter_groups(net, lr=1e-3, encoder_lr_scale=0.1, weight_decay=0.0, encoder_lr_decay=0.5)
    rate_of = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
    blocks = net.encoder.blocks
    rates = [rate_of[id(parameter)] for block in blocks[5:] for parameter in block.parameters()]
    above = [len(blocks) - 1 - number for number, block in enumerate(blocks) for _ in block.parameters() if number > 4]
    assert rates == pytest.approx([1e-4 * 0.5**blocks_above for blocks_above in above])
    assert rate_of[id(net.ab_head.weight)] == 1e-3


def test_the_encoder_alone_may_be_decayed() -> None:
    net = ConvLSTMUNet(encoder="residual", encoder_width=8)
    groups = parameter_groups(net, lr=1.0, encoder_lr_scale=1.0, weight_decay=0.0, encoder_weight_decay=0.3)
    decay_of = {id(parameter): group["weight_decay"] for group in groups for parameter in group["params"]}
    for name, parameter in net.named_parameters():
        kernel_of_the_encoder = name.startswith("encoder.") and parameter.ndim > 1
        assert decay_of[id(parameter)] == (0.3 if kernel_of_the_encoder else 0.0)


def test_the_network_sees_the_degraded_luma_and_must_give_the_clean_colours() -> None:
    seen = []

    def black(rgb: torch.Tensor, *, matrix: str, generator: torch.Generator) -> torch.Tensor:
        return torch.zeros_like(rgb[:, :, :1])

    model = module(degrade=black, hint_full=0.0, hint_sparse=0.0)
    model.log = lambda *_, **__: None
    model.log_dict = lambda *_, **__: None
    model.net.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    loss = model.training_step(two_tone_batch(), 0)
    assert (seen[-1] < 1e-4).all() and loss > 0.5
    result = model.validation_step(two_tone_batch(), 0)  # which is clean
    assert seen[-1].max() > 40 and result["target"].abs().max() > 20


def test_the_learning_rate_rises_and_falls() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = warmup_cosine(optimizer, total_steps=100, warmup_steps=10, last_scale=0.01)
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates[0] == pytest.approx(1 / 11)
    assert max(rates) == pytest.approx(1.0) == rates[10]
    assert rates[55] == pytest.approx(0.01 + 0.99 / 2)  # half-way down a cosine, by hand
    assert rates[-1] < 0.012
    constant = warmup_cosine(optimizer, total_steps=100, warmup_steps=0, last_scale=1.0)
    assert {constant.lr_lambdas[0](step) for step in range(0, 100, 7)} == {1.0}


def test_a_gradient_prior_changes_what_is_learnt_from() -> None:
    losses = []
    for gradient_prior in (False, True):
        torch.manual_seed(0)
        model = module(gradient_prior=gradient_prior, hint_full=0.0, hint_sparse=0.0)
        model.log = model.log_dict = lambda *_, **__: None
        losses.append(float(model.training_step(two_tone_batch(), 0)))
    assert abs(losses[0] - losses[1]) > 1e-4


@pytest.mark.parametrize("options", [{"regression": 0, "classification": 0}, {"regression": 0, "classify": False}])
def test_a_training_of_nothing_is_refused(options: dict) -> None:
    with pytest.raises(ValueError, match="nothing would be learnt"):
        module(**options)


def test_a_network_without_bins_learns_by_regression_alone() -> None:
    model = module(classify=False)
    model.log = model.log_dict = lambda *_, **__: None
    before = float(model.training_step(two_tone_batch(), 0))
    model.training_step(two_tone_batch(), 0).backward()
    assert before > 0 and model.net.ab_head.weight.grad.abs().sum() > 0
