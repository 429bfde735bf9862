"""Still pictures: decoding limits, face search and encoding."""
