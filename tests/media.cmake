# Images: parsed, composed, checked; and by tools of others.
foreach(module cd compose compose_boot karg prepass)
	unit_test(${module} b7_agent_media)
	target_sources(test_${module} PRIVATE
		${CMAKE_SOURCE_DIR}/tests/unit/cd_both.c
		${CMAKE_SOURCE_DIR}/tests/unit/cd_rig.c)
endforeach()
unit_test(reader b7_agent_media)
unit_test(sparse b7_agent_media)
if(TARGET beskar7-agent)
	add_test(NAME integration-iso
		COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/iso.sh
			$<TARGET_FILE:beskar7-agent>)
	set_tests_properties(integration-iso PROPERTIES LABELS integration
		TIMEOUT 600 SKIP_RETURN_CODE 77 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endif()
foreach(target cd fat karg)
	fuzz_target(media_${target} b7_agent_media)
endforeach()
foreach(target cd fat)
	target_sources(fuzz_media_${target} PRIVATE
		${CMAKE_SOURCE_DIR}/tests/unit/cd_rig.c)
endforeach()
