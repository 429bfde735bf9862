"""All errors that a person can fix.

ExpressionError
├── SettingError    a setting is unknown, out of bounds or of the wrong type
├── SourceError     a camera, file or address cannot be opened or read
├── ImageError      bytes or a file are no picture
├── UploadError     an uploaded file cannot be accepted
├── StorageError    the disk is full
├── RecordError     a record cannot be started
├── QueueError      the job queue does not answer
├── RelayError      Redis does not answer, or another node has a camera's name
├── AccessError     the file of grants cannot be used, or a change of it is invalid
├── DetectorError   a face detector's file is missing, or another one
├── BundleError     a weights bundle is missing, damaged or does not fit
└── DataError       training data cannot be used

Each message names what came, what was expected and the remedy.
"""


class ExpressionError(Exception):
    """Base class of all errors that this program raises on purpose."""


class SettingError(ExpressionError):
    """A setting is unknown, out of bounds or of the wrong type."""


class SourceError(ExpressionError):
    """A camera, file or address cannot be opened or read."""


class ImageError(ExpressionError):
    """Bytes or a file are no picture."""


class UploadError(ExpressionError):
    """An uploaded file cannot be accepted."""


class StorageError(ExpressionError):
    """The disk is full; nothing of what was to be written is left there."""


class RecordError(ExpressionError):
    """A record cannot be started."""


class QueueError(ExpressionError):
    """The job queue does not answer."""


class RelayError(ExpressionError):
    """Redis does not answer, or another node has a camera's name."""


class AccessError(ExpressionError):
    """The file of grants cannot be used, or a change of it is invalid."""


class DetectorError(ExpressionError):
    """A face detector's file is missing, or another one than expected."""


class BundleError(ExpressionError):
    """A weights bundle is missing, damaged or does not fit."""


class DataError(ExpressionError):
    """Training data cannot be used."""
