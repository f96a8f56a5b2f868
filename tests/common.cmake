foreach(module buf digest files json json_hold json_patch json_room log map mem metrics options random
		retry str url yaml)
	unit_test(${module} b7_common)
endforeach()
unit_test(wiping b7_wiping b7_common)
foreach(parser json url yaml)
	fuzz_target(${parser} b7_common)
endforeach()
