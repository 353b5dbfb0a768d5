"""The command line of training, evaluating, comparing and collecting. The only module that runs Hydra."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from pointsman.errors import PointsmanError
from pointsman.unread import unread_is_no_error
from pointsman_train.commands import Command, Job
from pointsman_train.config import build, register
from pointsman_train.errors import TrainError
from pointsman_train.paths import conf_dir
from pointsman_train.sweep import Sweep


def main(command: Command[Any]) -> None:
    """Run a command with the arguments of this process."""
    register(command)

    def app(config: DictConfig) -> float | None:
        # A polite kill ends a run as Ctrl-C does: what is open is closed and marked as failed.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return _run(command, config)

    with unread_is_no_error():
        hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=command.name)(app)()


def _run(command: Command[Any], config: DictConfig) -> float | None:
    try:
        return command.run(build(config, command.settings), _job())
    except (TrainError, PointsmanError) as error:
        # The text says what to do; a traceback would only hide it.
        sys.stderr.write(f"pointsman-{command.name}: {type(error).__name__}: {error}\n")
        raise SystemExit(1) from error
    except KeyboardInterrupt:
        sys.stderr.write(f"pointsman-{command.name}: interrupted; {command.kept}\n")
        raise SystemExit(130) from None


def _job() -> Job:
    run = HydraConfig.get()
    swept = run.mode == RunMode.MULTIRUN
    sweep = Sweep(str(run.sweep.dir), str(run.job.override_dirname)) if swept else None
    return Job(Path(run.runtime.output_dir), sweep)
