# Schemas, CRDs, tables, discovery, OpenAPI: values only, no I/O.
add_library(b7_sim_kubeschema STATIC
	${CMAKE_CURRENT_LIST_DIR}/crd.c
	${CMAKE_CURRENT_LIST_DIR}/discovery.c
	${CMAKE_CURRENT_LIST_DIR}/jsonpath.c
	${CMAKE_CURRENT_LIST_DIR}/openapi.c
	${CMAKE_CURRENT_LIST_DIR}/schema.c
	${CMAKE_CURRENT_LIST_DIR}/schema_builtin.c
	${CMAKE_CURRENT_LIST_DIR}/schema_compile.c
	${CMAKE_CURRENT_LIST_DIR}/schema_errors.c
	${CMAKE_CURRENT_LIST_DIR}/schema_format.c
	${CMAKE_CURRENT_LIST_DIR}/schema_keywords.c
	${CMAKE_CURRENT_LIST_DIR}/schema_meta.c
	${CMAKE_CURRENT_LIST_DIR}/schema_regex.c
	${CMAKE_CURRENT_LIST_DIR}/schema_regex_class.c
	${CMAKE_CURRENT_LIST_DIR}/schema_regex_parse.c
	${CMAKE_CURRENT_LIST_DIR}/schema_validate.c
	${CMAKE_CURRENT_LIST_DIR}/table.c
	${CMAKE_CURRENT_LIST_DIR}/table_builtin.c)
target_link_libraries(b7_sim_kubeschema PUBLIC b7_common
	PRIVATE b7_flags)
