"""The collect stage: prompts and a catalog in, the outcomes table out."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from pointsman_train.collect.collect import OVER_BUDGET, Collector, Progress, Request, ask_of
from pointsman_train.collect.config import CollectConfig
from pointsman_train.collect.endpoints import Endpoint, read_endpoints
from pointsman_train.collect.estimate import Estimate, estimate
from pointsman_train.collect.items import Item, Labelled, read_items, read_labelled
from pointsman_train.collect.judge_desk import JudgeDesk
from pointsman_train.collect.keep import refuse_to_lose, refuse_to_shrink
from pointsman_train.collect.outcome import Outcome
from pointsman_train.collect.plan import Plan
from pointsman_train.collect.store import Store
from pointsman_train.collect.write import write_table
from pointsman_train.errors import CollectError, GraderError
from pointsman_train.graders import make_grader
from pointsman_train.graders.agreement import Agreement, agreement
from pointsman_train.graders.beforehand import ungradable
from pointsman_train.graders.seam import GradeItem, Grader

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Collected:
    """What a run made.

    Attributes
    ----------
    estimates
        Of a dry run; empty otherwise.
    outcomes
        Rows of the table that was written; empty in a dry run.
    saved_usd
        What the answers that the plan did not need would have cost, at the mean cost of those that were given.
    judge_usd
        What judging cost; a part of what was spent.
    agreement
        Of the judge with the labelled sample; None where there is none.
    """

    estimates: Sequence[Estimate]
    outcomes: Sequence[Outcome]
    progress: Progress | None
    saved_usd: float
    judge_usd: float = 0.0
    agreement: Agreement | None = None


def collect(config: CollectConfig) -> Collected:
    """Ask what is not yet answered, grade, and write the outcomes table.

    Raises
    ------
    ConfigError, DataError, GraderError, CollectError
        For settings, prompts, a catalog, a grader or a store that cannot be used, or a table that would lose what it
        has; before anything is asked.
    """
    config.check()
    items = read_items(config.prompts)
    endpoints = read_endpoints(config.catalog, config.pool or [])
    desk = _desk(config)
    labelled = read_labelled(config.judge.labelled) if config.judge.labelled else []
    graders = _graders(config, {item.grader for item in items} | {row.grader for row in labelled}, desk)
    left_out = _ungradable(items, graders, config)
    with Store(Path(config.store)) as store:
        collector = Collector(
            store=store,
            endpoints=endpoints,
            graders=graders,
            plan=Plan(config.plan, config.explore, config.seed),
            request=Request(config.trials, config.temperature, config.max_tokens, config.seed),
            success_threshold=config.success_threshold,
            budget_usd=config.budget_usd,
            timeout_s=config.timeout_s,
            desk=desk,
            left_out=left_out,
        )
        if config.dry_run:
            _warn_of_table(config, items, endpoints)
            asked = [item for item in items if item.prompt_id not in left_out]
            return Collected(asyncio.run(estimate(asked, endpoints, graders, collector.request, store)), [], None, 0.0)
        _refuse_to_lose(config, items, endpoints)
        for endpoint in (*endpoints, *([desk.endpoint] if desk else [])):
            endpoint.key()
        outcomes, progress = _ask_all(collector, items)
        # Before anything else that can fail: the table is what the money was spent for.
        write_outcomes(outcomes, config.outcomes_table)
        agreed = asyncio.run(_agreement(collector, labelled, progress)) if labelled else None
    judged = desk.cost_usd if desk else 0.0
    return Collected([], outcomes, progress, _saved(outcomes, progress), judged, agreed)


def _refuse_to_lose(config: CollectConfig, items: Sequence[Item], endpoints: Sequence[Endpoint]) -> None:
    ladder = [endpoint.model for endpoint in endpoints]
    refuse_to_lose(config.outcomes_table, {item.prompt_id for item in items}, ladder)
    if config.plan == "ladder":
        refuse_to_shrink(config.outcomes_table, ladder, config.success_threshold)


def _warn_of_table(config: CollectConfig, items: Sequence[Item], endpoints: Sequence[Endpoint]) -> None:
    """Say in a dry run what would stop the real one."""
    try:
        _refuse_to_lose(config, items, endpoints)
    except CollectError as error:
        log.warning("%s", error)


def _desk(config: CollectConfig) -> JudgeDesk | None:
    if config.judge.model is None:
        return None
    return JudgeDesk(read_endpoints(config.catalog, [config.judge.model])[0], config.judge.max_tokens)


def _graders(config: CollectConfig, names: set[str], desk: JudgeDesk | None) -> dict[str, Grader]:
    return {name: make_grader(name, config.grader_settings.get(name, {}), desk) for name in sorted(names)}


def _ungradable(items: Sequence[Item], graders: Mapping[str, Grader], config: CollectConfig) -> dict[str, str]:
    """Say of which prompts no answer could be graded, by their ids; nobody is asked about them.

    Raises
    ------
    GraderError
        Where that is all of them.
    """
    found = {item.prompt_id: why for item in items if (why := _why_ungradable(item, graders[item.grader])) is not None}
    if not found:
        return found
    graded_by = {item.prompt_id: item.grader for item in items}
    [(most, _)] = Counter(f"{graded_by[name]}: {why}" for name, why in found.items()).most_common(1)
    told = f"{len(found)} of {len(items)} prompts of {config.prompts.path} cannot be graded ({most})"
    mend = (
        "give each a reference that its grader reads, in the column prompts.reference, or another grader, such as the "
        "judge, which needs none (prompts.default_grader=judge judge.model=NAME)"
    )
    if len(found) == len(items):
        raise GraderError(f"{told}; {mend}")
    log.warning("%s: they are not asked; %s", told, mend)
    return found


def _why_ungradable(item: Item, grader: Grader) -> str | None:
    grade_item = GradeItem(item.prompt, item.reference)
    try:
        ask_of(item, grader, "", grade_item, Request())
    except GraderError as error:
        return str(error)
    return ungradable(grader, grade_item)


def _ask_all(collector: Collector, items: Sequence[Item]) -> tuple[list[Outcome], Progress]:
    with tqdm(total=len(items), unit="prompt", dynamic_ncols=True) as bar:

        def report(progress: Progress) -> None:
            spent = progress.ledger.spent_usd
            bar.set_postfix_str(f"asked {progress.asked}, unknown {progress.unknown}, ${spent:.4f}", refresh=False)
            bar.update(progress.prompts_done - bar.n)

        # The draws only spread out waits; no result depends on them.
        return asyncio.run(collector.run(items, np.random.default_rng(), report))


async def _agreement(collector: Collector, labelled: Sequence[Labelled], progress: Progress) -> Agreement:
    given = [(row.grader, row.answer, GradeItem(row.prompt, row.reference)) for row in labelled]
    verdicts = await collector.grade_given(given, np.random.default_rng())
    progress.ledger = await collector.store.ledger()
    passed = [row.score >= collector.success_threshold for row in labelled]
    return agreement(verdicts, passed, np.random.default_rng(0), collector.success_threshold)


def write_outcomes(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write the outcomes table."""
    write_table(pd.DataFrame([asdict(outcome) for outcome in outcomes]), path)


