foreach(module api_crds api_objects crd discovery jsonpath schema schema_limits
		schema_meta schema_regex table)
	unit_test(${module} b7_sim_kubeschema)
endforeach()
fuzz_target(schema b7_sim_kubeschema)
