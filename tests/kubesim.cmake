foreach(part write watch apply control)
	unit_test(kube_${part} b7_sim_kube b7_world)
endforeach()
