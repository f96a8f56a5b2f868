unit_test(loop b7_world)
if(TARGET b7_net)
	# The cases of shared behaviour run over the real loop as well.
	target_compile_definitions(test_loop PRIVATE HAVE_LOOP_EVENT)
	target_link_libraries(test_loop PRIVATE b7_net)
endif()
unit_test(world b7_world)
