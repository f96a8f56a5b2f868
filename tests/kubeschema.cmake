foreach(module crd discovery jsonpath schema table)
	unit_test(${module} b7_sim_kubeschema)
endforeach()
