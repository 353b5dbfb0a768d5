"""From a request to an answer: constrain, decide, send, record; one core behind the httpx2 transport and the server.

The modules, in the order in which a request meets them:

- ``splice``, ``api``, ``controls``: the body, where its parts stand, and what it asks of the routing.
- ``needs``, ``constraints``: what the request needs, and which endpoints of the ``catalog`` have it.
- ``conversation``, ``choose``, ``sessions``, ``explore``: the text that is scored, and the model that is chosen.
- ``decider``: all of that in its order.
- ``health``, ``order``, ``verdict``, ``attempts``: who is asked, in which order, what a reply means, when to try again.
- ``plan``, ``usage``, ``record``, ``log``, ``spans``: the decided request, what it cost, and what is remembered of it.
- ``core`` puts them together and does no I/O.
- ``upstream``, ``receive``, ``passing``, ``drive``: the I/O, with threads and with an event loop.
- ``answers``, ``transport``: what the caller gets, and the face for OpenAI clients.

Nothing is imported here: httpx2 takes as long to import as all of the rest.
"""
