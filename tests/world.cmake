unit_test(loop b7_world)
if(TARGET b7_net)
	# The cases of shared behaviour run over the real loop as well.
	target_compile_definitions(test_loop PRIVATE HAVE_LOOP_EVENT)
	target_link_libraries(test_loop PRIVATE b7_net)
endif()
unit_test(loop_world b7_world)
unit_test(world b7_world)
unit_test(world_faults b7_world)
unit_test(http_virtual b7_world)
target_sources(test_http_virtual PRIVATE unit/http_contract.c
	unit/http_contract_limits.c
	unit/http_contract_stream.c unit/http_contract_tls.c)
unit_test(world_chaos b7_world)
add_executable(bench_world EXCLUDE_FROM_ALL bench/bench_world.c)
target_link_libraries(bench_world PRIVATE b7_flags b7_world)
