#!/usr/bin/env python3
"""Proves that each rule fails on its bad samples and passes its good ones."""
import importlib
import os
import sys

import house


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    wrong, rules = [], 0
    for name in sorted(os.listdir(here)):
        if name.endswith('.py') and name not in ('house.py', 'selftest.py'):
            rules += 1
            wrong += house.self_test(importlib.import_module(name[:-3]))
    for what in wrong:
        print(what)
    print('selftest: %d rules, %d wrong' % (rules, len(wrong)))
    return 1 if wrong or rules == 0 else 0


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.exit(main())
