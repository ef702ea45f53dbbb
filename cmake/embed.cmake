# Files of ruska/report/page compiled into the library as text, so that a report needs nothing beside the program.
# Run as a script (-DNAMES=… -DFOLDER=… -DOUTPUT=…) it writes the source; included, it adds the rule.
if(CMAKE_SCRIPT_MODE_FILE)
  set(definitions "")
  foreach(name IN LISTS NAMES)
    file(READ ${FOLDER}/${name} bytes HEX)
    string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
    string(REPLACE "." "_" identifier ${name})
    string(APPEND definitions "std::string_view ${identifier}() {\n  static constexpr char text[] = {${bytes}0};\n"
                              "  return {text, sizeof text - 1};\n}\n")
  endforeach()
  file(WRITE ${OUTPUT} "// Made from ruska/report/page.\n#include \"ruska/report/page_files.hpp\"\n\n"
                       "namespace ruska::report {\n${definitions}}  // namespace ruska::report\n")
  return()
endif()

set(page_names page.html page.css page.js)
set(page_folder ${CMAKE_SOURCE_DIR}/ruska/report/page)
list(TRANSFORM page_names PREPEND ${page_folder}/ OUTPUT_VARIABLE page_paths)
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/page_files.cpp
  COMMAND ${CMAKE_COMMAND} "-DNAMES=${page_names}" -DFOLDER=${page_folder} -DOUTPUT=${CMAKE_BINARY_DIR}/page_files.cpp
          -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${page_paths} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  VERBATIM)
set(embedded_sources ${CMAKE_BINARY_DIR}/page_files.cpp)
