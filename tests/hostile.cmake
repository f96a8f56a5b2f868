# "Bad input", end to end: the real agent against hostile peers and objects.
if(TARGET b7_runner)
	add_library(b7_test_hostile STATIC
		${CMAKE_SOURCE_DIR}/tests/unit/hostile_rig.c)
	target_link_libraries(b7_test_hostile PRIVATE b7_flags
		PUBLIC b7_runner dep_cunit)
	foreach(who bmc tls api cr)
		if(EXISTS ${CMAKE_SOURCE_DIR}/tests/unit/test_hostile_${who}.c)
			unit_test(hostile_${who} b7_test_hostile)
			set_tests_properties(unit-hostile_${who} PROPERTIES
				TIMEOUT 300)
		endif()
	endforeach()
endif()
