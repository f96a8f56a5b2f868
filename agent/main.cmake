# b7_agent: the whole agent without its main; beskar7-agent: the program.
add_library(b7_agent STATIC agent.c ask.c diagnostics.c)
target_link_libraries(b7_agent PUBLIC b7_agent_control b7_agent_claims
	PRIVATE
	b7_agent_explain b7_agent_serve b7_flags)
add_executable(beskar7-agent main.c enroll/enroll_main.c
	explain/explain_main.c explain/remote.c media/base_file_main.c media/compose_main.c
	delivery/deliver_main.c probe/probe_main.c)
target_link_libraries(beskar7-agent PRIVATE b7_flags b7_agent b7_agent_enroll b7_agent_media b7_agent_delivery b7_agent_probe
	b7_agent_explain b7_net b7_version b7_wiping dep_cjson)
