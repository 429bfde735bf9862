"""Still pictures: their faces, and their files."""
