unit_test(story b7_runner)
