# b7_version: --version. The commit is looked up when CMake configures.
execute_process(COMMAND git rev-parse --short=12 HEAD
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
	OUTPUT_VARIABLE B7_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT B7_COMMIT)
	set(B7_COMMIT unknown)
endif()
add_library(b7_version STATIC ${CMAKE_CURRENT_SOURCE_DIR}/version.c)
target_compile_definitions(b7_version PRIVATE B7_COMMIT="${B7_COMMIT}")
target_link_libraries(b7_version PRIVATE b7_flags dep_curl dep_cjson
	dep_event_core dep_http_parser dep_yaml dep_mbedtls)
