"""The settings of the collect stage. Importing them imports nothing that asks."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import Any

from pointsman_train.collect.plan import Plan
from pointsman_train.errors import ConfigError

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PromptsConfig:
    """The table of prompts.

    Attributes
    ----------
    path
        Parquet, CSV or JSON Lines. Required, unless a log is read.
    only
        Another such table: prompts whose ids it does not have are not asked. Null asks all.
    prompt_id, prompt, source, reference, grader, max_tokens
        What the file calls these columns. Only ``prompt_id`` and ``prompt`` are required; ``prompt`` is text, or chat
        messages as JSON.
    default_grader
        For prompts that name none.
    graders
        Grader by source, for prompts that name none.
    """

    path: str = ""
    only: str | None = None
    prompt_id: str = "prompt_id"
    prompt: str = "prompt"
    source: str = "source"
    reference: str = "reference"
    grader: str = "grader"
    max_tokens: str = "max_tokens"
    default_grader: str = "exact"
    graders: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class JudgeConfig:
    """A model that judges answers.

    Attributes
    ----------
    model
        Of the catalog, with an endpoint; null where no grader judges.
    max_tokens
        Of a judgement.
    labelled
        Table of answers with the score that people gave: prompt, reference, answer, score and the judging grader's
        name. How well the judge agrees with them is reported. Null for none.
    """

    model: str | None = None
    max_tokens: int = 256
    labelled: str | None = None


@dataclass(slots=True)
class CollectConfig:
    """Everything that ``pointsman-collect`` can be told.

    Attributes
    ----------
    prompts
        What to ask.
    catalog
        YAML or JSON with each model's prices and ``endpoint``. Required, unless a log is read.
    log
        A decision log of the runtime (see :mod:`pointsman_train.collect.logs`) to make the tables from; a pattern such
        as ``logs/decisions*.jsonl`` names the parts of one that was rotated. Nobody is asked then, and of the other
        settings only ``out``, ``prompts_out`` and ``success_threshold`` count.
    pool
        Models to ask; null is every model of the catalog with an endpoint.
    store
        SQLite file of the answers. It is what a later run goes on from: keep it.
    out
        The outcomes table to write (Parquet); null is ``collected/outcomes.parquet``, of a log
        ``collected/log_outcomes.parquet``.
    prompts_out
        The prompts table to write (Parquet), from a log; elsewhere the prompts are given. Null is
        ``collected/log_prompts.parquet``.
    plan, explore
        "ladder" asks from the cheapest model up and stops at the first success; a share ``explore`` of the prompts
        is asked of all. "full" asks all.
    trials, temperature, max_tokens, seed
        Of the requests. A changed one is another request.
    success_threshold
        Score from which the ladder stops.
    budget_usd
        Most that the store may ever have spent, earlier runs included; null is no limit.
    dry_run
        Say what would be asked and what it would cost, and ask nothing.
    timeout_s
        Of one request.
    grader_settings
        Settings of a grader, by its name.
    judge
        The judge, where a grader needs one.
    """

    prompts: PromptsConfig = field(default_factory=PromptsConfig)
    catalog: str = ""
    log: str | None = None
    pool: list[str] | None = None
    store: str = "collected/answers.sqlite"
    out: str | None = None
    prompts_out: str | None = None
    plan: str = "ladder"
    explore: float = 0.1
    trials: int = 1
    temperature: float = 0.0
    max_tokens: int = 512
    seed: int = 0
    success_threshold: float = 0.5
    budget_usd: float | None = None
    dry_run: bool = False
    timeout_s: float = 120.0
    grader_settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    judge: JudgeConfig = field(default_factory=JudgeConfig)

    @property
    def log_parts(self) -> list[Path]:
        """The files that ``log`` names, the one that was written to last at the end; where there is none, as it is."""
        if not self.log or Path(self.log).exists():
            return [Path(self.log)] if self.log else []
        found = [path for path in map(Path, glob(self.log)) if path.is_file()]
        return sorted(found, key=lambda path: (path.stat().st_mtime, path)) or [Path(self.log)]

    @property
    def outcomes_table(self) -> Path:
        """Where the outcomes go."""
        return Path(self.out or f"collected/{'' if self.log is None else 'log_'}outcomes.parquet")

    @property
    def prompts_table(self) -> Path:
        """Where the prompts of a log go."""
        return Path(self.prompts_out or "collected/log_prompts.parquet")

    def check(self) -> None:
        """Raise :class:`ConfigError` for a setting out of range, or a table that is read and would be written over."""
        required = {"catalog": self.catalog, "prompts.path": self.prompts.path}
        missing = [name for name, value in required.items() if not value and self.log is None]
        if missing:
            raise ConfigError(f"no value for {missing!r}; give each on the command line, as {missing[0]}=VALUE")
        self._check_files()
        Plan(self.plan, self.explore)
        low = {"trials": self.trials, "max_tokens": self.max_tokens, "timeout_s": self.timeout_s}
        for name, value in low.items():
            if value <= 0:
                raise ConfigError(f"{name} must be above 0, got {value!r}")
        if not 0 < self.success_threshold <= 1:
            raise ConfigError(f"success_threshold must be in (0, 1], got {self.success_threshold!r}")
        if self.budget_usd is not None and self.budget_usd < 0:
            raise ConfigError(f"budget_usd must not be negative, got {self.budget_usd!r}")
        if self.temperature == 0 and self.trials > 1:
            log.warning("%d trials at temperature 0 will mostly be the same answer", self.trials)
        if self.plan == "ladder" and self.explore == 0 and self.log is None:
            log.warning(
                "plan=ladder with explore=0 asks all models about the prompts alone that the cheap ones fail: labels "
                "can be learned from them, operating points and figures cannot; set explore=0.1 or more, or plan=full"
            )

    def _check_files(self) -> None:
        read = {"prompts.path": self.prompts.path, "prompts.only": self.prompts.only, "catalog": self.catalog}
        read |= {"judge.labelled": self.judge.labelled}
        files = {Path(path).resolve(): name for name, path in read.items() if path}
        files |= {part.resolve(): "log" for part in self.log_parts}
        written = {"out": self.outcomes_table}
        written |= {"store": Path(self.store)} if self.log is None else {"prompts_out": self.prompts_table}
        for name, path in written.items():
            other = files.setdefault(path.resolve(), name)
            if other != name:
                raise ConfigError(f"{name} is {str(path)!r}, and so is {other}, which would be lost; give another path")
            if name != "store" and path.suffix.lower() != ".parquet":
                raise ConfigError(f"{name} is {str(path)!r}; tables are written as Parquet: end it in .parquet")
