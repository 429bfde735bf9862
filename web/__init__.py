"""Flask blueprints: the page, the live streams, and the API."""
