"""What the retailer delivers about its stores: master data, sales, surroundings; and what people decided."""

from vitrina.inbox.contract import Contract, Field, Kind, OpenFamily, Reference
from vitrina.stores.decision_contract import DECISIONS
from vitrina.stores.tables import FORMAT_LENGTH, REGION_LENGTH, STORE, RawGeo, RawSales, RawStores

ABSURD_AMOUNT = 1e12
ABSURD_COUNT = 1e9
ABSURD_MEASURE = 1e15
ID_LENGTH = 100

_STORES_PATTERN = "stores.*"

_STORE_ID = Field(
    "store_id",
    Kind.TEXT,
    "The retailer's own identifier of the store. It is text: 00123 keeps its zeros.",
    "00123",
    required=True,
    may_be_empty=False,
    max_length=ID_LENGTH,
)

STORES = Contract(
    name="stores",
    product=STORE,
    pattern=_STORES_PATTERN,
    table=RawStores,
    fields=(
        _STORE_ID,
        Field("name", Kind.TEXT, "Name of the store, as people know it.", "Lenina 5", required=True, may_be_empty=False),
        Field(
            "format",
            Kind.TEXT,
            "Format of the store; capitals and surrounding spaces do not matter.",
            "hypermarket",
            required=True,
            may_be_empty=False,
            lowercase=True,
            max_length=FORMAT_LENGTH,
        ),
        Field(
            "region", Kind.TEXT, "Region of the store, as category managers divide the network.", "Tula", max_length=REGION_LENGTH
        ),
        Field("opened_on", Kind.DATE, "Day of opening; may be planned up to two years ahead.", "2019-05-31", days_ahead=731),
        Field("latitude", Kind.NUMBER, "Latitude, WGS 84.", "55.7512", low=-90, high=90),
        Field("longitude", Kind.NUMBER, "Longitude, WGS 84.", "37.6184", low=-180, high=180),
    ),
    natural_key=("store_id",),
    unique_in_file=True,
    open_family=OpenFamily("attribute_", Kind.TEXT, "A further attribute of the store, kept as text under its own name.", "Tula"),
)

SALES = Contract(
    name="sales",
    product=STORE,
    pattern="sales/*",
    table=RawSales,
    fields=(
        _STORE_ID,
        Field(
            "date",
            Kind.DATE,
            "Day of the sale, or the first day of the month that the row sums up.",
            "2024-01-31",
            required=True,
            may_be_empty=False,
            # a day of grace, because the till may stand in another time zone
            days_ahead=1,
        ),
        Field(
            "revenue",
            Kind.MONEY_MINOR,
            "Revenue net of refunds; negative where refunds prevail, or where a row is a refund.",
            "1234.56",
            unit="currency",
            target="revenue_minor",
            required=True,
            may_be_empty=False,
            low=-ABSURD_AMOUNT,
            high=ABSURD_AMOUNT,
        ),
        Field("category", Kind.TEXT, "Category of goods.", "Dairy", max_length=200),
        Field("receipts", Kind.INTEGER, "Number of receipts.", "42", unit="receipts", low=0, high=ABSURD_COUNT),
        Field("customers", Kind.INTEGER, "Number of customers.", "40", unit="customers", low=0, high=ABSURD_COUNT),
        Field(
            "items",
            Kind.INTEGER,
            "Items sold, net of returns; may be negative.",
            "97",
            unit="items",
            low=-ABSURD_COUNT,
            high=ABSURD_COUNT,
        ),
    ),
    natural_key=("store_id", "date", "category"),
    references=(Reference("store_id", "stores", _STORES_PATTERN),),
    date_field="date",
)

GEO = Contract(
    name="geo",
    product=STORE,
    pattern="geo.*",
    table=RawGeo,
    fields=(_STORE_ID,),
    natural_key=("store_id",),
    unique_in_file=True,
    open_family=OpenFamily("geo_", Kind.NUMBER, "A measure of the surroundings, as a number under its own name.", "12500"),
)

CONTRACTS: tuple[Contract, ...] = (STORES, SALES, GEO, DECISIONS)
"""Masters before what refers to them."""
