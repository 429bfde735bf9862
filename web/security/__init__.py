"""Checks that a request must pass before it is answered.

A request passes these modules in this order: `hosts` (is the server called so?), `origin` (has another site's page
made the browser send it?), `authorization` (who asks, and may they?), `bodies` and `queries` (can it be what was
meant?), and `upload_limits` (not too many files). `headers` are set on every answer. What is no valid HTTP, the web
server answers by itself, in the words of `refusals`.
"""
