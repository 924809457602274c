# `make up` and `make test` are all a fresh machine needs; see README.md.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
sandbox := node sandbox/main.ts
in_sandbox = eval "$$($(sandbox) env --name $(1))";

.PHONY: help up down env status test check unit live

help:
	@echo "make up      start the local platform and converge stack dev on it"
	@echo "make down    stop it and remove everything it left"
	@echo "make env     print shell exports for it:  eval \"\$$(make -s env)\""
	@echo "make status  say what runs"
	@echo "make test    format, lint, types, data, unit tests, and tests on real servers"
	@echo "make check   format, lint, types and data only;  make unit, make live: one kind of tests"

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
