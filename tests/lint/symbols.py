#!/usr/bin/env python3
"""What the linker sees: the libraries above the seams call no socket, clock,
entropy, file, thread or locale function, whatever their sources include.
Needs the build folder; `nm -u` reads the archives."""
import glob
import os
import re
import subprocess
import sys

import house

NAME = 'symbols'

# Archives above the seams; *_main are processes and net is the seam itself.
CORES = r'libb7_(agent\w*|sim_\w+|common|loop|http|tls|world|runner)\.a'
PROCESS = r'libb7_sim_\w+_main\.a|libb7_runner_main\.a'
KINDS = {
    'socket': r'socket|socketpair|connect|bind|listen|accept4?|send|sendto'
              r'|sendmsg|recv|recvfrom|recvmsg|getaddrinfo|gethostby\w+'
              r'|setsockopt|poll|select|epoll_\w+|event_\w+|evutil_\w+'
              r'|curl_\w+',
    'clock': r'time|clock_gettime|gettimeofday|clock|nanosleep|sleep|usleep'
             r'|gmtime\w*|localtime\w*|mktime|strftime|alarm|timer_\w+',
    'entropy': r'getrandom|getentropy|arc4random\w*|rand|srand|random|rand_r'
               r'|drand48',
    'file': r'open(64)?|openat(64)?|fopen(64)?|opendir|stat(64)?|unlink'
            r'|rename|mkdir|mkstemp|read|write|getenv|secure_getenv',
    'thread': r'pthread_\w+|thrd_\w+|mtx_\w+|fork|vfork|clone|system|popen'
              r'|exec\w+|posix_spawn\w*',
    'locale': r'setlocale|localeconv|newlocale|uselocale|strcoll|strxfrm'
              r'|__ctype_b_loc|__ctype_tolower_loc|__ctype_toupper_loc'
              r'|tolower|toupper|is(alpha|alnum|digit|space|print|punct)'
              r'|strcasecmp|strncasecmp|mbstowcs|wcstombs',
}
KINDS = {k: re.compile(r'(?:__)?(?:%s)(?:_chk)?' % v)
         for k, v in KINDS.items()}
# Objects that are a seam's real half, and what each may call.
SEAMS = {
    'files_system.c.o': {'file'},
    'entropy_system.c.o': {'entropy'},
    'tls_system.c.o': {'file'},
    'options.c.o': {'file'},  # getenv: BESKAR7_* of the command line
    # The runner's part that is a program.
    'run.c.o': set(KINDS),
    'run_all.c.o': set(KINDS),
    'demo.c.o': set(KINDS),
    'view.c.o': set(KINDS),
    'process.c.o': set(KINDS),
    'sockets_start.c.o': set(KINDS),
    'sockets_call.c.o': set(KINDS),
    'sockets_dns.c.o': set(KINDS),
    'sockets_relay.c.o': set(KINDS),
    'sockets_who.c.o': set(KINDS),
    'backend_sockets.c.o': set(KINDS),
}


def defined(archives):
    """What our own libraries define: event_emitf is no function of libevent."""
    out = subprocess.run(['nm', '--defined-only'] + archives, check=True,
                         stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL).stdout
    return set(re.findall(r'^[0-9a-f]+ [TDBRW] (\S+)$', out.decode(), re.M))


def undefined(archive):
    """(object, symbol) pairs."""
    out = subprocess.run(['nm', '-A', '-u', archive], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=True).stdout
    for line in out.decode().split('\n'):
        m = re.match(r'.*:([^:]+\.o):\s+[Uw] (\S+)', line)
        if m:
            yield m.group(1), m.group(2).split('@')[0]


def check(tree):
    build = tree.build or tree.root
    archives = [a for a in glob.glob(build + '/**/libb7_*.a', recursive=True)
                if re.fullmatch(CORES, os.path.basename(a)) and
                not re.fullmatch(PROCESS, os.path.basename(a))]
    if not archives:
        return ['%s:1: no library of ours is built there' % build]
    found = set()
    ours = defined(archives)
    for archive in sorted(archives):
        for obj, symbol in undefined(archive):
            if symbol in ours:
                continue
            for kind, pattern in KINDS.items():
                if pattern.fullmatch(symbol) and \
                        kind not in SEAMS.get(obj, ()):
                    found.add('%s:1: %s calls %s (%s)' % (
                        os.path.basename(archive), obj, symbol, kind))
    return sorted(found)


BAD = house.Archives([
    ('libb7_agent_kube.a', 'a.c.o', 'long time(long *);\nlong f(void);\n'
     'long f(void) { return time(0); }\n'),
    ('libb7_sim_bmc.a', 'a.c.o', 'int socket(int, int, int);\nint f(void);\n'
     'int f(void) { return socket(1, 1, 0); }\n'),
    ('libb7_common.a', 'str.c.o', 'int toupper(int);\nint f(int);\n'
     'int f(int c) { return toupper(c); }\n'),
])
GOOD = house.Archives([
    ('libb7_common.a', 'files_system.c.o', 'int unlink(const char *);\n'
     'int f(void);\nint f(void) { return unlink("a"); }\n'),
    ('libb7_common.a', 'a.c.o', 'int event_mine(void);\nint f(void);\n'
     'int f(void) { return event_mine(); }\n'
     'int event_mine(void) { return 1; }\n'),
])

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
