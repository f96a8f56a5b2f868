# "Bad input", end to end: the real agent against hostile peers and objects.
if(TARGET b7_runner)
	add_library(b7_test_hostile STATIC
		${CMAKE_SOURCE_DIR}/tests/unit/hostile_rig.c)
	target_link_libraries(b7_test_hostile PRIVATE b7_flags
		PUBLIC b7_runner dep_cunit)
	foreach(who bmc tls api cr world)
		if(EXISTS ${CMAKE_SOURCE_DIR}/tests/unit/test_hostile_${who}.c)
			unit_test(hostile_${who} b7_test_hostile)
		endif()
	endforeach()
endif()
if(TARGET beskar7-agent AND TARGET beskar7-sim)
	add_test(NAME integration-hostile_cli COMMAND
		${CMAKE_SOURCE_DIR}/tests/integration/hostile_cli.sh
		$<TARGET_FILE:beskar7-agent> $<TARGET_FILE:beskar7-sim>
		$<$<TARGET_EXISTS:beskar7-scenario>:$<TARGET_FILE:beskar7-scenario>>)
	set_tests_properties(integration-hostile_cli PROPERTIES
		LABELS integration TIMEOUT 300
		WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endif()
