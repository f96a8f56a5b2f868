# The media server, its origins and its tokens.
unit_test(range b7_agent_serve)
unit_test(live b7_agent_serve b7_world)
unit_test(serve b7_agent_serve b7_world)
unit_test(serve_report b7_agent_serve b7_world)
fuzz_target(serve_request b7_agent_serve b7_common)
unit_test(blocks b7_agent_origin b7_world)
unit_test(origin b7_agent_origin b7_world)
