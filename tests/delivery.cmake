# User data: what goes onto which medium, for each family of images.
unit_test(volume b7_agent_media)
target_sources(test_volume PRIVATE
	${CMAKE_SOURCE_DIR}/tests/unit/cd_rig.c)
foreach(module examples formats guests)
	unit_test(delivery_${module} b7_agent_delivery dep_cjson)
	target_sources(test_delivery_${module} PRIVATE
		${CMAKE_SOURCE_DIR}/tests/unit/delivery_rig.c)
endforeach()
if(TARGET beskar7-agent)
	add_test(NAME integration-delivery
		COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/delivery.sh
			$<TARGET_FILE:beskar7-agent>)
	set_tests_properties(integration-delivery PROPERTIES LABELS integration
		TIMEOUT 600 SKIP_RETURN_CODE 77 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endif()
fuzz_target(delivery b7_agent_delivery)
