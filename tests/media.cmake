# Images: parsed, composed, checked; and by tools of others.
foreach(module cd compose compose_boot)
	unit_test(${module} b7_agent_media)
	target_sources(test_${module} PRIVATE
		${CMAKE_SOURCE_DIR}/tests/unit/cd_both.c
		${CMAKE_SOURCE_DIR}/tests/unit/cd_rig.c)
endforeach()
