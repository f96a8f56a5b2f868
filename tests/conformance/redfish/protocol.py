#!/usr/bin/env python3
"""The Protocol-Validator with its assertions on server-sent events.

Version 1.3.2 has them, but its walk never opens the stream (the URI is set to
None, and no option sets it again). This opens it as its own code would have,
then goes on as its command does; without ServerSentEventUri nothing differs.
"""

import os
import sys

from redfish_protocol_validator import console_scripts, resources, utils
from redfish_protocol_validator.constants import RequestType
from redfish_protocol_validator.system_under_test import SystemUnderTest

plain_walk = resources.get_default_resources
plain_login = SystemUnderTest.login


def stream_of(sut, service):
    """What the walk has to tell about the stream that an EventService names."""
    if service is None or not service.ok:
        return
    uri = utils.get_response_json(service).get("ServerSentEventUri")
    if not uri:
        return
    sut.set_server_sent_event_uri(uri)
    stream, destination = utils.get_sse_stream(sut)
    if destination:
        sut.set_event_dest_uri(destination)
    if stream is not None:
        yield {"uri": uri, "response": stream, "request_type": RequestType.STREAMING}


def walk(sut, uri="/redfish/v1/", uris=None):
    service = None
    for read in plain_walk(sut, uri=uri, uris=uris):
        # one step late: by then the walk has noted where subscriptions are
        yield from stream_of(sut, service)
        service = read["response"] if read["uri"].endswith("/EventService") else None
        yield read
    yield from stream_of(sut, service)


def media_type(text):
    """Its own does not take a type with two parameters (iDRAC's)."""
    kind, *rest = [part.strip(" \"'") for part in text.lower().split(";")]
    return ";".join([kind] + [p for p in rest if p.startswith("charset=")])


def login(sut):
    """Its session asks for identity, to which some say 406 (iLO 6)."""
    session = plain_login(sut)
    session.headers.update({"Accept-Encoding": os.environ["ACCEPT_ENCODING"]})
    return session


if "ACCEPT_ENCODING" in os.environ:
    SystemUnderTest.login = login
resources.get_default_resources = walk
utils.normalize_media_type = media_type
sys.exit(console_scripts.main())
