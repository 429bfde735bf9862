"""Delivery: from a camera's newest picture to the viewers' sockets."""
