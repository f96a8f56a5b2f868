# The agent's Kubernetes client, in virtual worlds.
add_library(b7_test_fake_kube STATIC ${CMAKE_SOURCE_DIR}/tests/unit/fake_kube.c
	${CMAKE_SOURCE_DIR}/tests/unit/fake_kube_store.c)
target_link_libraries(b7_test_fake_kube PRIVATE b7_flags PUBLIC b7_world)
foreach(module event informer informer_faults informer_server kube_auth kube_client
		kube_config kube_list
		kube_object kube_twice lease shard shards)
	unit_test(${module} b7_agent_kube b7_test_fake_kube b7_world)
endforeach()
if(NOT COMMAND fuzz_target)
	include(${CMAKE_CURRENT_LIST_DIR}/fuzz.cmake)
endif()
fuzz_target(kube_stream b7_agent_kube b7_common)
fuzz_target(kube_config b7_agent_kube b7_common)
if(TARGET b7_sim_kube)
	unit_test(kube_pair b7_agent_kube b7_sim_kube b7_world)
endif()
