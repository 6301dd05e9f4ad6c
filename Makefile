# On a fresh machine with Python 3.11 or newer, `make demo` and `make test` do everything by themselves.
# Variables: PYTHON (makes the environment), VENV (where it lies), DIST (where releases go), ARGS (passed on).

PYTHON = python3
VENV = .venv
DIST = dist
SITE = site
ARGS =

bin = $(VENV)/bin
stamp = $(VENV)/.stamp

.DEFAULT_GOAL = help
.PHONY: help setup demo test check fmt docs evals evals-setup evals-full adapters-test serve-setup dist

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

setup: $(stamp) ## make .venv with everything that the targets below need

# pip comes first: older ones know neither --group nor --build-constraint.
$(stamp): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else \
	  f"$(PYTHON) is Python {v[0]}.{v[1]}; BestGuess needs 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv "$(VENV)"
	"$(bin)/python" -m pip install -c constraints.txt pip setuptools
	"$(bin)/python" -m pip install -c constraints.txt --build-constraint constraints.txt -e . --group dev
	@touch "$(stamp)"

demo: setup ## tune something real: fetches the model's weights when they are missing (ARGS="--json")
	"$(bin)/bestguess" demo $(ARGS)

test: setup ## run the tests of the product, four at a time (ARGS="-k space -x", ARGS=tests/evals)
	"$(bin)/python" -m pytest -n 4 --dist worksteal $(ARGS)

check: setup ## lint, format, types, and which folder may import which
	"$(bin)/ruff" check
	"$(bin)/ruff" format --check
	"$(bin)/mypy"
	"$(bin)/lint-imports" --no-logo

fmt: setup ## format the code and mend what the linter can
	"$(bin)/ruff" check --fix-only
	"$(bin)/ruff" format

docs: setup ## build the documentation into site/, every link checked, nothing loaded from elsewhere
	NO_MKDOCS_2_WARNING=1 "$(bin)/mkdocs" build --strict --site-dir "$(SITE)"

evals: setup ## a brief run of every suite with everyone installed, and its report in .evals/smoke
	"$(bin)/python" -m bestguess.evals smoke $(ARGS)

evals-setup: setup ## install the peers, each in an environment of its own (about 7 GB; ARGS="hebo ax")
	"$(bin)/python" -m bestguess.evals setup $(ARGS)

evals-full: evals-setup ## what the README's figures come from: hours, and it goes on where it was stopped
	"$(bin)/python" -m bestguess.evals run --jobs 2
	"$(bin)/python" -m bestguess.evals cost
	"$(bin)/python" -m bestguess.evals report
	"$(bin)/python" -m bestguess.evals readme

adapters-test: setup ## every adapter with the real library, and their table (environments: about 6 GB)
	-"$(bin)/python" -m bestguess.evals.rehearsals setup $(ARGS)
	"$(bin)/python" -m pytest -m "" -rs tests/agent/adapters tests/evals/rehearsals
	"$(bin)/python" -m bestguess.evals.rehearsals table $(ARGS)

serve-setup: setup ## make the environment of the model server, vLLM (2 GB on the processor, 10 GB for a GPU)
	"$(bin)/bestguess" serve --setup

# setuptools ships what an earlier build left in build/, deleted files too.
dist: setup ## build the sdist and the wheel into dist/
	rm -rf build "$(DIST)"/bestguess-*
	"$(bin)/python" -m build --no-isolation --outdir "$(DIST)"
