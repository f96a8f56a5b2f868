# Values: errors, memory, text, JSON, YAML, URLs, logs, metrics, options,
# files, chance. log.c asks the loop for the time, and the loop allocates: the
# two archives need each other.
add_library(b7_common STATIC
	buf.c calendar.c codec.c digest.c entropy.c entropy_system.c entropy_virtual.c
	err.c files_memory.c files_system.c json.c json_index.c json_merge.c
	json_node.c json_parse.c json_patch.c json_print.c json_room.c
	json_string.c
	log.c map.c mem.c
	metrics.c odata.c options.c random.c retry.c rfc3339.c str.c url.c yaml.c
	yaml_scalar.c)
target_link_libraries(b7_common PRIVATE b7_flags
	PUBLIC b7_loop dep_cjson dep_yaml dep_mbedcrypto m)

# b7_wiping: freed memory is zeroed, in all that a program links statically.
add_library(b7_wiping OBJECT wiping.c)
target_link_libraries(b7_wiping PRIVATE b7_flags PUBLIC b7_common)
target_link_options(b7_wiping INTERFACE -Wl,--wrap=free,--wrap=realloc)
