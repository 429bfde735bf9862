# make run    serve on http://127.0.0.1:5000     (make run ARGS="--source clip.mp4 --port 8000" passes options on)
# make test   run every test
# Both set up first whatever is missing on the machine. The others: lint, bench, soak, train, evaluate, clean.

VENV ?= .venv
PY := $(VENV)/bin/python
export VENV

.PHONY: run test lint bench soak train evaluate screenshots setup clean

run:
	@scripts/setup.sh run
	@exec $(PY) main.py $(ARGS)

test:
	@scripts/setup.sh dev
	@$(PY) -m pytest -n 3 --dist loadfile $(ARGS)

lint:
	@scripts/setup.sh dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

# Every benchmark in turn; each prints what it compares and writes JSON below results/.
bench:
	@scripts/setup.sh dev
	@for file in benchmarks/[a-z]*.py; do $(PY) -m "benchmarks.$$(basename "$$file" .py)" $(ARGS) || exit 1; done

# A minute of 200 viewers who come and go; fails where a stream is lost, or threads, files or memory grow.
soak:
	@scripts/setup.sh run
	@$(PY) scripts/soak.py $(ARGS)

DATA ?= fer2013.csv

train:
	@scripts/setup.sh run
	@$(PY) -m training.train --data $(DATA) $(ARGS)

evaluate:
	@scripts/setup.sh run
	@$(PY) -m training.evaluate --data $(DATA) $(ARGS)

# The README's pictures, taken from the running program.
screenshots:
	@scripts/setup.sh dev
	@$(PY) scripts/screenshots.py

setup:
	@scripts/setup.sh dev

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
