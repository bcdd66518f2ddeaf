.PHONY: help setup serve build test fidelity bench clean

help: ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

setup: ## Install whatever is missing for building and testing
	@bash -c '. tools/common.sh; need_test_tools; need_build_tools; say "Everything is there"'

serve: ## Build the site and serve it on http://127.0.0.1:8080/ (PORT=… for another port)
	@bash tools/serve.sh

build: ## Build dist/, which runs from any sub-path of any static host
	@bash tools/build.sh

test: ## Run all tests
	@bash tools/test.sh

fidelity: ## Compare the simulated servers with the real ones
	@bash tools/fidelity.sh

bench: ## Measure the bars
	@bash tools/bench.sh

clean: ## Remove what was built
	@rm -rf dist target tests/browser/node_modules tests/browser/output
