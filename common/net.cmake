# b7_http: the seam's dispatch and rules, for both networks.
add_library(b7_http STATIC http.c http_rules.c)
target_link_libraries(b7_http PRIVATE b7_flags PUBLIC b7_common)
