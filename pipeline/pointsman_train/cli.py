"""The command line of training, evaluating, comparing and collecting. The only module that runs Hydra."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from pointsman.errors import PointsmanError
from pointsman_train.champion import compare_routers, first_champion, refuse_failed
from pointsman_train.collect import logs
from pointsman_train.collect.config import CollectConfig
from pointsman_train.comparison import NO_BASELINE, CompareConfig
from pointsman_train.comparison_report import summarise_comparison
from pointsman_train.config import build, register
from pointsman_train.datasets import PromptsConfig
from pointsman_train.errors import TrainError
from pointsman_train.judge import JudgeConfig, judge_router
from pointsman_train.paths import conf_dir
from pointsman_train.pipeline import PipelineConfig, run_pipeline
from pointsman_train.summary import summarise, summarise_evaluation, summarise_traffic
from pointsman_train.tracking import Sweep
from pointsman_train.watch import watch_router

log = logging.getLogger(__name__)

# What an interruption leaves behind.
_KEPT = {
    "train": "no router was written; a learning curve goes on where it stopped with the same hydra.run.dir, "
    "a search with the same tune.name, and engine=dask with the same engine.folder",
    "evaluate": "nothing was written",
    "compare": "nothing was promoted",
    "collect": "every answer is kept, run the same command to go on",
}


def train() -> None:
    """Run the stages: ``pointsman-train``."""
    _main("train", _train)


def evaluate() -> None:
    """Judge an exported router: ``pointsman-evaluate``."""
    _main("evaluate", _evaluate)


def compare() -> None:
    """Compare two routers, and promote the better: ``pointsman-compare``."""
    _main("compare", _compare)


def collect() -> None:
    """Ask models and grade their answers: ``pointsman-collect``."""
    _main("collect", _collect)


def _main(name: str, job: Callable[[DictConfig, Path], float | None]) -> None:
    register()

    def app(config: DictConfig) -> float | None:
        # A polite kill ends a run as Ctrl-C does: what is open is closed and marked as failed.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            return job(config, Path(HydraConfig.get().runtime.output_dir))
        except (TrainError, PointsmanError) as error:
            # The text says what to do; a traceback would only hide it.
            sys.stderr.write(f"pointsman-{name}: {type(error).__name__}: {error}\n")
            raise SystemExit(1) from error
        except KeyboardInterrupt:
            sys.stderr.write(f"pointsman-{name}: interrupted; {_KEPT[name]}\n")
            raise SystemExit(130) from None

    hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=name)(app)()


def _train(config: DictConfig, run_dir: Path) -> float | None:
    result = run_pipeline(build(config, PipelineConfig), run_dir, _sweep())
    sys.stdout.write(summarise(result, run_dir) + "\n")
    # What a Hydra sweeper maximises.
    return result.evaluation.figures["hull_gain"].value if result.evaluation else None


def _sweep() -> Sweep | None:
    """Return what this run is a part of, None where it runs alone."""
    hydra_config = HydraConfig.get()
    if hydra_config.mode != RunMode.MULTIRUN:
        return None
    return Sweep(str(hydra_config.sweep.dir), str(hydra_config.job.override_dirname))


def _evaluate(config: DictConfig, run_dir: Path) -> float | None:
    settings = build(config, JudgeConfig)
    if isinstance(settings.dataset, PromptsConfig):
        sys.stdout.write(summarise_traffic(watch_router(settings, run_dir)) + f"\n\nrun     {run_dir}\n")
        return None
    evaluation = judge_router(settings, run_dir)
    sys.stdout.write(summarise_evaluation(evaluation) + f"\n\nrun     {run_dir}\n")
    return evaluation.figures["hull_gain"].value


def _compare(config: DictConfig, run_dir: Path) -> float | None:
    settings = build(config, CompareConfig)
    if settings.baseline == NO_BASELINE:
        sys.stdout.write(f"{first_champion(settings).uri} is {settings.alias} now\n")
        return None
    comparison = compare_routers(settings, run_dir)
    sys.stdout.write(summarise_comparison(comparison) + f"\n\nrun     {run_dir}\n")
    refuse_failed(settings, comparison)
    return None


def _collect(config: DictConfig, run_dir: Path) -> float | None:
    settings = build(config, CollectConfig)
    if settings.log is not None:
        sys.stdout.write(logs.collect_log(settings) + "\n")
        return None
    # The client of the endpoints takes a second to import, and training has no use for it.
    from pointsman_train.collect import stage

    # They tell of every request, which would drown the progress bar, and of headers, which are nobody's business.
    for name in ("httpx2", "httpcore2", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)
    sys.stdout.write(stage.summarise(stage.collect(settings), settings) + "\n")
    return None
