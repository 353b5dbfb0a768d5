"""What ``import pointsman`` costs: numpy and onnxruntime, and nothing of training."""

from __future__ import annotations

import json
import subprocess
import sys

FORBIDDEN = {
    "pointsman_train", "lightgbm", "sklearn", "scipy", "pandas", "pyarrow", "mlflow", "hydra", "omegaconf", "onnx",
    "matplotlib", "datasets", "datasketch", "pandera", "openai", "yaml", "starlette", "uvicorn", "opentelemetry",
}  # fmt: skip
ROUTE = """
import json, sys
from pointsman import Router
decision = Router.load(sys.argv[1]).route("What is 17 * 23?")
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def test_loading_and_routing_import_nothing_of_training(trained, environment, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", ROUTE, trained.bundle], env=environment, cwd=tmp_path, capture_output=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert {"pointsman", "numpy", "onnxruntime"} <= loaded
    assert not FORBIDDEN & loaded


def test_importing_starts_nothing_and_prints_nothing(environment, tmp_path):
    code = "import threading, pointsman; print(threading.active_count())"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert list(tmp_path.iterdir()) == []
