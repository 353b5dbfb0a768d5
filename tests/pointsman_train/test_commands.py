"""Each command imports what it needs itself, so that a sentence of help or a refusal does not wait for the others'."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hydra.core.config_store import ConfigStore

from pointsman_train import entry
from pointsman_train.commands import COMMANDS, command_of
from pointsman_train.config import register


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_goes_by_the_name_of_its_module_and_has_a_console_script(name):
    assert command_of(name).name == name
    assert callable(getattr(entry, name))


def test_collecting_imports_nothing_of_training_before_it_is_known_what_to_collect():
    heavy = {"pandas", "pyarrow", "sklearn", "scipy", "lightgbm", "matplotlib", "mlflow", "openai"}
    code = "import sys; from pointsman_train.commands import command_of; import pointsman_train.cli; "
    code += f"command_of('collect'); print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_what_hydra_takes_from_the_one_store_is_a_copy_all_the_same():
    command = command_of("collect")
    register(command)
    taken = ConfigStore.instance().load("collect_schema.yaml").node
    taken.trials = 99
    assert ConfigStore.instance().load("collect_schema.yaml").node.trials == command.settings().trials
