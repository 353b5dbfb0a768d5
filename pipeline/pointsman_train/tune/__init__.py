"""The search over settings, out of fold on the training prompts; the only package that imports optuna."""
