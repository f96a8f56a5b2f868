foreach(module files json json_patch metrics options retry url yaml)
	unit_test(${module} b7_common)
endforeach()
