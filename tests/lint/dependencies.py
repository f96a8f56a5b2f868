#!/usr/bin/env python3
"""Who may include whom: DESIGN's one direction, and the seams."""
import re
import sys

import house

NAME = 'dependencies'

# Folder -> what its files may include, by the start of the path. The longest
# folder that matches a file decides.
MAY = {
    'common/': ['common/'],
    'agent/': ['agent/', 'common/'],
    'agent/kube/': ['agent/kube/', 'common/'],
    'agent/redfish/': ['agent/redfish/', 'common/'],
    'agent/media/': ['agent/media/', 'common/'],
    'agent/delivery/': ['agent/delivery/', 'agent/media/', 'common/'],
    'agent/serve/': ['agent/serve/', 'agent/media/', 'common/'],
    'agent/origin/': ['agent/origin/', 'agent/media/', 'common/'],
    'agent/claims/': ['agent/claims/', 'agent/serve/', 'agent/origin/',
                      'agent/delivery/', 'agent/media/', 'agent/kube/',
                      'agent/control/boot_media.h',
                      'agent/control/record.h',
                      'agent/control/phoned.h',
                      'agent/control/names.h', 'common/'],
    'agent/probe/': ['agent/probe/', 'agent/redfish/', 'common/'],
    'agent/enroll/': ['agent/enroll/', 'common/'],
    'agent/enroll/enroll_main.c': ['agent/enroll/', 'common/',
                                   'agent/probe/credentials.h'],
    'agent/explain/': ['agent/explain/', 'common/'],
    'agent/explain/remote.c': ['agent/explain/', 'agent/kube/config.h',
                               'common/'],
    'agent/control/': ['agent/control/', 'agent/kube/', 'agent/redfish/',
                       'agent/media/', 'common/'],
    'sim/': ['sim/', 'common/'],
    'sim/os/': ['sim/os/', 'common/'],
    'sim/bmc/': ['sim/bmc/', 'sim/os/', 'sim/process.h', 'common/'],
    'sim/bmc/bmc_main.c': ['sim/bmc/', 'sim/qemu/', 'sim/process.h',
                           'common/'],
    'sim/qemu/': ['sim/qemu/', 'sim/bmc/board.h', 'common/'],
    'sim/origin/': ['sim/origin/', 'sim/process.h', 'common/'],
    'sim/kube/': ['sim/kube/', 'sim/process.h', 'common/'],
    'sim/core/': ['sim/core/', 'sim/process.h', 'common/'],
    'sim/workload/': ['sim/workload/', 'sim/process.h', 'common/',
                      'sim/kube/server.h', 'sim/kube/kubeconfig.h',
                      'sim/core/client.h', 'sim/core/cache.h',
                      'sim/core/kubeconfig.h'],
    'scenarios/': ['scenarios/', 'agent/', 'sim/', 'common/'],
    'tests/': ['tests/', 'scenarios/', 'agent/', 'sim/', 'common/'],
}

# Library headers, and the only files that may name them (regular expressions).
NET = r'common/(http_(conn|curl|exchange|real|reply|resolve|server)\w*' \
      r'|loop_event|version|net_int)\.[ch]'
TLS = r'common/(tls_\w+|http_(conn|curl|server)\w*|codec|digest|version)\.[ch]'
MAIN = r'(agent/main|agent/(enroll/enroll|explain/explain|media/compose|media/base_file|delivery/deliver)_main|agent/probe/probe_main|(sim|scenarios)/(\w+/)?\w*main\w*' \
       r'|sim/process|sim/kube/kubeconfig)\.c'
# The runner's part that is a program: processes, sockets, real time.
OUTER = MAIN + r'|scenarios/runner/(main|run|run_all|demo|view|heap|process|sockets_\w+|backend_sockets)\.c'
ONLY = [
    (r'event2/|event\.h|evhttp', NET),
    (r'curl/', NET),
    (r'http_parser\.h', NET + r'|common/world_net_raw\.c'),
    (r'mbedtls/', TLS),
    (r'yaml\.h', r'common/(yaml\w*|version)\.[ch]'),
    (r'sys/socket\.h|netinet/|netdb\.h|sys/un\.h|poll\.h|sys/epoll\.h',
     NET + '|' + OUTER),
    (r'time\.h|sys/time\.h', r'common/loop_event\.c|' + OUTER),
    (r'sys/random\.h', r'common/entropy_system\.c'),
    (r'dirent\.h|fcntl\.h|sys/mman\.h', r'common/files_system\.c|' + OUTER),
    (r'unistd\.h|sys/wait\.h|spawn\.h',
     NET + r'|common/(files|entropy|tls)_system\.c|' + OUTER),
    (r'signal\.h', r'common/loop_event\.c|' + OUTER),
    (r'pthread\.h|threads\.h|locale\.h|semaphore\.h|setjmp\.h', r'(?!)'),
    (r'CUnit/', r'(?!)'),
]
# In plans, not even through other headers.
NOT_IN_PLANS = r'event2/|event\.h|curl/|cjson/|http_parser\.h|mbedtls/'


