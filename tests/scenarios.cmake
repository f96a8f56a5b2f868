# Each scenario file in virtual time, with one seed; tests/run.sh --all runs them
# with hundreds and over sockets. A new file is a test without being listed.
file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/scenarios/*.yaml)
foreach(file IN LISTS files)
	get_filename_component(name ${file} NAME_WE)
	add_test(NAME scenario-${name} COMMAND beskar7-scenario run
		scenarios/${name}.yaml)
	set_tests_properties(scenario-${name} PROPERTIES LABELS scenario
		TIMEOUT 900 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endforeach()
