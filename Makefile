# Everything that a user types. Needs Rust, a C and a C++ compiler, make and Python 3 with venv; libtorch sets itself up.

PROFILE ?= auto
DATA    ?= $(or $(PT4AL_DATA),data)
RESULTS ?= results
JOBS    ?= auto
# Of the official repository: experiments/official-losses.toml says where to get it
LOSSES  ?= $(DATA)/rotation_loss.txt
# More arguments for `pt4al run`, for instance ARGS='--only random'; ARGS=--yes starts what takes longer than a day,
# ARGS='--time-limit 9m' ends each command in time
ARGS    ?=

PT4AL = target/release/pt4al
# Each recipe asks the script for the folder: it installs libtorch on first use, and answers at once afterwards.
WITH_LIBTORCH = torch=$$(scripts/libtorch.sh) && export LIBTORCH="$$torch" &&
PLACES = --data "$(DATA)" --results "$(RESULTS)" --jobs $(JOBS)
RUN = $(PT4AL) run $(PLACES)
CORRELATE = $(PT4AL) correlate $(PLACES)

# Cargo is parallel by itself.
.NOTPARALLEL:
.PHONY: build demo cifar10 caltech101 imagenet cityscapes imbalanced published departures cold-start pretext-ablation \
        official-losses sampler-ablation correlate check test golden lint bench doc clean help

help:               ## List the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

build:              ## Build target/release/pt4al
	@$(WITH_LIBTORCH) cargo build --release

demo: build         ## Run the whole pipeline on generated images (minutes)
	@$(RUN) experiments/demo.toml $(ARGS)

cifar10: build      ## Reproduce the paper's CIFAR-10 experiment (PROFILE=auto|claim|paper|cpu)
	@$(RUN) experiments/cifar10.toml --profile $(PROFILE) $(ARGS)

caltech101: build   ## PT4AL on Caltech-101 (PROFILE=auto|paper|cpu, as for the next three)
	@$(RUN) experiments/caltech101.toml --profile $(PROFILE) $(ARGS)

imagenet: build     ## PT4AL on ImageNet, or on the classes of it that are there
	@$(RUN) experiments/imagenet.toml --profile $(PROFILE) $(ARGS)

cityscapes: build   ## PT4AL on Cityscapes
	@$(RUN) experiments/cityscapes.toml --profile $(PROFILE) $(ARGS)

imbalanced: build   ## PT4AL on CIFAR-10 with long tails of ratio 100, 50 and 10, and a linear imbalance
	@$(RUN) experiments/cifar10-imbalanced.toml --profile $(PROFILE) $(ARGS)
	@$(RUN) experiments/cifar10-imbalanced.toml --profile ratio50+$(PROFILE) $(ARGS)
	@$(RUN) experiments/cifar10-imbalanced.toml --profile ratio10+$(PROFILE) $(ARGS)
	@$(RUN) experiments/cifar10-imbalanced.toml --profile linear+$(PROFILE) $(ARGS)

published: build    ## CIFAR-10 as the official code runs it, departures from the paper included
	@$(RUN) experiments/cifar10-published.toml --profile $(PROFILE) $(ARGS)

departures: build   ## What each of those departures is worth, one at a time
	@$(RUN) experiments/cifar10-departures.toml --profile $(PROFILE) $(ARGS)

cold-start: build   ## Initial sets, on many seeds
	@$(RUN) experiments/cold-start.toml --profile $(PROFILE) $(ARGS)

pretext-ablation: build   ## Rotation, colorization, jigsaw and SimSiam
	@$(RUN) experiments/pretext-ablation.toml --profile $(PROFILE) $(ARGS)

official-losses: build   ## The authors' own pretext losses in four orders; LOSSES names their file (rotation_loss.txt)
	@$(RUN) experiments/official-losses.toml --profile $(PROFILE) --set "pretext.losses.file='$(abspath $(LOSSES))'" $(ARGS)

sampler-ablation: build   ## What is asked for inside a pretext batch, and how many batches there are
	@$(RUN) experiments/sampler-ablation.toml --profile $(PROFILE) $(ARGS)

correlate: build    ## Pretext loss against task loss, on CIFAR-10 and Caltech-101
	@$(CORRELATE) experiments/cifar10.toml --profile $(PROFILE) $(ARGS)
	@$(CORRELATE) experiments/caltech101.toml --profile $(PROFILE) $(ARGS)

# What was accepted: `pt4al baseline accept results/demo --reason TEXT`
check: build        ## Hold the demo's curves against those that were accepted (runs it if need be)
	@$(RUN) experiments/demo.toml $(ARGS)
	@$(PT4AL) check "$(RESULTS)/demo" --against results/baseline/demo

# One profile for tests and program: torch-sys is then compiled once.
test:               ## Run the tests (those on real data where PT4AL_TEST_DATA names it)
	@$(WITH_LIBTORCH) cargo test --release

golden:             ## Repeat the golden tests under every instruction set of this processor
	@$(WITH_LIBTORCH) scripts/golden.sh

lint:               ## Check format and clippy, warnings denied
	@$(WITH_LIBTORCH) cargo fmt --all --check && cargo clippy --release --workspace --all-targets -- -D warnings

bench:              ## Run the benchmarks
	@$(WITH_LIBTORCH) cargo bench

doc:                ## Build the API documentation
	@$(WITH_LIBTORCH) cargo doc --release --workspace --no-deps

clean:              ## Remove what the build made (not data, results or libtorch)
	@cargo clean
