"""The built-in source: video of people who go through the seven expressions, drawn by the program itself."""

from demo.scene import Demo, DrawnFace

__all__ = ["Demo", "DrawnFace"]
