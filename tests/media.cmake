# Images: parsed, composed, checked; and by tools of others.
foreach(module cd compose compose_boot)
	unit_test(${module} b7_agent_media)
	target_sources(test_${module} PRIVATE
		${CMAKE_SOURCE_DIR}/tests/unit/cd_both.c
		${CMAKE_SOURCE_DIR}/tests/unit/cd_rig.c)
endforeach()
if(TARGET beskar7-agent)
	add_test(NAME integration-iso
		COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/iso.sh
			$<TARGET_FILE:beskar7-agent>)
	set_tests_properties(integration-iso PROPERTIES LABELS integration
		TIMEOUT 600 SKIP_RETURN_CODE 77 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endif()
