# make demo: a coloured sample clip.  make test: the tests.  Both make their own environment, .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test test-all lint env

env: $(READY)

$(READY): constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[train,test]"
	touch $(READY)

demo: $(READY)
	mkdir -p demo
	$(BIN)/python -m data_prep.sample_clip demo/sample.mp4
	$(BIN)/python infer.py video=demo/sample.mp4
	$(BIN)/python -m data_prep.side_by_side demo/sample.mp4 demo/sample.color.mp4 demo/sample.png
	@echo "coloured clip:           demo/sample.color.mp4"
	@echo "grey | coloured | truth: demo/sample.png"

test: $(READY)
	$(BIN)/python -m pytest -m "not slow"

test-all: $(READY)
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
