# b7_tls: trust, identities, certificates; no sockets, no files but the system
# trust. b7_http: the seam's dispatch and rules, for both networks.
add_library(b7_tls STATIC tls_crt.c tls_der.c tls_identity.c tls_issue.c
	tls_system.c tls_trust.c)
target_link_libraries(b7_tls PRIVATE b7_flags
	PUBLIC b7_common dep_mbedx509)

add_library(b7_http STATIC http.c http_rules.c)
target_link_libraries(b7_http PRIVATE b7_flags PUBLIC b7_tls b7_common)

# b7_net: real sockets. The only code that knows libevent, curl and http-parser.
add_library(b7_net STATIC http_conn.c http_conn_parse.c http_conn_tls.c
	http_curl.c http_curl_call.c http_curl_io.c http_curl_tls.c
	http_exchange.c http_real.c http_reply.c http_resolve.c http_server.c http_server_unix.c
	loop_event.c)
target_link_libraries(b7_net PRIVATE b7_flags
	PUBLIC b7_http b7_tls b7_loop b7_common
	PRIVATE dep_event_extra dep_event_core dep_curl dep_mbedtls
	dep_http_parser)
