"""The measuring stick: weights against a truth, beside leaving it grey and beside the truth itself."""
