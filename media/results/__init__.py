"""Results of pictures and videos, in the forms in which they are returned."""
