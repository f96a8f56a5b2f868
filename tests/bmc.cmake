# Simulated BMCs and the image origin, in virtual time.
if(TARGET b7_world AND TARGET b7_sim_bmc AND TARGET b7_sim_origin)
	add_library(b7_bmc_rig STATIC unit/bmc_rig.c)
	target_link_libraries(b7_bmc_rig PRIVATE b7_flags
		PUBLIC b7_sim_bmc b7_sim_origin b7_world)
	foreach(name bmc_account bmc_health bmc_hpe bmc_bios bmc_certificate bmc_storage bmc_update bmc_boot bmc_event bmc_stream bmc_log bmc_query bmc_registry bmc_service bmc_fault bmc_fault_wire bmc_knob bmc_oem bmc_profile bmc_control bmc_one_service iso)
		unit_test(${name} b7_bmc_rig)
	endforeach()
endif()

# Machines of QEMU, with no QEMU.
if(TARGET b7_bmc_rig AND TARGET b7_sim_qemu)
	add_library(b7_qemu_rig STATIC unit/qemu_rig.c)
	target_link_libraries(b7_qemu_rig PRIVATE b7_flags
		PUBLIC b7_bmc_rig b7_sim_qemu)
	unit_test(qemu b7_qemu_rig)
	if(COMMAND fuzz_target)
		fuzz_target(qemu_qmp b7_sim_qemu)
	endif()
endif()

# Machines of QEMU that boot: minutes, a tier of its own.
if(TARGET beskar7-sim AND TARGET beskar7-agent)
	add_test(NAME integration-qemu
		COMMAND ${CMAKE_SOURCE_DIR}/tests/integration/qemu.sh
			$<TARGET_FILE:beskar7-sim> $<TARGET_FILE:beskar7-agent>)
	set_tests_properties(integration-qemu PROPERTIES LABELS qemu
		TIMEOUT 1200 SKIP_RETURN_CODE 77 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endif()

if(TARGET b7_sim_qemu_main)
	integration_test(qemu_child b7_sim_qemu_main)
	set_tests_properties(integration-qemu_child PROPERTIES
		WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
endif()

# Many BMCs over sockets.
if(TARGET b7_sim_bmc AND TARGET b7_net)
	integration_test(bmc_scale b7_sim_bmc b7_net)
endif()

if(TARGET b7_bmc_rig AND COMMAND fuzz_target)
	fuzz_target(bmc_profile b7_sim_bmc)
	fuzz_target(bmc_iso b7_sim_bmc)
	fuzz_target(os_image b7_sim_os b7_sim_origin)
	fuzz_target(os_data b7_sim_os)
	fuzz_target(bmc_body b7_bmc_rig)
	fuzz_target(bmc_service b7_bmc_rig)
endif()

# What the system on a medium finds there.
if(TARGET b7_sim_os AND TARGET b7_sim_origin)
	foreach(name os os_parts)
		unit_test(${name} b7_sim_os b7_sim_origin)
		target_sources(test_${name} PRIVATE
			${CMAKE_CURRENT_LIST_DIR}/unit/os_rig.c)
	endforeach()
endif()
if(TARGET b7_bmc_rig AND TARGET b7_sim_os)
	unit_test(bmc_guest b7_bmc_rig)
	target_sources(test_bmc_guest PRIVATE
		${CMAKE_CURRENT_LIST_DIR}/unit/os_rig.c)
endif()
if(TARGET b7_agent_delivery AND TARGET b7_sim_os)
	unit_test(os_delivery b7_agent_delivery b7_sim_os b7_sim_origin)
	target_sources(test_os_delivery PRIVATE
		${CMAKE_CURRENT_LIST_DIR}/unit/cd_rig.c
		${CMAKE_CURRENT_LIST_DIR}/unit/os_rig.c)
endif()
