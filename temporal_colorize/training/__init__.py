"""Training with Lightning: the module, its optimiser groups and schedule, the callbacks."""
