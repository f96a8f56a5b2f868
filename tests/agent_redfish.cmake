# The Redfish client: codecs by table, ladders against a scripted BMC in virtual
# time, torture.
if(TARGET b7_agent_redfish AND TARGET b7_world)
	add_library(redfish_fake STATIC ${CMAKE_SOURCE_DIR}/tests/unit/fake_bmc.c)
	target_link_libraries(redfish_fake PRIVATE b7_flags dep_cunit
		PUBLIC b7_world)
	foreach(module codecs rungs sse)
		unit_test(redfish_${module} b7_agent_redfish)
	endforeach()
	foreach(module client session ladders settings dialects lies torture
			inventory network stream button rules)
		unit_test(redfish_${module} b7_agent_redfish redfish_fake)
	endforeach()
endif()
if(TARGET b7_agent_redfish)
	fuzz_target(redfish_json b7_agent_redfish)
	fuzz_target(extended_info b7_agent_redfish)
	fuzz_target(redfish_sse b7_agent_redfish)
endif()
if(TARGET b7_agent_redfish AND TARGET b7_world AND TARGET b7_sim_bmc AND
		TARGET b7_sim_origin)
	unit_test(redfish_profiles b7_agent_redfish b7_sim_bmc b7_sim_origin
		b7_world)
endif()
if(TARGET b7_agent_redfish AND TARGET b7_net AND TARGET b7_sim_bmc AND
		TARGET b7_sim_origin)
	integration_test(redfish b7_agent_redfish b7_sim_bmc b7_sim_origin
		b7_net)
endif()
