"""What shops deliver beside videos: cameras, shifts, receipts of the till, boxes that people drew."""

from vitrina.inbox.tables import MOMENT, Delivered, Deliveries, RefusedRows
from vitrina.sellers.tables import NAME_LENGTH, ROLES, SELLERS
from vitrina.tables import column

CELL_LENGTH = 20_000
STORE = "The store, as the video's folder names it."
CAMERA = "The camera, as the video's folder names it."


class SellersDeliveries(Deliveries, product=SELLERS, name="deliveries", published=True):
    """One row per known version of a delivered file that is no video: what was read, loaded, refused, and why."""


class SellersRefusedRows(RefusedRows, product=SELLERS, name="refused_rows", published=True):
    """One row per value that was refused. The rest of its row was not loaded either; nothing else was held up."""


class RawCameras(Delivered, product=SELLERS):
    """One row per camera that a shop describes: its clock, its hours, its floor. Points stand in cells as JSON."""

    store_id: str = column(STORE, max_length=NAME_LENGTH)
    camera_id: str = column(CAMERA, max_length=NAME_LENGTH)
    time_zone: str = column(
        "Time zone of the camera's clock, as the IANA database names it.", nullable=True, max_length=NAME_LENGTH
    )
    offset_s: float = column("By how much the camera's clock is ahead.", unit="s", nullable=True)
    opening: str = column("Opening hours by the store's clock, e.g. 09:00-21:00.", nullable=True, max_length=NAME_LENGTH)
    floor: str = column("Pairs of a point in the picture and on the floor in metres.", nullable=True, max_length=CELL_LENGTH)
    staff_zone: str = column("Corners of the part of the picture where only staff goes.", nullable=True, max_length=CELL_LENGTH)
    ignored: str = column("Parts of the picture to leave out.", nullable=True, max_length=CELL_LENGTH)
    overlaps: str = column("Name of the group of cameras that see the same floor.", nullable=True, max_length=NAME_LENGTH)


class RawShifts(Delivered, product=SELLERS):
    """One row per shift of a seller, as planned."""

    store_id: str = column(STORE, max_length=NAME_LENGTH)
    seller_id: str = column("The seller, by number or initials.", personal=True, max_length=NAME_LENGTH)
    begin: MOMENT = column("When the shift begins.")
    end: MOMENT = column("When it ends.")


class RawTillReceipts(Delivered, product=SELLERS):
    """One row per receipt of a till; refunds are negative."""

    store_id: str = column(STORE, max_length=NAME_LENGTH)
    receipt_id: str = column("Number of the receipt, unique within the store.", max_length=NAME_LENGTH)
    at: MOMENT = column("When it was printed.")
    amount_minor: int = column("Amount.", unit="minor currency units")
    register: str = column("The till.", nullable=True, max_length=NAME_LENGTH)


class RawAnnotations(Delivered, product=SELLERS):
    """One row per person and annotated frame of a video: a box that somebody drew, in MOT's format."""

    store_id: str = column(STORE, max_length=NAME_LENGTH)
    camera_id: str = column(CAMERA, max_length=NAME_LENGTH)
    start: str = column("The video's start, as its file name says.", max_length=NAME_LENGTH)
    frame: int = column("Number of the frame, from 1.", ge=1)
    identity: int = column("Number of the person.", ge=0)
    x1: float = column("Left edge of the box.", unit="px")
    y1: float = column("Upper edge of the box.", unit="px")
    x2: float = column("Right edge of the box.", unit="px")
    y2: float = column("Lower edge of the box.", unit="px")
    ignored: bool = column("Whether the box counts neither as found nor as missed.")


class RawTrueRoles(Delivered, product=SELLERS):
    """One row per person of an annotated video: who it is."""

    store_id: str = column(STORE, max_length=NAME_LENGTH)
    camera_id: str = column(CAMERA, max_length=NAME_LENGTH)
    start: str = column("The video's start, as its file name says.", max_length=NAME_LENGTH)
    identity: int = column("Number of the person in the annotation.", ge=0)
    role: str = column("Who it is.", isin=ROLES)
