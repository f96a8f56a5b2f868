# The agent's Kubernetes client, in virtual worlds.
add_library(b7_test_fake_kube STATIC ${CMAKE_SOURCE_DIR}/tests/unit/fake_kube.c)
target_link_libraries(b7_test_fake_kube PRIVATE b7_flags PUBLIC b7_world)
foreach(module event informer kube_client kube_config kube_object lease)
	unit_test(${module} b7_agent_kube b7_test_fake_kube b7_world)
endforeach()
