"""From the newest picture to the viewers' sockets."""
