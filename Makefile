# make          build and run the fast tests
# make release  build only; prints where the binary is
# make demo     build and run the main job; FILE=path takes your own file
# make test     all that CI runs
# make peers    beside peers from PyPI, each in a virtual environment: LiberTEM, py4DSTEM, tensorly, RosettaSciIO, HyperSpy 2 …;
#               MEGABYTES=64 takes smaller files, PARTS="trips files scan diffraction" some of the parts
BUILD ?= build
FILE ?=
DEMO ?= demo
MEGABYTES ?= 1024
PARTS ?=
GENERATE = cmake --preset release -B $(BUILD)/release -DCMAKE_CXX_COMPILER_LAUNCHER=ccache
RUSKA = $(BUILD)/release/ruska

.PHONY: all release demo test fast bench peers fuzz fmt docs clean

all: fast

release:
	@tools/install_dependencies
	@$(GENERATE) -DRUSKA_TESTS=OFF --log-level=WARNING
	@cmake --build $(BUILD)/release --target ruska
	@echo "$(abspath $(RUSKA))"

demo: release
	@tools/demo $(RUSKA) "$(DEMO)" $(FILE)

test:
	@tools/install_dependencies --with-tests
	@$(GENERATE) -DRUSKA_TESTS=ON -DRUSKA_WERROR=ON --log-level=WARNING
	@cmake --build $(BUILD)/release
	@tools/check_floors
	@cd $(BUILD)/release && ctest --output-on-failure --no-tests=error --parallel 2

fast:
	@tools/install_dependencies --with-tests
	@$(GENERATE) -DRUSKA_TESTS=ON --log-level=WARNING
	@cmake --build $(BUILD)/release
	@cd $(BUILD)/release && ./unit_tests --gtest_brief=1

bench:
	@tools/install_dependencies --with-tests
	@cmake --preset bench -B $(BUILD)/bench -DCMAKE_CXX_COMPILER_LAUNCHER=ccache --log-level=WARNING
	@cmake --build $(BUILD)/bench
	@bench/run $(BUILD)/bench
	@bench/run_unmixing $(BUILD)/bench
	@bench/run_scan $(BUILD)/bench
	@bench/run_tilt_series $(BUILD)/bench $(BUILD)/tilt_series

peers: release
	@cmake --preset bench -B $(BUILD)/bench -DCMAKE_CXX_COMPILER_LAUNCHER=ccache --log-level=WARNING
	@cmake --build $(BUILD)/bench
	@bench/run_peers $(BUILD) $(MEGABYTES) $(PARTS)

fuzz:
	@tools/install_dependencies --with-tests
	@cmake --preset fuzz -B $(BUILD)/fuzz -DCMAKE_CXX_COMPILER_LAUNCHER=ccache --log-level=WARNING
	@cmake --build $(BUILD)/fuzz
	@tests/fuzz/run $(BUILD)/fuzz

docs: release
	@tools/reference $(RUSKA)

fmt:
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format-14 -i

clean:
	@rm -rf $(BUILD)
