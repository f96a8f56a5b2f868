# Imported targets. curl, mbedTLS and cJSON come from deploy/deps.sh (built from
# Debian's sources); libevent, http-parser and libyaml from Debian's archives.
if(NOT BESKAR7_DEPS)
	if(DEFINED ENV{BESKAR7_DEPS})
		set(BESKAR7_DEPS $ENV{BESKAR7_DEPS})
	else()
		set(BESKAR7_DEPS ${CMAKE_SOURCE_DIR}/.cache/deps)
	endif()
endif()
if(NOT EXISTS ${BESKAR7_DEPS}/lib/libcurl.a)
	message(FATAL_ERROR "${BESKAR7_DEPS} has no libcurl.a: run "
		"deploy/deps.sh first, or pass -DBESKAR7_DEPS=PREFIX")
endif()

function(b7_import name archive)
	add_library(dep_${name} STATIC IMPORTED GLOBAL)
	set_target_properties(dep_${name} PROPERTIES
		IMPORTED_LOCATION ${archive})
endfunction()

function(b7_import_deps name file)
	b7_import(${name} ${BESKAR7_DEPS}/lib/${file})
	target_include_directories(dep_${name} SYSTEM INTERFACE
		${BESKAR7_DEPS}/include)
endfunction()

function(b7_import_debian name file)
	find_library(B7_LIB_${name} NAMES ${file} REQUIRED)
	b7_import(${name} ${B7_LIB_${name}})
endfunction()

b7_import_deps(mbedcrypto libmbedcrypto.a)
b7_import_deps(mbedx509 libmbedx509.a)
b7_import_deps(mbedtls libmbedtls.a)
b7_import_deps(curl libcurl.a)
b7_import_deps(cjson libcjson.a)
b7_import_deps(cjson_utils libcjson_utils.a)
b7_import_debian(event_core libevent_core.a)
b7_import_debian(event_extra libevent_extra.a)
b7_import_debian(http_parser libhttp_parser.a)
b7_import_debian(yaml libyaml.a)
target_link_libraries(dep_mbedx509 INTERFACE dep_mbedcrypto)
target_link_libraries(dep_mbedtls INTERFACE dep_mbedx509)
target_link_libraries(dep_curl INTERFACE dep_mbedtls)
target_link_libraries(dep_cjson_utils INTERFACE dep_cjson m)
target_link_libraries(dep_event_extra INTERFACE dep_event_core)
if(BESKAR7_TESTS)
	b7_import_debian(cunit libcunit.a)
endif()
