# fuzz_target(NAME LIBS...): tests/fuzz/fuzz_NAME.c, an LLVMFuzzerTestOneInput,
# with its seeds in tests/fuzz/corpus/NAME/. With BESKAR7_FUZZ=ON (clang) a
# libFuzzer executable fuzz_NAME; otherwise the same file with standalone.c,
# which runs the corpus as the test fuzz-NAME.
function(fuzz_target name)
	set(dir ${CMAKE_SOURCE_DIR}/tests/fuzz)
	add_executable(fuzz_${name} ${dir}/fuzz_${name}.c)
	target_link_libraries(fuzz_${name} PRIVATE b7_flags ${ARGN})
	if(BESKAR7_FUZZ)
		if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
			message(FATAL_ERROR "BESKAR7_FUZZ needs clang")
		endif()
		target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
		add_test(NAME fuzz-${name} COMMAND fuzz_${name} -runs=0
			${dir}/corpus/${name})
	else()
		target_sources(fuzz_${name} PRIVATE ${dir}/standalone.c)
		add_test(NAME fuzz-${name} COMMAND fuzz_${name}
			${dir}/corpus/${name})
	endif()
	set_tests_properties(fuzz-${name} PROPERTIES LABELS fuzz TIMEOUT 120
		WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endfunction()
