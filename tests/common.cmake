unit_test(json b7_common)
unit_test(json_patch b7_common)
