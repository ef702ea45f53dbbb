# Unit tests lie beside the code; the suites over the whole registry and over real files lie in tests/.
find_package(GTest REQUIRED)
include(GoogleTest)

file(GLOB_RECURSE unit_tests CONFIGURE_DEPENDS ruska/*_test.cpp apps/cli/*_test.cpp)
file(GLOB_RECURSE suites CONFIGURE_DEPENDS tests/conformance/*.cpp tests/golden/*.cpp)

include(cmake/fixtures.cmake)

add_executable(unit_tests ${unit_tests})
target_link_libraries(unit_tests PRIVATE ruska_core ruska_fixtures rapidcheck GTest::gmock GTest::gtest_main)
add_executable(suite_tests ${suites})
target_link_libraries(suite_tests PRIVATE ruska_core ruska_fixtures GTest::gmock GTest::gtest_main)
foreach(target unit_tests suite_tests)
  target_compile_options(${target} PRIVATE ${ruska_warnings})
endforeach()

gtest_discover_tests(unit_tests DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
# Thousands of small files are written and flushed: in memory where there is such a folder.
set(scratch "")
if(IS_DIRECTORY /dev/shm)
  set(scratch ENVIRONMENT TMPDIR=/dev/shm)
endif()
gtest_discover_tests(suite_tests DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 1200 ${scratch})
file(GLOB e2e_tests CONFIGURE_DEPENDS tests/e2e/*.py)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(script IN LISTS e2e_tests)
  get_filename_component(name ${script} NAME_WE)
  add_test(NAME e2e.${name} COMMAND /usr/bin/python3 ${script} $<TARGET_FILE:ruska>)
  set_tests_properties(e2e.${name} PROPERTIES TIMEOUT 1800)
endforeach()
