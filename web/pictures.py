"""Pictures that are handed in: read in memory, answered, forgotten."""

import io
import json
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request, send_file
from werkzeug.exceptions import RequestEntityTooLarge

from annotate import annotate
from errors import ExpressionError, ImageError
from faces import Face, Image
from media.findings import Finding, as_csv
from media.pictures import encoded, read_picture
from media.stills import Stills
from web.cameras import the_server
from web.origin import refuse_strangers
from web.problems import problem

blueprint = Blueprint("pictures", __name__)
blueprint.before_request(refuse_strangers)

FORMS = ("json", "csv", "picture", "zip")
PIXELS = 50_000_000
"""Pixels above which a picture is refused: each costs some ten bytes while it is read."""
MOST = 100
"""Pictures that one request may hold."""
IN_ALL = 20
"""How many times the limit for one picture they may have together."""
MEGABYTE = 1_000_000
AT_ONCE = threading.BoundedSemaphore(2)
"""Pictures that are read at a time: live pictures go on meanwhile."""
PATIENCE = 20.0
"""Seconds for which a picture waits for its turn."""


@blueprint.post("/api/analyze")
def analyze() -> Response:
    """The faces of one picture as JSON, or of several as CSV, annotated pictures or all of it in a ZIP file.

    The picture is the body, or the multipart field `image`; what comes as the field `face` is read as one face as a
    whole. `?form=` is json, csv, picture or zip; `?threshold=` is the probability below which a face is unsure.
    """
    form, threshold = _form(), _threshold()
    given = list(_given())
    if not given:
        return problem(400, "No picture", "Send a picture as the body, or as the multipart field 'image'.")
    if len(given) > 1 and form in ("json", "picture"):
        return problem(400, "Several pictures", f"form={form} takes one picture; form=csv and form=zip take several.")
    if form == "zip":
        return _zip(given, threshold)
    read = [_read(name, data, whole) for name, data, whole in given]
    if form == "csv":
        return Response(as_csv([finding for finding, _ in read]), mimetype="text/csv")
    finding, image = read[0]
    if form == "picture":
        return Response(encoded(annotate(image, _faces(finding), threshold)), mimetype="image/jpeg")
    return jsonify(_told(finding, threshold, given[0][2]))


@blueprint.errorhandler(ExpressionError)
def _tell(error: ExpressionError) -> Response:
    return problem(422 if isinstance(error, ImageError) else 503, "It cannot be read", f"{error}.")


def _form() -> str:
    form = request.args.get("form", "json")
    if form not in FORMS:
        abort(problem(400, "Bad form", f"form: got {form[:40]!r}, expected one of {', '.join(FORMS)}."))
    return form


def _threshold() -> float:
    text = request.args.get("threshold")
    if text is None:
        return the_server().settings.threshold
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        abort(problem(400, "Bad threshold", f"threshold: got {text[:40]!r}, expected 0 to 1, such as 0.35."))
    return value


def _given() -> Iterator[tuple[str, bytes, bool]]:
    """Every picture of the request: its name, its bytes, and whether it is to be read as one face."""
    limit = the_server().settings.max_picture * MEGABYTE
    several = request.mimetype == "multipart/form-data"
    request.max_content_length = limit * IN_ALL if several else limit
    too_large = f"a picture may have {limit // MEGABYTE} MB, and a request {IN_ALL * limit // MEGABYTE} MB in all."
    try:
        if not several:
            data = request.get_data(cache=False)
            if data:
                yield _name(request.args.get("name", "")), data, False
            return
        if len(list(request.files.values())) > MOST:
            abort(problem(413, "Too many", f"Expected at most {MOST} pictures in one request."))
        for field, file in request.files.items(multi=True):
            if field not in ("image", "face"):
                abort(problem(400, "Unknown field", f"Got the field {field[:40]!r}, expected 'image' or 'face'."))
            data = file.read(limit + 1)
            if len(data) > limit:
                abort(problem(413, "Too large", f"{_name(file.filename)}: {too_large}"))
            yield _name(file.filename), data, field == "face"
    except RequestEntityTooLarge:
        abort(problem(413, "Too large", too_large[0].upper() + too_large[1:]))


def _name(text: str | None) -> str:
    """A file's name as the visitor gave it, without folders and what no name has."""
    name = PurePath((text or "").replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:100] or "picture"


@contextmanager
def _turn() -> Iterator[None]:
    if not AT_ONCE.acquire(timeout=PATIENCE):
        abort(problem(503, "Busy", "Many pictures are being read at the moment; try again shortly.", Retry_After="5"))
    try:
        yield
    finally:
        AT_ONCE.release()


def _read(name: str, data: bytes, whole: bool) -> tuple[Finding, Image]:
    with _turn():
        server = the_server()
        stills = Stills(server.model, server.settings)
        image = read_picture(data, name, PIXELS)
        faces = (stills.whole(image),) if whole else stills.faces(image)
    finding = Finding(name, "image", image.shape[1], image.shape[0], labels=stills.model.labels)
    finding.frames.append((0, 0.0, faces))
    return finding, image


def _faces(finding: Finding) -> tuple[Face, ...]:
    return finding.frames[0][2] if finding.frames else ()


def _told(finding: Finding, threshold: float, whole: bool) -> dict[str, Any]:
    """What JSON says of one picture: each face also says whether it is the largest, and surer than the threshold."""
    largest = max(_faces(finding), key=lambda face: face.box.area, default=None)
    told = finding.as_dict()
    told["faces"] = [
        {**face.as_dict(), "largest": face is largest, "sure": face.confidence >= threshold} for face in _faces(finding)
    ]
    return {"name": told.pop("path"), **told, "whole": whole, "threshold": threshold}


def _zip(given: Sequence[tuple[str, bytes, bool]], threshold: float) -> Response:
    """Annotated pictures with results.json and results.csv; a picture that cannot be read is told of in both."""
    made, findings, told = io.BytesIO(), [], []
    with zipfile.ZipFile(made, "w") as archive:  # JPEG does not become smaller
        for number, (name, data, whole) in enumerate(given, 1):
            try:
                finding, image = _read(name, data, whole)
                drawn = encoded(annotate(image, _faces(finding), threshold))
                archive.writestr(f"{number:02}-{PurePath(name).stem}-annotated.jpg", drawn)
            except ImageError as error:
                finding = Finding(name, "image", labels=the_server().model.labels, error=str(error))
            findings.append(finding)
            told.append(_told(finding, threshold, whole))
        archive.writestr("results.json", json.dumps(told, indent=2) + "\n", zipfile.ZIP_DEFLATED)
        archive.writestr("results.csv", as_csv(findings), zipfile.ZIP_DEFLATED)
    made.seek(0)
    return send_file(made, "application/zip", as_attachment=True, download_name="expressions.zip")
