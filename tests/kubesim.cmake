unit_test(kube_write b7_sim_kube b7_world)
unit_test(kube_watch b7_sim_kube b7_world)
