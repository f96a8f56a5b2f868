# What reads the reports of others' validators. They themselves are a tier.
find_program(B7_PYTHON3 python3 REQUIRED)
add_test(NAME unit-conformance-results COMMAND ${B7_PYTHON3}
	${CMAKE_SOURCE_DIR}/tests/conformance/redfish/selftest.py)
set_tests_properties(unit-conformance-results PROPERTIES LABELS unit TIMEOUT 60
	ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")
