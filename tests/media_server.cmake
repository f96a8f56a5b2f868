# The media server, its origins and its tokens.
unit_test(range b7_agent_serve)
unit_test(live b7_agent_serve b7_world)
unit_test(serve b7_agent_serve b7_world)
unit_test(serve_report b7_agent_serve b7_world)
fuzz_target(serve_request b7_agent_serve b7_common)
unit_test(ahead b7_agent_serve b7_agent_origin b7_agent_media b7_world)
unit_test(blocks b7_agent_origin b7_world)
unit_test(origin b7_agent_origin b7_world)
unit_test(folder b7_agent_origin)
unit_test(proven b7_agent_origin)
unit_test(sums b7_agent_origin b7_world)
unit_test(bases b7_agent_claims b7_world)
target_sources(test_bases PRIVATE ${CMAKE_SOURCE_DIR}/tests/unit/cd_rig.c)
foreach(module base_proof base_proof_changes)
	unit_test(${module} b7_agent_claims b7_world)
	target_sources(test_${module} PRIVATE
		${CMAKE_SOURCE_DIR}/tests/unit/cd_rig.c)
endforeach()
unit_test(marks b7_agent_claims)
unit_test(wish b7_agent_claims b7_test_fake_kube b7_world)
unit_test(wish_secrets b7_agent_claims b7_test_fake_kube b7_world)
unit_test(claims b7_runner)
target_sources(test_claims PRIVATE ${CMAKE_SOURCE_DIR}/tests/unit/story_rig.c)
unit_test(claims_report b7_runner)
target_sources(test_claims_report PRIVATE
	${CMAKE_SOURCE_DIR}/tests/unit/story_rig.c)
# On sockets, with curl.
integration_test(media b7_agent_serve b7_net b7_world)
add_test(NAME integration-media_agent
	COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/media.sh
		$<TARGET_FILE:beskar7-sim> $<TARGET_FILE:beskar7-agent>)
set_tests_properties(integration-media_agent PROPERTIES LABELS integration
	TIMEOUT 600 SKIP_RETURN_CODE 77 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
# What is left in the agent's memory.
add_test(NAME integration-wiped
	COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/wiped.sh
		$<TARGET_FILE:beskar7-sim> $<TARGET_FILE:beskar7-agent>)
set_tests_properties(integration-wiped PROPERTIES LABELS integration
	TIMEOUT 600 SKIP_RETURN_CODE 77 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
