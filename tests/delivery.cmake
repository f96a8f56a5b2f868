# User data: what goes onto which medium, for each family of images.
unit_test(volume b7_agent_media)
target_sources(test_volume PRIVATE
	${CMAKE_SOURCE_DIR}/tests/unit/cd_rig.c)
foreach(module formats)
	unit_test(delivery_${module} b7_agent_delivery dep_cjson)
	target_sources(test_delivery_${module} PRIVATE
		${CMAKE_SOURCE_DIR}/tests/unit/delivery_rig.c)
endforeach()
