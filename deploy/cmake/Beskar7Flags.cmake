# b7_flags: what every target of ours is compiled with.
include(CheckCCompilerFlag)
add_library(b7_flags INTERFACE)
target_compile_features(b7_flags INTERFACE c_std_11)
target_include_directories(b7_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(b7_flags INTERFACE _GNU_SOURCE)
target_compile_options(b7_flags INTERFACE
	-std=gnu11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef
	-Wpointer-arith -Wwrite-strings -Wswitch-enum -Wimplicit-fallthrough
	-Wcast-qual -Wdouble-promotion -Wnull-dereference
	-fno-common -ffunction-sections -fdata-sections
	-fPIE # after CMake's -fPIC: nothing here ends in a shared library
	-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	target_compile_options(b7_flags INTERFACE
		-Wlogical-op -Wduplicated-cond -Wjump-misses-init)
endif()
# Invariants stay checked in release builds: abort, restart, level-triggered.
target_compile_options(b7_flags INTERFACE -UNDEBUG)
if(BESKAR7_FUZZ)
	target_compile_options(b7_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(BESKAR7_WERROR)
	target_compile_options(b7_flags INTERFACE -Werror)
endif()
if(BESKAR7_SANITIZE)
	# These report paths and ranges that only the sanitizers insert; other
	# builds have them.
	target_compile_options(b7_flags INTERFACE
		-fsanitize=${BESKAR7_SANITIZE} -fno-sanitize-recover=all
		-fno-omit-frame-pointer -Wno-null-dereference
		$<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
	target_link_options(b7_flags INTERFACE
		-fsanitize=${BESKAR7_SANITIZE})
else()
	target_compile_options(b7_flags INTERFACE
		-fstack-protector-strong -fstack-clash-protection
		$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
		$<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
	check_c_compiler_flag(-ftrivial-auto-var-init=zero HAVE_AUTO_INIT)
	if(HAVE_AUTO_INIT)
		target_compile_options(b7_flags INTERFACE
			-ftrivial-auto-var-init=zero)
	endif()
	if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
		target_compile_options(b7_flags INTERFACE -fcf-protection)
	endif()
endif()
target_link_options(b7_flags INTERFACE
	-Wl,--gc-sections -Wl,-z,relro,-z,now)
if(BESKAR7_STATIC)
	set(CMAKE_POSITION_INDEPENDENT_CODE ON)
	target_link_options(b7_flags INTERFACE -static-pie)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
