"""Trainings of a few steps, for tests of what is around them."""

TINY = (
    "experiment=smoke",
    "logger=csv",
    "trainer.max_epochs=1",
    "trainer.enable_progress_bar=false",
    "+trainer.num_sanity_val_steps=0",
    "data.batches_an_epoch=2",
    "data.validation_batches=1",
    "data.frames=2",
    "data.frames_a_batch=4",
    "callbacks.export.pictures=1",
    "callbacks.export.clips=0",
)
