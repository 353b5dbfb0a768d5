"""Asking through the transport, as tests do."""

from __future__ import annotations

import asyncio

from fake_upstream import entry

import pointsman

AUTO = "pointsman/auto"


def user(content):
    return [{"role": "user", "content": content}]


def create(client, text="Hi", model=AUTO, **more):
    return client.chat.completions.create(model=model, messages=user(text), **more)


def raw(client, text="Hi", model=AUTO, **more):
    return client.chat.completions.with_raw_response.create(model=model, messages=user(text), **more)


class Asker:
    """Asks through the transport, with threads or with an event loop, and keeps the records.

    With ``upstreams``, which makes the transport to the endpoints, as the server has it.
    """

    def __init__(self, asynchronous, router, hasty, upstreams=lambda: None):
        self._async, self._router, self._settings, self._upstreams = asynchronous, router, hasty(), upstreams
        self.records = []

    def __call__(self, catalog, settings=None, stream=False, **body):
        body = {"model": AUTO, "messages": [{"role": "user", "content": "Hi"}], "stream": stream} | body
        options = {"settings": settings or self._settings, "on_record": [self.records.append]}
        if self._async:
            return asyncio.run(self._ask_async(catalog, options, body))
        with pointsman.http_client(self._router, catalog, **options) as http:
            return http.post("chat/completions", json=body)

    async def _ask_async(self, catalog, options, body):
        upstream = self._upstreams()
        async with pointsman.async_http_client(self._router, catalog, upstream=upstream, **options) as http:
            return await http.post("chat/completions", json=body)

    @property
    def outcomes(self):
        return [one.outcome for one in self.records[-1].tries]


def impatient(*upstreams):
    """An entry whose first endpoint is given up soon."""
    one = entry(*upstreams)
    one["endpoints"][0]["timeout_s"] = 1.0
    return one
