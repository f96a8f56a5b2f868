# b7_tls: trust, identities, certificates; no sockets, no files but the system
# trust. b7_http: the seam's dispatch and rules, for both networks.
add_library(b7_tls STATIC tls_crt.c tls_der.c tls_identity.c tls_issue.c
	tls_system.c tls_trust.c)
target_link_libraries(b7_tls PRIVATE b7_flags
	PUBLIC b7_common dep_mbedx509)

add_library(b7_http STATIC http.c http_rules.c)
target_link_libraries(b7_http PRIVATE b7_flags PUBLIC b7_tls b7_common)
