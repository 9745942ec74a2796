"""The stores of the town, and how well each of them is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge.contract.topics import Address

TENANT = "lurralos"
SHANGHAI, SAIGON = "Asia/Shanghai", "Asia/Ho_Chi_Minh"


@dataclass(frozen=True, slots=True)
class Shop:
    """One store. The more trouble, the more stock-outs, foreign products and rejected captures."""

    id: str
    name: str
    city: str
    zone: str
    latitude: float
    longitude: float
    chain: str
    channel: str
    store_class: str
    representative: str
    trouble: int  # 0 to 5
    visitors: int  # a day, about
    fixtures: tuple[str, ...] = ("cooler-1",)
    counts_people: bool = True
    covered: bool = False  # something hangs before its camera on the last day
    celsius: float = 4.0

    @property
    def address(self) -> Address:
        """Its device."""
        return Address(TENANT, self.id, f"unit-{self.id}")

    @property
    def number(self) -> int:
        """Its place in the town, from 0."""
        return SHOPS.index(self)

    def section(self, owner: str) -> dict[str, Any]:
        """As a sink's configuration describes it."""
        fixtures = [{"id": one, "name": f"{self.name} {one[-1]}", "own": [owner]} for one in self.fixtures]
        names = ("id", "name", "city", "zone", "latitude", "longitude", "chain", "channel", "store_class")
        return {
            "tenant": TENANT,
            **{name: getattr(self, name) for name in names},
            "representative": self.representative,
            "area_m2": 60.0 + 20 * (self.number % 5),
            "hours": {"opens": "08:00", "closes": "22:00", "day_starts": "04:00"},
            "fixtures": fixtures,
        }


_TWO = ("cooler-1", "cooler-2")

SHOPS = (
    Shop(
        "hz-01", "西湖路店", "杭州", SHANGHAI, 30.2489, 120.1480, "灯塔便利", "convenience", "A", "陈晓", 1, 620, _TWO
    ),
    Shop("hz-02", "城站店", "杭州", SHANGHAI, 30.2441, 120.1822, "灯塔便利", "convenience", "A", "陈晓", 4, 880),
    Shop("hz-03", "滨江大道店", "杭州", SHANGHAI, 30.2050, 120.2105, "青禾超市", "supermarket", "B", "陈晓", 2, 430),
    Shop(
        "sh-01", "静安寺店", "上海", SHANGHAI, 31.2235, 121.4453, "灯塔便利", "convenience", "A", "李航", 0, 940, _TWO
    ),
    Shop("sh-02", "杨浦大学路店", "上海", SHANGHAI, 31.3034, 121.5130, "灯塔便利", "convenience", "B", "李航", 3, 510),
    Shop("sh-03", "徐家汇店", "上海", SHANGHAI, 31.1953, 121.4365, "青禾超市", "supermarket", "A", "李航", 5, 1120),
    Shop(
        "sh-04",
        "莘庄店",
        "上海",
        SHANGHAI,
        31.1113,
        121.3850,
        "青禾超市",
        "supermarket",
        "B",
        "李航",
        1,
        380,
        celsius=8.6,
    ),
    Shop("cd-01", "春熙路店", "成都", SHANGHAI, 30.6570, 104.0817, "灯塔便利", "convenience", "A", "周敏", 2, 760),
    Shop(
        "cd-02",
        "天府三街店",
        "成都",
        SHANGHAI,
        30.5430,
        104.0640,
        "青禾超市",
        "supermarket",
        "B",
        "周敏",
        3,
        450,
        covered=True,
    ),
    Shop("sg-01", "Nguyễn Huệ", "Hồ Chí Minh", SAIGON, 10.7743, 106.7038, "Mái Xanh", "kiosk", "A", "Linh", 1, 540),
    Shop(
        "sg-02",
        "Thảo Điền",
        "Hồ Chí Minh",
        SAIGON,
        10.8030,
        106.7330,
        "Mái Xanh",
        "kiosk",
        "B",
        "Linh",
        4,
        260,
        counts_people=False,
    ),
    Shop("hn-01", "Hàng Đào", "Hà Nội", SAIGON, 21.0340, 105.8507, "Mái Xanh", "kiosk", "B", "Linh", 2, 480),
)
"""A dozen: two countries and zones, three chains; one counts nobody, one camera is covered, one cabinet too warm."""
