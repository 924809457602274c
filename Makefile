# `make up` and `make test` are all a fresh machine needs; see README.md.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
# Compiling the packages takes as long as running most commands.
export NODE_COMPILE_CACHE := $(CURDIR)/node_modules/.cache/node
sandbox := node sandbox/main.ts
in_sandbox = eval "$$($(sandbox) env --name $(1))";

# A stack's platform: what the environment says, or for dev the local one if it runs.
STACK ?= dev
BASE ?= main
platform := if [ -z "$${KEYCLOAK_URL:-}" ] && [ "$(STACK)" = dev ] && exports="$$($(sandbox) env --name dev 2>/dev/null)"; then eval "$$exports"; fi;
policy = --policy-pack policy $(addprefix --policy-pack-config ,$(wildcard policy/$(STACK).json))

.PHONY: help up down env status test check unit live affected preview comment up-stack drift benchmark

help:
	@echo "make up      start the local platform and converge stack dev on it"
	@echo "make down    stop it and remove everything it left"
	@echo "make env     print shell exports for it:  eval \"\$$(make -s env)\""
	@echo "make status  say what runs"
	@echo "make test    format, lint, types, data, unit tests, and tests on real servers"
	@echo "make check   format, lint, types and data only;  make unit, make live: one kind of tests"
	@echo "make preview    the pull request's comment for STACK=dev against BASE=main"
	@echo "make up-stack   preview, then converge STACK, with the policy pack"
	@echo "make drift      what is otherwise on the platform of STACK"
	@echo "make affected   the stacks that differ from BASE, as JSON"
	@echo "make benchmark  times and counts for SIZES=\"10/50 25/150\" workspaces/users"

# npm writes this file last, so it is newer than the lockfile only after a complete installation.
node_modules/.package-lock.json: package-lock.json
	@echo "installing packages" >&2
	@npm ci --no-audit --no-fund --loglevel=error >&2
	@touch $@

up: node_modules/.package-lock.json
	@$(sandbox) build
	@$(sandbox) start
	@$(call in_sandbox,dev) pulumi stack select --create dev >/dev/null && \
		pulumi up --stack dev --yes --skip-preview --refresh --run-program --suppress-outputs --suppress-progress
	@echo
	@node bin/access.ts matrix --stack dev
	@echo
	@$(call in_sandbox,dev) echo "Log in at $$OIDC_ISSUER_URL/account with a username and the password from:"
	@echo '  eval "$$(make -s env)" && pulumi stack output --stack dev --show-secrets temporaryPasswords'

down:
	@[ ! -e node_modules/.package-lock.json ] || $(sandbox) stop

env: node_modules/.package-lock.json
	@$(sandbox) env

status: node_modules/.package-lock.json
	@$(sandbox) status

test: check unit live

check: node_modules/.package-lock.json
	prettier --check .
	eslint .
	tsc --noEmit
	node bin/access.ts schema --check
	node bin/access.ts check --stack dev
	node bin/access.ts check --stack prod
	node bin/access.ts codeowners --check

affected: node_modules/.package-lock.json
	@node bin/access.ts affected --base "$(BASE)"

preview: node_modules/.package-lock.json
	@$(platform) node bin/access.ts preview --stack "$(STACK)" --base "$(BASE)" \
		$$(command -v pulumi >/dev/null || { echo "no pulumi here: from the files alone" >&2; echo --files; })

# In GitHub's workflow: posts what make preview has kept, or edits what it posted before.
comment: node_modules/.package-lock.json
	@node .github/postComment.ts "$(STACK)"

# The refresh is a run of its own: in one with the update it saves the whole state after every resource. By itself it need
# not, because it makes nothing that could be lost. Before the first update there is nothing to refresh.
up-stack: node_modules/.package-lock.json
	@$(platform) output=$$(mktemp); trap 'rm -f "$$output"' EXIT; \
		quietly() { "$$@" >"$$output" 2>&1 || { cat "$$output"; exit 1; }; }; \
		quietly pulumi preview --stack "$(STACK)" --non-interactive --suppress-outputs $(policy); \
		pulumi stack export --stack "$(STACK)" >"$$output"; \
		if grep -q pulumi:providers:keycloak "$$output"; then \
			PULUMI_SKIP_CHECKPOINTS=true quietly pulumi refresh --stack "$(STACK)" --yes --skip-preview --run-program \
				--non-interactive --suppress-outputs --suppress-progress; \
		fi; \
		pulumi up --stack "$(STACK)" --yes --skip-preview --non-interactive --suppress-outputs --suppress-progress $(policy)

drift: node_modules/.package-lock.json
	@$(platform) node bin/access.ts drift --stack "$(STACK)"

SIZES ?= 10/50 25/150
benchmark: node_modules/.package-lock.json
	@$(sandbox) build
	@node test/benchmark/main.ts $(SIZES)

unit: node_modules/.package-lock.json
	node --test --test-reporter=spec 'test/!(live)/**/*.test.ts'

# The two sets share the platform but no stack, so that one can wait while the other computes.
live_tests := node --test --test-reporter=spec --test-concurrency=1
live: node_modules/.package-lock.json
	@$(sandbox) build
	@$(sandbox) test-packages
	@$(sandbox) start --name test
	@$(call in_sandbox,test) \
		output=$$(mktemp); $(live_tests) 'test/live/{life,identity,applications,gateway}/*.test.ts' >$$output 2>&1 & \
		$(live_tests) 'test/live/*.test.ts' 'test/live/{plugins,dex}/*.test.ts' && program=0 || program=1; \
		wait $$! && life=0 || life=1; \
		cat $$output; rm $$output; $(sandbox) stop --name test; exit $$((program + life))
