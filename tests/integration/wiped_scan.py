#!/usr/bin/env python3
"""Looks for texts in the memory that a process can write.

usage: wiped_scan.py PID NAME=TEXT... [--show N]

Prints "NAME COUNT" for each text: how often it is there, as it is, in base64, or in
base64 of that; and of the first N where. The texts have to begin alike, with
something that nothing else begins with. Status 77: the memory cannot be read.
"""
import base64
import os
import sys

PIECE = 4 << 20
SHADOW = 8 << 30  # AddressSanitizer's own tables are larger


def encoded(raw):
    """What base64 always makes of some bytes, at its three places."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw + b"\0\0\0")
        yield whole[(before * 8 + 5) // 6:(before + len(raw)) * 8 // 6]


def spellings(text):
    """A text as it is, in base64, and in base64 of that (Ignition)."""
    raw = text.encode()
    once = list(encoded(raw))
    return [raw] + once + [b for a in once for b in encoded(a)]


def areas(pid):
    """(start, end, name) of what the process may write."""
    with open("/proc/%s/maps" % pid, encoding="ascii", errors="replace") as maps:
        for line in maps:
            part = line.split(maxsplit=5)
            start, end = (int(x, 16) for x in part[0].split("-"))
            name = part[5].strip() if len(part) > 5 else ""
            if part[1].startswith("rw") and name != "[vvar]":
                yield start, end, name


def pieces(memory, start, end, overlap):
    """Bytes of an area with their address; each begins in the one before."""
    while start < end:
        try:
            memory.seek(start)
            data = memory.read(min(PIECE, end - start))
        except OSError:
            return
        yield start, data
        if len(data) <= overlap:
            return
        start += len(data) - overlap


def places(data, stems, texts):
    """(offset, name) of what begins with a stem; spellings correspond."""
    for kind, stem in enumerate(stems):
        at = data.find(stem)
        while at >= 0:
            for name, spelled in texts:
                if data.startswith(spelled[kind], at):
                    yield at, name
            at = data.find(stem, at + 1)


def main(args):
    show = 0
    if args[-2] == "--show":
        show = int(args[-1])
        args = args[:-2]
    given = [a.split("=", 1) for a in args[1:]]
    stems = spellings(os.path.commonprefix([text for _, text in given]))
    texts = [(name, spellings(text)) for name, text in given]
    overlap = max(len(s) for _, spelled in texts for s in spelled) - 1
    seen = {name: set() for name, _ in texts}
    try:
        memory = open("/proc/%s/mem" % args[0], "rb", buffering=0)
    except OSError as e:
        print("SKIPPED: the agent's memory cannot be read:", e.strerror)
        return 77
    with memory:
        for start, end, where in areas(args[0]):
            if end - start > SHADOW:
                continue
            for at, data in pieces(memory, start, end, overlap):
                for i, name in places(data, stems, texts):
                    if at + i in seen[name]:
                        continue
                    seen[name].add(at + i)
                    if len(seen[name]) <= show:
                        print("    %s %x %s %r" % (
                            name, at + i, where,
                            data[max(i - 80, 0):i + 120]))
    for name, _ in texts:
        print(name, len(seen[name]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
