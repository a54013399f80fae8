# All commands of a user. They need Rust, a C and a C++ compiler, make and Python 3 with venv; the first one installs libtorch.

PROFILE ?= auto
DATA    ?= $(or $(PT4AL_DATA),data)
RESULTS ?= results
JOBS    ?= auto
# The authors' pretext losses; experiments/official-losses.toml says where to get the file
LOSSES  ?= $(DATA)/rotation_loss.txt
# More arguments for `pt4al run`, for instance ARGS='--only random', ARGS=--yes (start runs of more than a day), or
# ARGS='--time-limit 9m' (end each command after 9 minutes)
ARGS    ?=

PT4AL = target/release/pt4al
# Each recipe gets libtorch's folder from the script, which installs it on first use and returns at once afterwards.
WITH_LIBTORCH = torch=$$(scripts/libtorch.sh) && export LIBTORCH="$$torch" &&
PLACES = --data "$(DATA)" --results "$(RESULTS)" --jobs $(JOBS)
RUN = $(PT4AL) run $(PLACES)
CORRELATE = $(PT4AL) correlate $(PLACES)

# Cargo runs in parallel by itself.
.NOTPARALLEL:
.PHONY: build demo cifar10 cifar100 caltech101 imagenet cityscapes imbalanced published departures cold-start pretext-ablation \
        official-losses sampler-ablation correlate check test endurance golden lint fuzz bench doc clean help

help:               ## List the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

build:              ## Build target/release/pt4al
	@$(WITH_LIBTORCH) cargo build --release

demo: build         ## Run the whole pipeline on generated images (takes minutes)
	@$(RUN) experiments/demo.toml $(ARGS)

cifar10: build      ## Run the paper's CIFAR-10 experiment (PROFILE=auto|claim|paper|cpu)
	@$(RUN) experiments/cifar10.toml --profile $(PROFILE) $(ARGS)

caltech101: build   ## Run PT4AL on Caltech-101 (PROFILE=auto|paper|cpu, as for the experiments below)
	@$(RUN) experiments/caltech101.toml --profile $(PROFILE) $(ARGS)

cifar100: build     ## Run PT4AL on CIFAR-100
	@$(RUN) experiments/cifar100.toml --profile $(PROFILE) $(ARGS)

imagenet: build     ## Run PT4AL on ImageNet, or on those of its classes that are in the data folder
	@$(RUN) experiments/imagenet.toml --profile $(PROFILE) $(ARGS)

cityscapes: build   ## Run PT4AL on Cityscapes
	@$(RUN) experiments/cityscapes.toml --profile $(PROFILE) $(ARGS)

imbalanced: build   ## Run PT4AL on imbalanced CIFAR-10: long tails of ratio 100, 50 and 10, and linear
	@$(RUN) experiments/cifar10-imbalanced.toml --profile $(PROFILE) $(ARGS)
	@$(RUN) experiments/cifar10-imbalanced.toml --profile ratio50+$(PROFILE) $(ARGS)
	@$(RUN) experiments/cifar10-imbalanced.toml --profile ratio10+$(PROFILE) $(ARGS)
	@$(RUN) experiments/cifar10-imbalanced.toml --profile linear+$(PROFILE) $(ARGS)

published: build    ## Run CIFAR-10 as the official code does, with its departures from the paper
	@$(RUN) experiments/cifar10-published.toml --profile $(PROFILE) $(ARGS)

departures: build   ## Measure the effect of each of these departures, one at a time
	@$(RUN) experiments/cifar10-departures.toml --profile $(PROFILE) $(ARGS)

cold-start: build   ## Compare ways to choose the first labels, on many seeds
	@$(RUN) experiments/cold-start.toml --profile $(PROFILE) $(ARGS)

pretext-ablation: build   ## Compare the pretext tasks rotation, colorization, jigsaw and SimSiam
	@$(RUN) experiments/pretext-ablation.toml --profile $(PROFILE) $(ARGS)

official-losses: build   ## Compare four orders of the authors' pretext losses (LOSSES=path of rotation_loss.txt)
	@$(RUN) experiments/official-losses.toml --profile $(PROFILE) --set "pretext.losses.file='$(abspath $(LOSSES))'" $(ARGS)

sampler-ablation: build   ## Compare criteria inside a pretext batch, and numbers of pretext batches
	@$(RUN) experiments/sampler-ablation.toml --profile $(PROFILE) $(ARGS)

correlate: build    ## Correlate pretext loss and task loss, on CIFAR-10 and Caltech-101
	@$(CORRELATE) experiments/cifar10.toml --profile $(PROFILE) $(ARGS)
	@$(CORRELATE) experiments/caltech101.toml --profile $(PROFILE) $(ARGS)

# `pt4al baseline accept results/demo --reason TEXT` replaces the baseline.
check: build        ## Hold the demo's curves against the accepted baseline (runs the demo first)
	@$(RUN) experiments/demo.toml $(ARGS)
	@$(PT4AL) check "$(RESULTS)/demo" --against results/baseline/demo

# Tests and program share the release profile, so that torch-sys is compiled once.
test:               ## Run the tests (PT4AL_TEST_DATA=path: also those on real data)
	@$(WITH_LIBTORCH) cargo test --release

endurance:          ## Kill runs and damage files, hundreds of times (takes an hour)
	@$(WITH_LIBTORCH) cargo test --release --test suite endurance:: -- --ignored --nocapture --test-threads 1

golden:             ## Run the golden tests under every instruction set of this processor
	@$(WITH_LIBTORCH) scripts/golden.sh

lint:               ## Check format and clippy, warnings denied, and licences and sources of dependencies
	@$(WITH_LIBTORCH) cargo fmt --all --check && cargo clippy --release --workspace --all-targets -- -D warnings
	@cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
	@scripts/deny.sh

fuzz:               ## Run each fuzz target for FUZZ_SECONDS=600 (TARGETS="name ...": only these)
	@tests/fuzz/run.sh $(TARGETS)

bench:              ## Run the benchmarks
	@$(WITH_LIBTORCH) cargo bench

doc:                ## Build the API documentation
	@$(WITH_LIBTORCH) cargo doc --release --workspace --no-deps

clean:              ## Remove build files (keeps data, results and libtorch)
	@cargo clean