def _saved(outcomes: Sequence[Outcome], progress: Progress) -> float:
    saved = 0.0
    for model, answers in progress.skipped.items():
        costs = [o.cost_usd for o in outcomes if o.model == model and o.cost_usd is not None]
        saved += answers * float(np.mean(costs)) if costs else 0.0
    return saved


def summarise(collected: Collected, config: CollectConfig) -> str:
    """Sum up a run, for a terminal."""
    if collected.progress is None:
        lines = [
            f"{e.model:<40} {e.asks:>8} requests  about ${e.likely_usd:.4f}, at most ${e.worst_usd:.4f}"
            for e in collected.estimates
        ]
        lines += ["this is the most: plan=ladder stops at the first success"] if config.plan == "ladder" else []
        lines += [f"judging by {config.judge.model} comes on top"] if config.judge.model else []
        return "\n".join([*lines, "nothing was asked (dry_run)"])
    progress = collected.progress
    lines = [
        f"{progress.prompts} prompts: {progress.asked} answers asked for, {progress.had} were there, "
        f"{progress.unknown} unknown",
        f"spent ${progress.ledger.spent_usd:.6f} in all; the plan saved about ${collected.saved_usd:.6f}",
    ]
    if collected.judge_usd:
        lines.append(f"of that, judging ${collected.judge_usd:.6f}")
    if collected.agreement is not None:
        found = collected.agreement
        lines.append(
            f"the judge agrees with people on {found.accuracy}, kappa {found.kappa}, "
            f"{found.graded} answers ({found.ungraded} more not judged)"
        )
    reasons = pd.Series([o.error for o in collected.outcomes if o.error]).value_counts()
    lines += [f"unknown: {reason}: {count}" for reason, count in reasons.items()]
    if any(o.error and OVER_BUDGET in o.error for o in collected.outcomes):
        lines.append(f"the budget of ${config.budget_usd} is used up; raise budget_usd and run again to go on")
    return "\n".join([*lines, f"outcomes  {config.outcomes_table}"])
