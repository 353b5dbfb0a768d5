# Needs python3 (3.11 or later), make and a package index.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test test-all check format bench bench-peers tables quality notebooks constraints clean

# The main job: train on the embedded data, evaluate, export, route one prompt.
demo: $(READY)
	$(BIN)/pointsman-train hydra.run.dir=runs/demo
	$(BIN)/pointsman route "$$(ls -td export/routers/pointsman/*/ | head -1)" \
	  "What is 17 * 23? Answer with the number only." --operating-point half_cost

# Side by side on all cores, a file's tests on one of them: what they share is made once.
test: $(READY)
	$(BIN)/python -m pytest -m "not slow" -n logical --dist loadfile --no-loadscope-reorder

# Everything, the slow tests as well: minutes.
test-all: $(READY)
	$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# How long a decision takes and what it needs, and what moved against the committed ratios: five minutes. WRITE=1 commits
# the figures to docs/measured/ and the README.
bench: $(READY)
	PYTHONPATH=docs $(BIN)/python -m bench $(if $(WRITE),--write)

# Other routers on the same prompts, each in an environment of its own under .venv-peers: some 2 GB. WRITE=1 as above.
bench-peers: $(READY)
	PYTHONPATH=docs $(BIN)/python -m bench.peers $(if $(WRITE),--write)

# Train on the open data sets and write the README's tables from what was measured.
tables: $(READY)
	$(BIN)/python docs/tables.py

# Every recipe on the open data sets, with intervals: an hour or two. Finished rounds are kept in runs/quality.
quality: $(READY)
	$(BIN)/python docs/quality.py
	$(BIN)/python docs/blocks.py

# Run the notebooks and keep what they show.
notebooks: $(READY)
	$(BIN)/jupyter execute --inplace notebooks/*.ipynb

# Write constraints.txt anew from what the index has today.
constraints:
	rm -rf .venv-constraints && $(PYTHON) -m venv .venv-constraints
	.venv-constraints/bin/python -m pip install --quiet --editable ".[train,tune,serve,otel,dask,dev]"
	(echo "# Versions that are tested together. Made by: make constraints"; \
	  .venv-constraints/bin/python -m pip freeze --exclude-editable) > constraints.txt
	rm -rf .venv-constraints

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --editable ".[train,tune,serve,otel,dask,dev]"
	# On all cores, where pip uses one; and our own modules, which each command would compile anew where Python may not.
	$(BIN)/python -m compileall -qq -j 0 .venv/lib export pipeline
	touch $(READY)

clean:
	rm -rf .venv .venv-peers build dist .mypy_cache .ruff_cache .pytest_cache
