# b7_loop: what both loops share. b7_world: virtual time and the in-process
# network; the scenario runner and tests link it, nothing else does.
add_library(b7_loop STATIC loop_core.c)
target_link_libraries(b7_loop PRIVATE b7_flags PUBLIC b7_common)

add_library(b7_world STATIC
	loop_virtual.c
	world.c
	world_net.c
	world_net_blob.c
	world_net_call.c
	world_net_client.c
	world_net_exchange.c
	world_net_out.c
	world_net_peer.c
	world_net_raw.c
	world_net_route.c
	world_net_server.c
	world_net_wire.c)
target_link_libraries(b7_world PRIVATE b7_flags dep_http_parser
	PUBLIC b7_http b7_loop b7_common)
