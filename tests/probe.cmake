# `beskar7-agent probe`, and recordings that are served again.
if(TARGET b7_agent_probe AND TARGET b7_world AND TARGET b7_sim_bmc AND
		TARGET b7_sim_origin)
	unit_test(probe_roundtrip b7_agent_probe b7_sim_bmc b7_sim_origin
		b7_world)
endif()
