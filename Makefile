# make demo: a coloured sample clip.  make test: the tests.  make docs: the site.  All make their own environment, .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

PACKAGES_camera := gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
	gstreamer1.0-plugins-ugly python3-gi
PACKAGES_browser := chromium fonts-dejavu-core
PACKAGES_slurm := slurm-wlm munge

.PHONY: demo test test-all lint env docs

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

# Tests of live sources have a GStreamer camera, those of the page a browser, and those of sweeps a Slurm, where they can
# be installed; elsewhere they are skipped.
.venv/.camera .venv/.browser .venv/.slurm: .venv/.%: $(READY)
	@if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && ! dpkg -s $(PACKAGES_$*) > /dev/null 2>&1; then \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
			apt-get -qq install --no-install-recommends $(PACKAGES_$*); } \
			> .venv/.$*.log 2>&1 && touch $@ || echo "no $* for the tests: see .venv/.$*.log"; \
	else \
		touch $@; \
	fi

test: $(READY) .venv/.camera .venv/.browser .venv/.slurm
	$(BIN)/python -m pytest -m "not slow"

test-all: $(READY) .venv/.camera .venv/.browser .venv/.slurm
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
