"""Who is champion: a candidate takes the alias of a registered model from the baseline when the gate holds."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from pointsman_train import tracking
from pointsman_train.comparison import CompareConfig, Comparison, compare_found, refuse_other_pool
from pointsman_train.comparison_report import write_comparison
from pointsman_train.errors import PromotionError
from pointsman_train.evaluate.figures import flatten
from pointsman_train.evaluate.gate import failed
from pointsman_train.registry import Found, Version, found_in, how_to_begin, how_to_register, is_reference


def compare_routers(config: CompareConfig, run_dir: Path) -> Comparison:
    """Compare two routers, and move the alias where that was asked for and the gate holds.

    Raises
    ------
    pointsman.BundleError
        When a router cannot be loaded.
    PromotionError
        Before any work, when the alias could not move whatever the gate says.
    TrainError
        When the two do not route over the same models, or the data or MLflow cannot be used.
    """
    config.check()
    with tracking.tracked_run(config.tracking) as tracked:
        tracked.params({name: value for name, value in asdict(config).items() if name != "tracking"})
        baseline, candidate = (_find(reference, tracked) for reference in (config.baseline, config.candidate))
        refuse_other_pool(baseline.router, candidate.router)
        if config.promote:
            _entitled(config, tracked, baseline, candidate)
        found = compare_found(config, baseline, candidate)
        tracked.inputs([] if found.data is None else [found.data])
        if config.promote and not failed(found.checks) and not found.trained_on:
            found = replace(found, promoted=_promote(config, tracked, baseline, candidate))
        run_dir.mkdir(parents=True, exist_ok=True)
        tracked.artifacts(write_comparison(found, run_dir), "compare")
        tracked.metrics(flatten("difference", {row.metric: row.difference for row in found.rows}))
        tracked.tags(_tags(found))
    return found


def first_champion(config: CompareConfig) -> Version:
    """Give the alias to the candidate, where no version has it yet.

    Raises
    ------
    PromotionError
        When the candidate is not a registered version, or there is a champion to compare it with.
    TrainError
        When the router cannot be found.
    """
    config.check()
    with tracking.tracked_run(config.tracking) as tracked:
        candidate = _find(config.candidate, tracked)
        version = _promote(config, tracked, None, candidate)
        tracked.tags({"candidate": str(candidate), "promoted": version.uri})
    return version


def refuse_failed(config: CompareConfig, comparison: Comparison) -> None:
    """Raise :class:`PromotionError` with what failed, when a promotion was asked for and did not come about.

    Either the gate does not hold, or it was asked on prompts that one of the two was trained on.
    """
    bad = failed(comparison.checks)
    if config.promote and comparison.trained_on:
        raise PromotionError(
            f"{config.alias} stays {comparison.baseline}: {' and '.join(comparison.trained_on)} was trained on "
            "some of these prompts, so the figures say nothing of new ones; bring outcomes that neither was trained "
            "on, such as those of the prompts whose part is 'test' in the labels.parquet of its run"
        )
    if config.promote and bad:
        reasons = "".join(f"\n  {check.name}: {check.reason}" for check in bad)
        raise PromotionError(
            f"{config.alias} stays {comparison.baseline}: {len(bad)} of {len(comparison.checks)} conditions of the "
            f"gate failed{reasons}"
        )


def _find(reference: str, tracked: tracking.Run) -> Found:
    return tracked.registry.find(reference) if is_reference(reference) else found_in(reference, reference)


def _promote(config: CompareConfig, tracked: tracking.Run, baseline: Found | None, candidate: Found) -> Version:
    # Asked again: judging takes a while, and another candidate may have come first.
    version = _entitled(config, tracked, baseline, candidate)
    tracked.registry.move(config.alias, version)
    return version


def _entitled(config: CompareConfig, tracked: tracking.Run, baseline: Found | None, candidate: Found) -> Version:
    """Return the candidate's version, where it is one and the baseline is what has the alias now."""
    version, alias = candidate.version, config.alias
    if version is None:
        raise PromotionError(
            f"the candidate {candidate.reference!r} is not one registered version, which alone can be {alias}; "
            f"{how_to_register()}; then give candidate=models:/NAME/VERSION"
        )
    holder = tracked.registry.holder(version.name, alias)
    if baseline is None and holder is not None:
        raise PromotionError(
            f"version {holder.version} of {version.name!r} is {alias} already; compare with it: "
            f"baseline=models:/{version.name}@{alias}"
        )
    if baseline is not None and holder is None:
        raise PromotionError(f"no version of {version.name!r} is {alias} yet; {how_to_begin(version.name, alias)}")
    if baseline is not None and baseline.version != holder:
        raise PromotionError(
            f"the baseline {baseline.reference!r} is not the {alias} of {version.name!r}, which a candidate has to be "
            f"compared with; give baseline=models:/{version.name}@{alias}"
        )
    return version


def _tags(found: Comparison) -> dict[str, str]:
    bad = ", ".join(check.name for check in failed(found.checks))
    name = f"compare {found.baseline.router.name} with {found.candidate.router.name}"
    tags = {tracking.RUN_NAME: name, "baseline": str(found.baseline), "candidate": str(found.candidate)}
    tags["gate"] = f"failed: {bad}" if bad else "holds"
    return tags | ({"promoted": found.promoted.uri} if found.promoted else {})
