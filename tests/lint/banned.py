#!/usr/bin/env python3
"""Functions that nobody calls, or only the file that owns them."""
import re
import sys

import house

NAME = 'banned'

MAIN = r'(agent/main|agent/(enroll/enroll|explain/explain|media/compose|media/base_file|delivery/deliver)_main|agent/probe/probe_main|sim/process|(sim|scenarios)/(\w+/)?\w*main\w*)\.c' \
       r'|scenarios/runner/(main|run|run_all|demo|view|process|sockets_\w+|backend_sockets)\.c'
# (functions, where they are allowed, what to use instead)
RULES = [
    (r'strcpy|strcat|stpcpy|sprintf|vsprintf|strtok|strtok_r|gets', None,
     'common/str.h or common/buf.h'),
    (r'atoi|atol|atoll|atof', None, 'common/str.h'),
    (r'strto(l|ul|ll|ull|d|f|ld|imax|umax)', r'common/str\.c', 'common/str.h'),
    (r'malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf'
     r'|vasprintf|aligned_alloc', r'common/(mem|wiping)\.c|tests/.*', 'common/mem.h'),
    (r'alloca|setjmp|longjmp', None, 'nothing: write it differently'),
    (r'gmtime|gmtime_r|localtime|localtime_r|mktime|timegm|strftime|strptime'
     r'|ctime|asctime', None, 'common/calendar.h'),
    (r'time|clock_gettime|gettimeofday|sleep|usleep|nanosleep|alarm',
     r'common/loop_event\.c|tests/(bench|integration)/.*|' + MAIN,
     'the loop (common/loop.h)'),
    (r'rand|srand|random|srandom|drand48|rand_r', None, 'common/random.h'),
    (r'getrandom|getentropy|arc4random\w*', r'common/entropy_system\.c',
     'common/env.h'),
    (r'getenv|secure_getenv', r'common/(options|tls_system)\.c|' + MAIN +
     r'|tests/.*', 'an option (common/options.h)'),
    (r'fopen|open|opendir|unlink|rename|mkdir|mkstemp',
     r'common/(files|tls|entropy)_system\.c|common/http_server_unix\.c'
     r'|sim/kube/kubeconfig\.c|' + MAIN +
     r'|tests/.*', 'common/files.h'),
    (r'system|popen|execvp|execlp|execl', r'tests/.*', 'nothing'),
    (r'setlocale|newlocale|uselocale|strcoll|strxfrm', None, 'common/str.h'),
    (r'qsort_r|hsearch|lfind', None, 'common/map.h'),
    (r'cJSON_(GetObjectItem|HasObjectItem|DeleteItemFromObject'
     r'|DetachItemFromObject|ReplaceItemInObject)', None,
     'json_* of common/json.h: these ignore case'),
    (r'cJSON_(Parse|ParseWithOpts|ParseWithLength|ParseWithLengthOpts'
     r'|Print|PrintUnformatted|PrintBuffered|PrintPreallocated|Minify)',
     r'common/json\w*\.c', 'common/json.h: capped, and exact about numbers'),
    (r'cJSON_(Duplicate|SetValuestring)', None,
     'json_dup, json_retext: nodes own their key and text (json_node.h)'),
]
RULES = [(re.compile(r'(?<![\w.>])(%s)\s*\(' % f), w and re.compile(w), hint)
         for f, w, hint in RULES]
MARK = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK)\b')


def check(tree):
    found = []
    for path in tree.files(*house.SOURCE):
        text = tree.code(path)
        for pattern, where, hint in RULES:
            if where and where.fullmatch(path):
                continue
            for m in pattern.finditer(text):
                found.append('%s:%d: %s is banned here; use %s' % (
                    path, house.line_of(text, m.start()), m.group(1), hint))
        raw = tree.text(path)
        for m in MARK.finditer(raw):
            found.append('%s:%d: a marker, "%s": do it or make an issue' % (
                path, house.line_of(raw, m.start()), m.group(1)))
    return found


def _call(path, call):
    return {path: 'void f(void)\n{\n\t%s;\n}\n' % call}


BAD = [
    _call('agent/kube/a.c', 'strcpy(a, b)'),
    _call('agent/kube/a.c', 'x = atoi(s)'),
    _call('agent/kube/a.c', 'x = strtoll(s, NULL, 10)'),
    _call('agent/kube/a.c', 'p = malloc(3)'),
    _call('sim/bmc/a.c', 'free(p)'),
    _call('sim/bmc/a.c', 't = time(NULL)'),
    _call('sim/bmc/a.c', 'localtime_r(&t, &tm)'),
    _call('sim/bmc/a.c', 'cJSON_GetObjectItem(o, "a")'),
    _call('sim/bmc/a.c', 'cJSON_Parse (s)'),
    _call('common/json.c', 'c = cJSON_Duplicate(j, 1)'),
    _call('common/buf.c', 'x = rand()'),
    _call('common/buf.c', 'f = fopen(p, "r")'),
    _call('tests/unit/test_a.c', 'sleep(1)'),
    {'common/a.c': '/* TO' 'DO: later */\n'},
]
GOOD = [
    _call('common/mem.c', 'p = malloc(3)'),
    _call('common/str.c', 'x = strtoll(s, NULL, 10)'),
    _call('agent/a.c', 'x = cJSON_GetObjectItemCaseSensitive(o, "a")'),
    _call('agent/a.c', 'xfree(p); f->open(f); ops.free(p)'),
    {'agent/a.c': '/* never malloc(3) */\nchar s[] = "malloc(3)";\n'},
]

if __name__ == '__main__':
    sys.exit(house.main(sys.modules[__name__]))
