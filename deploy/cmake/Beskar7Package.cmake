# `ninja install`, and the Debian package by `cpack -G DEB` (deploy/debian).
install(TARGETS beskar7-agent beskar7-sim RUNTIME DESTINATION bin)

# The unit names the place of the program, which is known when it is installed.
install(CODE "set(unit_of \"${CMAKE_SOURCE_DIR}/deploy/systemd/beskar7-agent.service\")")
install(CODE [[
	file(READ "${unit_of}" unit)
	string(REPLACE /usr/local/ "${CMAKE_INSTALL_PREFIX}/" unit "${unit}")
	file(WRITE "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/systemd/system/beskar7-agent.service"
		"${unit}")
]])

install(FILES README.md deploy/debian/copyright DESTINATION share/doc/beskar7)
install(DIRECTORY crds sim/bmc/profiles DESTINATION share/beskar7)
# kustomize finds the CRDs as in the checkout.
install(DIRECTORY deploy/examples deploy/kustomize deploy/monitoring deploy/policy
	DESTINATION share/beskar7/deploy)
install(FILES deploy/debian/agent.env DESTINATION /etc/beskar7)

set(CPACK_PACKAGE_NAME beskar7)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "the Beskar7 authors <beskar7@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
	"bare-metal machines for Cluster API over Redfish")
# DESTDIR, since /etc is not below the prefix.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
	"The agent reconciles PhysicalHosts and Beskar7Machines of a management\n\
cluster against the BMCs of servers; the simulator plays servers with BMCs and\n\
the Kubernetes API, to try it without hardware.")
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
if(CMAKE_CROSSCOMPILING AND CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
	set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
endif()
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
# beskar7-sim bmc --backend qemu
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "qemu-system-x86, qemu-block-extra, ovmf")
if(BESKAR7_STATIC)
	set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS OFF)
else()
	set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
endif()
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
	${CMAKE_SOURCE_DIR}/deploy/debian/postinst
	${CMAKE_SOURCE_DIR}/deploy/debian/prerm
	${CMAKE_SOURCE_DIR}/deploy/debian/postrm
	${CMAKE_BINARY_DIR}/debian/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
file(WRITE ${CMAKE_BINARY_DIR}/debian/conffiles "/etc/beskar7/agent.env\n")
include(CPack)
