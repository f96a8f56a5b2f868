# The core stand-in, in virtual time, against the API stand-in.
if(TARGET b7_runner)
	add_library(b7_test_core STATIC ${CMAKE_SOURCE_DIR}/tests/unit/core_rig.c)
	target_link_libraries(b7_test_core PRIVATE b7_flags
		PUBLIC b7_runner dep_cunit)
	foreach(part cluster machine delete node clone)
		unit_test(core_${part} b7_test_core)
	endforeach()
endif()
