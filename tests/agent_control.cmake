unit_test(record b7_agent_control b7_world)
unit_test(workq b7_agent_control b7_world)
unit_test(pace b7_agent_control)
unit_test(heal b7_agent_control b7_world)
unit_test(node_match b7_agent_control b7_world)
unit_test(workload_config b7_agent_control b7_world)
unit_test(host_index b7_agent_control b7_world)
unit_test(report b7_agent_control b7_world)
unit_test(story b7_runner)
unit_test(counts b7_runner)
unit_test(fleet_api b7_runner)
unit_test(block_move b7_runner)
unit_test(matrix b7_runner)
target_sources(test_matrix PRIVATE unit/matrix_words.c)
unit_test(media_story b7_runner)
unit_test(role b7_runner)
unit_test(workload b7_runner)
foreach(t workload story counts fleet_api block_move matrix media_story role)
	target_sources(test_${t} PRIVATE
		${CMAKE_SOURCE_DIR}/tests/unit/story_rig.c)
endforeach()
# SAFETY.md, rule by rule, in virtual time.
foreach(rule adopt boot claim clock drive heal media reboot release stranger record trust delete)
	unit_test(safety_${rule} b7_runner)
	target_sources(test_safety_${rule} PRIVATE
		${CMAKE_SOURCE_DIR}/tests/unit/safety_objects.c
		${CMAKE_SOURCE_DIR}/tests/unit/safety_rig.c)
	set_tests_properties(unit-safety_${rule} PROPERTIES TIMEOUT 1800)
endforeach()
foreach(rule drive media)
	target_sources(test_safety_${rule} PRIVATE
		${CMAKE_SOURCE_DIR}/tests/unit/fake_media.c)
endforeach()
unit_test(explain b7_runner b7_agent_explain)
target_sources(test_explain PRIVATE
	${CMAKE_SOURCE_DIR}/tests/unit/safety_objects.c
	${CMAKE_SOURCE_DIR}/tests/unit/safety_rig.c)
unit_test(template b7_runner)
target_sources(test_template PRIVATE
	${CMAKE_SOURCE_DIR}/tests/unit/safety_objects.c
	${CMAKE_SOURCE_DIR}/tests/unit/safety_rig.c)
unit_test(enroll b7_agent_enroll b7_world)
if(TARGET beskar7-agent)
	add_test(NAME integration-enroll_cli
		COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/enroll_cli.sh
			$<TARGET_FILE:beskar7-agent>)
	set_tests_properties(integration-enroll_cli PROPERTIES
		LABELS integration TIMEOUT 120 SKIP_RETURN_CODE 77
		WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endif()
unit_test(forbidden b7_runner)
target_sources(test_forbidden PRIVATE
	${CMAKE_SOURCE_DIR}/tests/unit/safety_objects.c
	${CMAKE_SOURCE_DIR}/tests/unit/safety_rig.c)
set_tests_properties(unit-forbidden PROPERTIES TIMEOUT 900)
unit_test(ask b7_agent b7_world)
