#!/usr/bin/env python3
"""usage: suite.py OUT [PATTERN]

Runs the checks whose names match the pattern (all without one) against the
server that the environment names (see client.py) and writes to OUT what each
saw: {check: {"steps": [...], "failed": why, "skipped": why}}.
"""

import fnmatch
import importlib
import json
import pathlib
import secrets
import sys
import traceback

import client
import frame
import kinds


def run_check(server, run, number, f):
    t = frame.Check(server, run, number)
    seen = {}
    try:
        f(t)
    except frame.Skip as e:
        seen['skipped'] = str(e)
    except frame.Failed as e:
        seen['failed'] = str(e)
    except Exception:  # a check that broke is a failed one; the rest goes on
        seen['failed'] = traceback.format_exc(limit=-3).replace('\n', ' | ')
    finally:
        t.close()
    seen['steps'] = t.steps
    return seen


def main(out, pattern='*'):
    for p in sorted(pathlib.Path(__file__).parent.glob('check_*.py')):
        importlib.import_module(p.stem)
    server = client.Server()
    run = secrets.token_hex(3)
    setup = frame.Check(server, run, 0)
    kinds.install(setup)
    seen = {}
    for number, (name, f) in enumerate(frame.CHECKS, 1):
        if name in seen:
            sys.exit('two checks have the name ' + name)
        if fnmatch.fnmatch(name, pattern):
            seen[name] = run_check(server, run, number, f)
    kinds.remove(setup)
    pathlib.Path(out).write_text(
        json.dumps(seen, indent=1, sort_keys=True) + '\n')
    bad = [n for n in seen if 'failed' in seen[n]]
    print('%d checks, %d failed, %d skipped' % (
        len(seen), len(bad), len([n for n in seen if 'skipped' in seen[n]])))
    for n in bad:
        print('failed %s: %s' % (n, seen[n]['failed']))
    return 1 if bad else 0


if __name__ == '__main__':
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
