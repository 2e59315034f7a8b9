# The two commands: `make up` and `make test`. Everything else is `cargo xtask --help`.

.PHONY: up down test arm64 help

help:
	@echo "make up     build, deploy to a local emulator and run the main job; MODEL_URL=http://... scores with a model,"
	@echo "            LOCAL_MODELS=off leaves out the small models that come along"
	@echo "make down   stop it"
	@echo "make test   run every test"
	@echo "make arm64  build the functions for AWS (Graviton) into target/lambda"

up:
	@cargo xtask up

down:
	@cargo xtask down

test:
	@cargo xtask test

arm64:
	@cargo xtask build --aws arm64
