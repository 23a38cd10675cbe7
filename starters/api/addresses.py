"""The two addresses that take files: a body of minutes or hours, where others have a megabyte and a deadline."""

import re

UPLOADS = "/api/videos/upload"  # resumable
FORM = ("POST", "/api/videos")  # in one request
_UPLOAD = re.compile(rf"{UPLOADS}/[0-9A-Fa-f-]{{36}}\Z")


def is_upload(method: str, path: str) -> bool:
    """Whether this begins an upload, or asks something of one. Its route then watches the bytes and the clock itself.

    Precisely these: a video's routes are shaped alike (`upload/watch`, `uploads`), and they read a body to its end
    before anybody is asked who it is.
    """
    return _UPLOAD.match(path) is not None or (method == "POST" and path == UPLOADS)
