# `beskar7-agent probe`, and recordings that are served again.
if(TARGET b7_agent_probe)
	foreach(module scrub grade)
		unit_test(probe_${module} b7_agent_probe)
	endforeach()
	fuzz_target(probe_scrub b7_agent_probe)
endif()
if(TARGET b7_agent_probe AND TARGET b7_world AND TARGET b7_sim_bmc AND
		TARGET b7_sim_origin)
	foreach(module roundtrip run)
		unit_test(probe_${module} b7_agent_probe b7_sim_bmc
			b7_sim_origin b7_world)
	endforeach()
endif()
if(TARGET b7_bmc_rig)
	unit_test(bmc_replay b7_bmc_rig)
	fuzz_target(bmc_replay b7_sim_bmc b7_world)
endif()
if(TARGET beskar7-agent AND TARGET beskar7-sim)
	add_test(NAME integration-probe_cli
		COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/probe_cli.sh
			$<TARGET_FILE:beskar7-agent> $<TARGET_FILE:beskar7-sim>)
	set_tests_properties(integration-probe_cli PROPERTIES
		LABELS integration TIMEOUT 300 SKIP_RETURN_CODE 77
		WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endif()
if(TARGET b7_runner AND TARGET b7_agent_probe)
	unit_test(probe_story b7_runner b7_agent_probe)
	target_sources(test_probe_story PRIVATE
		${CMAKE_SOURCE_DIR}/tests/unit/story_rig.c)
endif()
