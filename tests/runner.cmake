# The runner itself: what it must catch, and how it behaves as a command. The
# scenario files are tests of scenarios.cmake.
unit_test(invariants b7_runner)
target_sources(test_invariants PRIVATE unit/invariants_rig.c)
unit_test(invariants_cut b7_runner)
target_sources(test_invariants_cut PRIVATE unit/invariants_rig.c)
unit_test(invariants_heal b7_runner)
target_sources(test_invariants_heal PRIVATE unit/invariants_rig.c)
unit_test(invariants_lease b7_runner)
target_sources(test_invariants_lease PRIVATE unit/invariants_rig.c)
unit_test(invariants_nodes b7_runner)
target_sources(test_invariants_nodes PRIVATE unit/invariants_rig.c)
add_test(NAME integration-scenario_cli
	COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/scenario_cli.sh
		$<TARGET_FILE:beskar7-scenario>)
set_tests_properties(integration-scenario_cli PROPERTIES LABELS integration
	TIMEOUT 600 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
