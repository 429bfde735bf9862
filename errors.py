"""Everything that can go wrong in a way that a person can mend.

ExpressionError
├── SettingError    a setting that is unknown, out of bounds or not of its type
├── SourceError     a camera, file or address that cannot be opened or read
├── ImageError      bytes or a file that is no picture
├── UploadError     a file that was handed in and cannot be taken
├── StorageError    a disk that is full
├── RecordError     a record that cannot be begun
├── QueueError      a queue of jobs that does not answer
├── RelayError      Redis that does not answer, or a camera's name that another node has
├── AccessError     a file of who may come in that cannot be used, or a change of it that makes no sense
├── BundleError     a weights bundle that is missing, damaged or does not fit
└── DataError       training data that cannot be used

Each message names what came, what was expected and the remedy.
"""


class ExpressionError(Exception):
    """Base of every error that this program raises on purpose."""


class SettingError(ExpressionError):
    """A setting that is unknown, out of bounds or not of its type."""


class SourceError(ExpressionError):
    """A camera, file or address that cannot be opened or read."""


class ImageError(ExpressionError):
    """Bytes or a file that is no picture."""


class UploadError(ExpressionError):
    """A file that was handed in and cannot be taken."""


class StorageError(ExpressionError):
    """A disk that is full; what was to be written is not there, and nothing of it is left."""


class RecordError(ExpressionError):
    """A record that cannot be begun."""


class QueueError(ExpressionError):
    """A queue of jobs that does not answer."""


class RelayError(ExpressionError):
    """Redis that does not answer, or a camera's name that another node has."""


class AccessError(ExpressionError):
    """A file of who may come in that cannot be used, or a change of it that makes no sense."""


class BundleError(ExpressionError):
    """A weights bundle that is missing, damaged or does not fit."""


class DataError(ExpressionError):
    """Training data that cannot be used."""
