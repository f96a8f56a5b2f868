# The rules of the house, each a small script of tests/lint (see its README).
find_program(B7_PYTHON3 python3 REQUIRED)
foreach(rule banned dependencies globals headers metrics places readmes reasons registered rules
		scripts selftest sizes symbols)
	add_test(NAME lint-${rule} COMMAND ${B7_PYTHON3}
		${CMAKE_SOURCE_DIR}/tests/lint/${rule}.py ${CMAKE_SOURCE_DIR}
		${CMAKE_BINARY_DIR})
	set_tests_properties(lint-${rule} PROPERTIES LABELS lint TIMEOUT 300
		ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1;CC=${CMAKE_C_COMPILER}")
endforeach()
