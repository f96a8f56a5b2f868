foreach(part write watch apply control kept marks serve)
	unit_test(kube_${part} b7_sim_kube b7_world)
endforeach()

if(TARGET beskar7-sim)
	# 77: there is no kubectl; the test shows as skipped.
	add_test(NAME integration-kubectl COMMAND
		${CMAKE_SOURCE_DIR}/tests/integration/kubectl.sh
		$<TARGET_FILE:beskar7-sim>)
	set_tests_properties(integration-kubectl PROPERTIES
		LABELS integration TIMEOUT 180 SKIP_RETURN_CODE 77)
endif()

add_executable(bench_kube ${CMAKE_SOURCE_DIR}/tests/bench/bench_kube.c)
target_link_libraries(bench_kube PRIVATE b7_flags b7_sim_kube b7_world
	dep_cunit)

fuzz_target(kube_api b7_sim_kube b7_world dep_cunit)
fuzz_target(kube_text b7_sim_kube)
