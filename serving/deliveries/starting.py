"""An upload begins: what its sender says of it, whether they may, and where it is to go."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from serving.deliveries.desk import SELLERS, Desk, may_deliver
from serving.deliveries.names import Place, accepted_suffixes, fits, names_of, places, recognised, suffix_of
from serving.deliveries.refusals import OnlyPartsError, TooLongError, UploadError
from serving.deliveries.uploads import Upload
from serving.deliveries.videos import CONTRACT, VideoNameError, video_place
from serving.web.problems import Problem, not_found, shown
from serving.web.visitors import Visitor
from vitrina.errors import VitrinaError
from vitrina.inbox.readers import MAX_BYTES, MAX_STREAMED_BYTES

LONGEST_METADATA = 4000
_LONGEST_VALUE = 1000
_MOST_KEYS = 20


def metadata_of(header: str) -> dict[str, str]:
    """The pairs of the header Upload-Metadata: names, and values in Base64.

    Raises
    ------
    UploadError
        It cannot be read.

    Examples
    --------
    >>> metadata_of("filename c2FsZXMuY3N2,empty")
    {'filename': 'sales.csv', 'empty': ''}
    """
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise _unreadable() from None
        if name in found or len(found) >= _MOST_KEYS or len(text) > _LONGEST_VALUE:
            raise _unreadable()
        found[name] = text
    return found


def begin(desk: Desk, visitor: Visitor, product: str, length: int, header: str) -> Upload:
    """Begin an upload.

    Parameters
    ----------
    desk, visitor, product
        Where, who, and for which product.
    length
        Bytes of the file.
    header
        What the sender says of it: ``filename``, and for a table ``place`` (a contract, or a contract and its pattern) and
        ``name``; for a video of a store ``store``, ``camera``, ``start`` and ``zone``.

    Raises
    ------
    Problem, UploadError
        They may not, it is too large, or nobody can say where it should go.
    """
    said = metadata_of(header)
    if length > desk.uploads.most_bytes:
        raise TooLongError(
            "The file is larger than {limit} GB.",
            "Deliver it in parts, or ask whoever runs Vitrina: the limit is a setting.",
            limit=f"{desk.settings.pages_upload_gb:g}",
        )
    if visitor.known is None:
        raise not_found("product", product)
    is_video = product == SELLERS and (said.get("place") == CONTRACT or "store" in said)
    contract, path, notes = _video(desk, visitor, said) if is_video else _table(visitor, product, said, length)
    drawn = Upload(
        id="",
        product=product,
        owner=visitor.known.person.id,
        by=visitor.name,
        filename=shown(said.get("filename", ""), 200)[1:-1],
        contract=contract,
        path=path,
        length=length,
        created_at=visitor.now,
        store=said.get("store", "") if is_video else "",
        metadata=header,
        notes=notes,
    )
    return desk.uploads.begin(drawn, visitor.now)


def _video(desk: Desk, visitor: Visitor, said: Mapping[str, str]) -> tuple[str, str, tuple[str, ...]]:
    store = said.get("store", "")
    if not store or not may_deliver(visitor, SELLERS, store):
        raise not_found("store", store)
    zone = said.get("zone") or desk.settings.sellers_time_zone
    suffix = suffix_of(said.get("filename", ""))
    try:
        found = video_place(
            desk.settings.sellers_videos,
            store=store,
            camera=said.get("camera", ""),
            start=said.get("start", ""),
            zone=zone,
            suffix=suffix,
        )
    except VideoNameError as error:
        raise UploadError(str(error), "Correct it, and choose the file again.") from error
    except VitrinaError as error:
        raise Problem(422, error.problem, error.remedy, kind="refused") from error
    return CONTRACT, found.path, found.notes


def _table(visitor: Visitor, product: str, said: Mapping[str, str], length: int) -> tuple[str, str, tuple[str, ...]]:
    if not may_deliver(visitor, product, ""):
        raise OnlyPartsError(
            "A table is about all of them, and you may deliver for some only.", "Ask an admin for the role in the whole product."
        )
    filename, name = said.get("filename", ""), said.get("name", "")
    place = _place(product, filename, said.get("place", ""))
    suffix, accepted = suffix_of(filename), accepted_suffixes(place)
    if not suffix or (accepted and suffix not in accepted):
        raise UploadError(
            "A file for {place} cannot end in {suffix}.",
            "Deliver one of {accepted}.",
            place=place.shape,
            suffix=shown(suffix or filename[-10:]),
            accepted=", ".join(accepted or (".json", ".vtt", ".srt", ".txt")),
        )
    if place.folder_is_named and not name.strip(" ./\\"):
        raise UploadError(
            "Such files all have the same name, and lie in a folder each.",
            "Name the folder, for example after the channel and the day of the export.",
        )
    path = place.path(names_of(filename, name, fallback=f"{place.contract.name}_{visitor.now:%Y%m%dT%H%M%S}"), suffix)
    if not fits(place, path):
        raise UploadError(
            "Under the name {path} the inbox would read the file as something else.", "Give it another name.", path=path
        )
    _refuse_too_long(place, length)
    return place.contract.name, path, ()


def _place(product: str, filename: str, wanted: str) -> Place:
    offered = places(product)
    if not wanted:
        found = recognised(product, filename)
        if found is not None:
            return found
        raise UploadError(
            "The name of the file does not say what it holds.",
            "Choose what it is: {contracts}.",
            contracts=", ".join(dict.fromkeys(place.contract.name for place in offered)),
        )
    exact = [place for place in offered if place.key == wanted]
    of_contract = [place for place in offered if place.contract.name == wanted]
    if not exact and not of_contract:
        raise not_found("kind of file", wanted)
    alike = recognised(product, filename)
    if not exact and alike in of_contract and alike is not None:
        return alike
    # a folder takes any number of files, each under its own name
    return (exact or sorted(of_contract, key=lambda place: not place.pattern.endswith("/*")))[0]


def _refuse_too_long(place: Place, length: int) -> None:
    limit = MAX_BYTES if place.contract.reader is None else MAX_STREAMED_BYTES
    if length > limit:
        raise TooLongError(
            "A table can be {limit} GB at most.", "Deliver it in parts, for example one per year.", limit=f"{limit / 1e9:.1f}"
        )


def _unreadable() -> UploadError:
    return UploadError(
        "The header Upload-Metadata cannot be read.",
        "Send pairs with commas between them: a name, a space, and the value in Base64, for example “filename c2FsZXMuY3N2”.",
    )
