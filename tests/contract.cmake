# The contract of Cluster API, check by check, one ctest test a group.
set(groups packaging install clone owner gates machine cluster conditions pause
	external deletion races apply metadata move manager)
set(dir ${CMAKE_SOURCE_DIR}/tests/conformance/capi)
list(TRANSFORM groups APPEND .c OUTPUT_VARIABLE files)
list(TRANSFORM files PREPEND ${dir}/)
add_executable(test_contract ${dir}/contract.c ${dir}/capi.c ${dir}/rest.c ${files}
	unit/safety_objects.c unit/safety_rig.c)
target_link_libraries(test_contract PRIVATE b7_flags b7_runner dep_cunit)
foreach(group IN LISTS groups)
	add_test(NAME contract-${group} COMMAND test_contract ${group})
	set_tests_properties(contract-${group} PROPERTIES LABELS contract
		TIMEOUT 900 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endforeach()
add_test(NAME contract-readme COMMAND test_contract --readme
	tests/conformance/capi/README.md)
set_tests_properties(contract-readme PROPERTIES LABELS contract TIMEOUT 60
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
