"""What shops deliver beside videos, and how their files are read."""

from vitrina.inbox.contract import Contract, Field, Kind
from vitrina.sellers.annotations import read_annotations
from vitrina.sellers.manual_counts import MANUAL_COUNTS
from vitrina.sellers.raw_tables import CELL_LENGTH, RawAnnotations, RawCameras, RawShifts, RawTillReceipts, RawTrueRoles
from vitrina.sellers.tables import NAME_LENGTH, ROLES, SELLERS

FARTHEST = 1e6

_STORE = Field(
    "store_id",
    Kind.TEXT,
    "The store, as the video's folder names it.",
    "lenina-5",
    required=True,
    may_be_empty=False,
    max_length=NAME_LENGTH,
)
_CAMERA = Field(
    "camera_id",
    Kind.TEXT,
    "The camera, as the video's folder names it.",
    "hall-1",
    required=True,
    may_be_empty=False,
    max_length=NAME_LENGTH,
)
_START = Field(
    "start",
    Kind.TEXT,
    "The video's start, as its file name says it.",
    "20261014T060000Z",
    required=True,
    may_be_empty=False,
    max_length=NAME_LENGTH,
)


def _moment(source: str, meaning: str, example: str, *, days_ahead: int) -> Field:
    return Field(source, Kind.MOMENT, meaning, example, required=True, may_be_empty=False, days_ahead=days_ahead)


def _corner(source: str, meaning: str) -> Field:
    return Field(source, Kind.NUMBER, meaning, "120.5", unit="px", required=True, may_be_empty=False, low=-FARTHEST, high=FARTHEST)


def _number(source: str, meaning: str, low: int) -> Field:
    return Field(source, Kind.INTEGER, meaning, "1", required=True, may_be_empty=False, low=low)


CAMERAS = Contract(
    name="cameras",
    product=SELLERS,
    pattern="cameras.*|cameras/*",
    table=RawCameras,
    fields=(
        _STORE,
        _CAMERA,
        Field("time_zone", Kind.TEXT, "Time zone of the camera's clock.", "Europe/Moscow", max_length=NAME_LENGTH),
        Field("offset_s", Kind.NUMBER, "By how much the camera's clock is ahead.", "90", unit="s"),
        Field("opening", Kind.TEXT, "Opening hours by the store's clock.", "09:00-21:00", max_length=NAME_LENGTH),
        Field(
            "floor",
            Kind.TEXT,
            "At least four points of the floor, as JSON: each in the picture, and in metres on the floor.",
            "[[[100, 300], [0, 0]], [[540, 300], [6, 0]], [[620, 350], [6, 4]], [[20, 350], [0, 4]]]",
            max_length=CELL_LENGTH,
        ),
        Field(
            "staff_zone",
            Kind.TEXT,
            "Corners of the part of the picture where only staff goes, as JSON.",
            "[[400, 120], [600, 120], [600, 260], [400, 260]]",
            max_length=CELL_LENGTH,
        ),
        Field(
            "ignored",
            Kind.TEXT,
            "Parts of the picture to leave out, such as posters and screens: a JSON list of polygons.",
            "[[[0, 0], [80, 0], [80, 90], [0, 90]]]",
            max_length=CELL_LENGTH,
        ),
        Field("overlaps", Kind.TEXT, "Name of the group of cameras that see the same floor.", "hall", max_length=NAME_LENGTH),
    ),
    natural_key=("store_id", "camera_id"),
    unique_in_file=True,
)

SHIFTS = Contract(
    name="shifts",
    product=SELLERS,
    pattern="shifts.*|shifts/*",
    table=RawShifts,
    fields=(
        _STORE,
        Field(
            "seller_id",
            Kind.TEXT,
            "The seller, by number or initials.",
            "S01",
            required=True,
            may_be_empty=False,
            max_length=NAME_LENGTH,
        ),
        _moment("begin", "When the shift begins, with its offset from UTC.", "2026-10-14T09:00:00+03:00", days_ahead=366),
        _moment("end", "When it ends.", "2026-10-14T21:00:00+03:00", days_ahead=367),
    ),
    natural_key=("store_id", "seller_id", "begin"),
    date_field="begin",
)

TILL_RECEIPTS = Contract(
    name="till_receipts",
    product=SELLERS,
    pattern="receipts.*|receipts/*",
    table=RawTillReceipts,
    fields=(
        _STORE,
        Field(
            "receipt_id",
            Kind.TEXT,
            "Number of the receipt, unique within the store.",
            "000123",
            required=True,
            may_be_empty=False,
            max_length=NAME_LENGTH,
        ),
        _moment("at", "When it was printed, with its offset from UTC.", "2026-10-14T11:32:05+03:00", days_ahead=1),
        Field(
            "amount",
            Kind.MONEY_MINOR,
            "Amount; a refund is negative.",
            "2499.00",
            target="amount_minor",
            required=True,
            may_be_empty=False,
        ),
        Field("register", Kind.TEXT, "The till.", "1", max_length=NAME_LENGTH),
    ),
    natural_key=("store_id", "receipt_id"),
    date_field="at",
)

ANNOTATIONS = Contract(
    name="annotations",
    product=SELLERS,
    pattern="annotations/*",
    table=RawAnnotations,
    fields=(
        _STORE,
        _CAMERA,
        _START,
        _number("frame", "Number of the frame, from 1.", 1),
        _number("identity", "Number of the person.", 0),
        _corner("x1", "Left edge of the box."),
        _corner("y1", "Upper edge of the box."),
        _corner("x2", "Right edge of the box."),
        _corner("y2", "Lower edge of the box."),
        Field(
            "ignored",
            Kind.YES_NO,
            "Whether the box counts neither as found nor as missed.",
            "false",
            required=True,
            may_be_empty=False,
        ),
    ),
    natural_key=("store_id", "camera_id", "start", "frame", "identity"),
    reader=lambda _: read_annotations,
    identity=("store_id", "camera_id", "start"),
)

TRUE_ROLES = Contract(
    name="true_roles",
    product=SELLERS,
    pattern="true_roles.*|true_roles/*",
    table=RawTrueRoles,
    fields=(
        _STORE,
        _CAMERA,
        _START,
        _number("identity", "Number of the person in the annotation.", 0),
        Field("role", Kind.TEXT, "Who it is.", "seller", required=True, may_be_empty=False, lowercase=True, one_of=ROLES),
    ),
    natural_key=("store_id", "camera_id", "start", "identity"),
)

CONTRACTS: tuple[Contract, ...] = (CAMERAS, SHIFTS, TILL_RECEIPTS, MANUAL_COUNTS, ANNOTATIONS, TRUE_ROLES)
"""Videos are no tables: `vitrina.sellers.video_listing` reads them."""