def allowed(path):
    best = max((d for d in MAY if path.startswith(d)), key=len, default=None)
    return MAY[best] if best else None


def own(tree, path):
    found = []
    may = allowed(path)
    files = set(tree.files(*house.SOURCE))
    for n, name, quoted in tree.includes(path):
        at = '%s:%d: ' % (path, n)
        if quoted:
            if name not in files:
                found.append(at + '"%s" is no path from the root' % name)
            elif may and not any(name.startswith(m) for m in may):
                found.append(at + 'must not include "%s"' % name)
        elif not path.startswith('tests/'):
            for header, where in ONLY:
                if re.match(header, name) and not re.fullmatch(where, path):
                    found.append(at + 'must not include <%s>' % name)
    return found


def plan(tree, path):
    """Breadth first through project headers; says the way there."""
    seen, queue = {path}, [(path, [path])]
    files = set(tree.files(*house.SOURCE))
    while queue:
        at, way = queue.pop(0)
        for n, name, quoted in tree.includes(at):
            if quoted and name in files and name not in seen:
                seen.add(name)
                queue.append((name, way + [name]))
            elif not quoted and re.match(NOT_IN_PLANS, name):
                return ['%s:%d: a plan reaches <%s>: %s' % (
                    path, n if at == path else 1, name, ' > '.join(way))]
    return []


def check(tree):
    found = []
    for path in tree.files(*house.SOURCE):
        found += own(tree, path)
        if path.endswith('_plan.c'):
            found += plan(tree, path)
    return found


_H = {'common/a.h': '', 'agent/kube/k.h': '', 'agent/redfish/r.h': '',
      'agent/control/c.h': '', 'agent/serve/s.h': '', 'sim/bmc/b.h': '', 'sim/core/s.h': '',
      'common/j.h': '#include <cjson/cJSON.h>\n'}


def _with(path, text):
    return dict(_H, **{path: text})


BAD = [
    _with('agent/x.c', '#include "sim/bmc/b.h"\n'),
    _with('sim/bmc/x.c', '#include "agent/kube/k.h"\n'),
    _with('common/x.c', '#include "agent/kube/k.h"\n'),
    _with('agent/redfish/x.c', '#include "agent/kube/k.h"\n'),
    _with('agent/kube/x.c', '#include "agent/control/c.h"\n'),
    _with('agent/serve/x.c', '#include "agent/kube/k.h"\n'),
    _with('agent/origin/x.c', '#include "agent/serve/s.h"\n'),
    _with('agent/claims/x.c', '#include "agent/control/c.h"\n'),
    _with('sim/core/x.c', '#include "sim/bmc/b.h"\n'),
    _with('agent/kube/x.c', '#include "k.h"\n'),
    _with('agent/kube/x.c', '#include <curl/curl.h>\n'),
    _with('sim/kube/x.c', '#include <event2/event.h>\n'),
    _with('agent/control/x.c', '#include <time.h>\n'),
    _with('agent/control/x.c', '#include <sys/socket.h>\n'),
    _with('common/x.c', '#include <pthread.h>\n'),
    _with('agent/control/a_plan.c', '#include "common/j.h"\n'),
    _with('agent/control/a_plan.c', '#include <cjson/cJSON.h>\n'),
]
GOOD = [
    _with('agent/control/x.c', '#include "agent/kube/k.h"\n'
          '#include "agent/redfish/r.h"\n#include "common/a.h"\n'),
    _with('scenarios/runner/x.c', '#include "sim/bmc/b.h"\n'
          '#include "agent/kube/k.h"\n'),
    _with('common/http_curl.c', '#include <curl/curl.h>\n'),
    _with('agent/control/a_plan.c', '#include "common/a.h"\n'),
]

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
