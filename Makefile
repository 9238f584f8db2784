# Nitido's commands. `make demo` needs only the runtime; `make test` installs everything.
PYTHON ?= python3
DEV := .venv
DEMO := .venv-demo
APP := .venv-app
WEB := demo_app/nitido_demo/static/vendor/VERSION
PACKAGES := nitido nitido_train nitido_export nitido_bench nitido_demo
SOURCES := sdk training export benchmarks demo_app tests samples
PIP_COMPILE := pip-compile --quiet --strip-extras --no-annotate --no-emit-index-url --no-emit-find-links \
	--no-emit-trusted-host --unsafe-package nitido -c requirements/constraints.txt

.PHONY: help demo app web test lint bench quality readme lock clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/ \t/' | expand -t 10

demo: $(DEMO)/installed  ## rank samples/, enhance what deserves it into out/, write out/report.html
	rm -rf out
	$(DEMO)/bin/nitido assess samples
	$(DEMO)/bin/nitido enhance samples -o out --report out/report.html
	@echo "Open out/report.html in a browser: before and after, scores, timings."

app: $(APP)/installed $(WEB)  ## serve the demo app on this machine: open the address that it prints
	@$(APP)/bin/nitido demo $(if $(PHOTOS),--photos "$(PHOTOS)")

web: $(WEB)  ## put onnxruntime-web (from npm, pinned) into the app, for its page "This device"

test: $(DEV)/installed $(WEB) lint  ## lint, types, tests
	$(DEV)/bin/python -m pytest -rs

lint: $(DEV)/installed  ## ruff and mypy --strict
	$(DEV)/bin/ruff check $(SOURCES)
	$(DEV)/bin/ruff format --check $(SOURCES)
	$(DEV)/bin/mypy $(PACKAGES:%=-p %)

bench: $(DEV)/installed  ## measure speed and memory here, then write the tables into the documents
	$(DEV)/bin/nitido-bench import-time
	$(DEV)/bin/nitido-bench latency
	$(DEV)/bin/nitido-bench peers
	$(DEV)/bin/nitido-bench pipeline
	$(DEV)/bin/nitido-bench memory
	$(DEV)/bin/nitido-bench parity
	$(DEV)/bin/nitido-bench trigger-cost --lite trigger-lite
	$(DEV)/bin/nitido-bench video-speed
	$(DEV)/bin/nitido-bench gallery --photos 2000 --large 8
	$(DEV)/bin/nitido-bench readme
	$(DEV)/bin/nitido-bench report

quality: $(DEV)/installed  ## measure accuracy: make quality DATA=FOLDER, which has photos/ and test/ (docs/benchmarks.md)
	@test -n "$(DATA)" || { echo "expected DATA=FOLDER with photos/ and test/, see docs/benchmarks.md"; exit 2; }
	$(DEV)/bin/nitido-bench bicubic --data $(DATA)/test
	$(DEV)/bin/nitido-bench quality-sr --data $(DATA)/test
	$(DEV)/bin/nitido-bench int8 --data $(DATA)/test
	$(DEV)/bin/nitido-bench quality-restore --data $(DATA)/test
	$(DEV)/bin/nitido-bench quality --folder $(DATA)/test/LIVE1 --limit 8
	$(DEV)/bin/nitido-bench trigger --photos $(DATA)/photos --data $(DATA)/test
	$(DEV)/bin/nitido-bench labels --photos $(DATA)/photos
	$(DEV)/bin/nitido-bench readme
	$(DEV)/bin/nitido-bench report

readme: $(DEV)/installed  ## write the figures in benchmarks/results/ into README.md and the model cards
	$(DEV)/bin/nitido-bench readme

# A stamp file per environment: pip runs again only when a lock file or pyproject.toml changed.
$(DEV)/installed: requirements/dev.txt pyproject.toml
	$(call install,$(DEV),requirements/dev.txt)

$(DEMO)/installed: requirements/demo.txt pyproject.toml
	$(call install,$(DEMO),requirements/demo.txt)

$(APP)/installed: requirements/app.txt pyproject.toml
	$(call install,$(APP),requirements/app.txt)

# Without npm everything but the page "This device" works, and that page says what is missing.
$(WEB): demo_app/package-lock.json scripts/vendor_web.sh
	@PYTHON=$(PYTHON) scripts/vendor_web.sh || echo "The page \"This device\" will be without its runtime."

define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "expected Python 3.11 or newer, got " + sys.version.split()[0] + "; try: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@echo "Installing $(2) into $(1), this once: a minute for the demo, several for the tests."
	$(PYTHON) -m venv $(1)
	$(1)/bin/pip install --quiet --disable-pip-version-check -r $(2)
	$(1)/bin/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@
endef

lock:  ## resolve pyproject.toml again into requirements/*.txt
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check pip-tools==7.6.2
	.venv-lock/bin/$(PIP_COMPILE) -o requirements/demo.txt pyproject.toml
	.venv-lock/bin/$(PIP_COMPILE) --extra dev -o requirements/dev.txt pyproject.toml
	.venv-lock/bin/$(PIP_COMPILE) --extra demo -c requirements/dev.txt -o requirements/app.txt pyproject.toml
	# "2.13.0+cpu" exists only in some indexes; "2.13.0" installs from all of them, and takes it where it exists
	sed -i.bak -E 's/^(torch==[0-9.]+)\+[a-z0-9]+/\1/' requirements/dev.txt && rm requirements/dev.txt.bak

clean:  ## remove environments, caches and results of the demo
	rm -rf $(DEV) $(DEMO) $(APP) demo_app/node_modules $(dir $(WEB)) .venv-lock out .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
