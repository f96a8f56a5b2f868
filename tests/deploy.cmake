# What deploy/ ships (manifests, rules, dashboards), and what it relies on. 77: the tool is not there; the
# test shows as skipped.
add_test(NAME integration-monitoring
	COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/monitoring.sh)
set_tests_properties(integration-monitoring PROPERTIES LABELS integration
	TIMEOUT 300 SKIP_RETURN_CODE 77 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME integration-deploy
	COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/deploy.sh
		$<TARGET_FILE:beskar7-sim> $<TARGET_FILE:beskar7-agent>)
set_tests_properties(integration-deploy PROPERTIES LABELS integration
	TIMEOUT 600 SKIP_RETURN_CODE 77 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME integration-helm
	COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/helm.sh
		$<TARGET_FILE:beskar7-sim> $<TARGET_FILE:beskar7-agent>)
set_tests_properties(integration-helm PROPERTIES LABELS integration
	TIMEOUT 600 SKIP_RETURN_CODE 77 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME integration-diagnostics
	COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/diagnostics.sh
		$<TARGET_FILE:beskar7-agent>)
set_tests_properties(integration-diagnostics PROPERTIES LABELS integration
	TIMEOUT 300 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME integration-explain
	COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/explain.sh
		$<TARGET_FILE:beskar7-sim> $<TARGET_FILE:beskar7-agent>)
set_tests_properties(integration-explain PROPERTIES LABELS integration
	TIMEOUT 300 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
