foreach(module files json json_patch metrics options retry url)
	unit_test(${module} b7_common)
endforeach()
