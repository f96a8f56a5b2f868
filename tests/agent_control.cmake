unit_test(record b7_agent_control b7_world)
unit_test(workq b7_agent_control b7_world)
unit_test(host_index b7_agent_control b7_world)
unit_test(report b7_agent_control b7_world)
