#!/usr/bin/env python3
"""The Protocol-Validator with its assertions on server-sent events.

Version 1.3.2 has them, but its walk never opens the stream (the URI is set to
None, and no option sets it again). This opens it as its own code would have,
then goes on as its command does; without ServerSentEventUri nothing differs.
"""

import sys

from redfish_protocol_validator import console_scripts, resources, utils
from redfish_protocol_validator.constants import RequestType

plain_walk = resources.get_default_resources


def stream_of(sut, answer):
    """What the walk has to tell about the stream that an EventService names."""
    uri = utils.get_response_json(answer).get("ServerSentEventUri")
    if not uri:
        return None
    sut.set_server_sent_event_uri(uri)
    stream, destination = utils.get_sse_stream(sut)
    if destination:
        sut.set_event_dest_uri(destination)
    if stream is None:
        return None
    return {"uri": uri, "response": stream, "request_type": RequestType.STREAMING}


def walk(sut, uri="/redfish/v1/", uris=None):
    for read in plain_walk(sut, uri=uri, uris=uris):
        yield read
        if read["response"].ok and read["uri"].endswith("/EventService"):
            told = stream_of(sut, read["response"])
            if told:
                yield told


resources.get_default_resources = walk
sys.exit(console_scripts.main())
