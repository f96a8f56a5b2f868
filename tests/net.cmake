unit_test(tls b7_http b7_tls)

# The contract of http.h on sockets; test_http_virtual runs the same suites.
integration_test(http_real b7_net)
target_sources(it_http_real PRIVATE
	${CMAKE_SOURCE_DIR}/tests/unit/http_contract.c
	${CMAKE_SOURCE_DIR}/tests/unit/http_contract_limits.c
	${CMAKE_SOURCE_DIR}/tests/unit/http_contract_stream.c
	${CMAKE_SOURCE_DIR}/tests/unit/http_contract_tls.c)
integration_test(http_wire b7_net)
integration_test(http_stall b7_net)
integration_test(http_listen b7_net)
integration_test(http_openssl b7_net)
integration_test(http_dns b7_net)

# Not a test: what the real network costs (tests/bench/bench_http.c).
add_executable(bench_http ${CMAKE_SOURCE_DIR}/tests/bench/bench_http.c)
target_link_libraries(bench_http PRIVATE b7_flags b7_net)
# Nor this: libevent's own server, which tests/bench/bmc.sh measures us by.
add_executable(bench_hello ${CMAKE_SOURCE_DIR}/tests/bench/hello_evhttp.c)
target_link_libraries(bench_hello PRIVATE b7_flags b7_common dep_event_extra)
