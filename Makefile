# Thin: every target is a script in tools/, which says more. Outputs are in build/.
#
# To share what was fetched between worktrees, name the folders of one of them once:
#   make WEIR_DEPS=../main/build/deps WEIR_VENV=../main/build/venv
export WEIR_DEPS WEIR_VENV WEIR_ORACLE WEIR_AIRFLOW

.DEFAULT_GOAL := build
.PHONY: help setup fetch build demo test bench lint fuzz exam golden clean distclean

# Runs tools/NAME, or says that it is not written yet.
tool = @test -x tools/$(1) || { echo "make $@: tools/$(1) does not exist yet" >&2; exit 1; }; exec tools/$(1)

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup: ## install what the machine lacks: Debian packages, Python environment
	@tools/setup

fetch: setup
	@tools/fetch

build: fetch ## build/weir and its links in build/bin/ (the default)
	@tools/build release

demo: build ## the flights pipeline, driven with the real aws CLI
	$(call tool,demo)

test: fetch ## all tests; part of them: tools/test NAME...
	@exec tools/test

bench: build ## figures, side by side with real Spark
	@tools/setup oracle exam
	$(call tool,bench)

golden: build ## run the sample jobs on real Spark and keep what it answers
	@tools/setup oracle
	$(call tool,golden)

exam: build ## published test suites of others
	@tools/setup exam oracle
	$(call tool,exam)

lint: fetch ## who includes whom, clang's warnings, clang-tidy
	@tools/setup lint
	@exec tools/lint

fuzz: fetch ## each fuzzer of tests/fuzz for FUZZ_SECONDS (60)
	@tools/setup fuzz
	@exec tools/fuzz

clean: ## remove what was built, keep what was fetched
	rm -rf build/weir build/bin build/release build/asan build/tsan build/clang build/fuzz build/test build/*.log

distclean: ## remove build/ whole (folders shared from elsewhere stay)
	rm -rf build
