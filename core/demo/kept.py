"""What the demo keeps after handing over: its assets, plans, repairs, reports and parts; invented, alike to real ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

# project, code, name, class, where, importance, condition, cost (万元), design life, days since it was handed over
ASSETS = {
    "qinghe": (
        ("QH-2025-01", "QH01-DT-01", "1 号楼 1 单元电梯", "lift", "春晖里 1 号楼", "high", 5, "36.8", 15, 236),
        ("QH-2025-01", "QH01-DT-02", "3 号楼 2 单元电梯", "lift", "春晖里 3 号楼", "high", 4, "36.8", 15, 236),
        ("QH-2025-01", "QH01-LD-01", "小区路灯（36 盏）", "lighting", "春晖里全区", "medium", 4, "12.6", 10, 240),
        ("QH-2025-01", "QH01-BZ-01", "雨水提升泵", "drainage", "春晖里 3 号楼地下室", "high", 2, "8.4", 10, 240),
        ("QH-2025-01", "QH01-GW-01", "雨污检查井（118 座）", "drainage", "春晖里全区", "medium", 4, "23.6", 30, 240),
        ("QH-2025-01", "QH01-XF-01", "室外消火栓系统", "fire", "春晖里全区", "high", 4, "24.0", 15, 236),
        ("QH-2025-01", "QH01-WM-01", "3 号楼屋面", "building", "春晖里 3 号楼", "medium", 4, "18.5", 20, 236),
        ("QH-2025-01", "QH01-JS-01", "健身器材（14 件）", "fitness", "春晖里中心花园", "low", 3, "6.8", 8, 228),
        ("QH-2025-01", "QH01-LH-01", "绿地（3,200 ㎡）", "green", "春晖里全区", "low", 4, "9.6", 20, 228),
        ("QH-2025-01", "QH01-CD-01", "电动车充电桩（20 口）", "parking", "春晖里东门车棚", "medium", 4, "7.2", 8, 228),
        ("QH-2025-05", "QH05-SB-01", "取水泵房", "water", "白鹭湖乡取水口", "high", 5, "46.0", 20, 118),
        ("QH-2025-05", "QH05-JS-01", "一体化净水设备", "water", "白鹭湖水厂", "high", 5, "62.0", 15, 118),
        ("QH-2025-05", "QH05-GW-01", "输配水管网（18.6 km）", "water", "9 个行政村", "high", 5, "382.0", 30, 118),
    ),
    "linxi": (
        ("LX-2026-04", "LX04-JS-01", "健身器材（22 件）", "fitness", "文昌口袋公园", "medium", 4, "11.5", 8, 64),
        ("LX-2026-04", "LX04-LD-01", "庭院灯（28 盏）", "lighting", "文昌口袋公园", "medium", 5, "7.9", 10, 64),
        ("LX-2026-04", "LX04-LH-01", "绿地与喷灌", "green", "文昌口袋公园", "low", 4, "36.0", 15, 64),
    ),
}  # fmt: skip
# code, name, kind, what triggers it, assets, tasks, hours, cost, days between the past ones, how many of them
PLANS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "qinghe": (
        ("BY-DT", "电梯月度维保", "preventive", {"cycle": "month"}, ("QH01-DT-01", "QH01-DT-02"),
         ("机房与井道清洁润滑", "门锁与安全回路测试", "平层与制动检查"), 3, 450, 30, 7),
        ("XJ-BZ", "雨水泵每周巡检", "inspection", {"cycle": "week"}, ("QH01-BZ-01",),
         ("启停试验", "集水坑清淤情况", "浮球与控制箱"), 1, 0, 7, 5),
        ("BY-XF", "消火栓季度保养", "preventive", {"cycle": "quarter", "holiday": "previous"}, ("QH01-XF-01",),
         ("逐个放水测压", "阀门转动与防锈"), 6, 600, 91, 2),
        ("XJ-LD", "路灯月末夜巡", "inspection", {"cycle": "custom", "rule": "FREQ=MONTHLY;BYMONTHDAY=-1", "holiday": "next"},
         ("QH01-LD-01",), ("逐盏点亮检查", "配电箱漏电保护测试"), 2, 80, 30, 6),
        ("JX-GW", "汛期前管网清疏", "preventive", {"trigger": "season", "season": "flood", "before_days": 30},
         ("QH01-GW-01",), ("检查井清掏", "管道疏通", "井盖与防坠网"), 40, 6800, 0, 0),
        ("BY-JS", "净水滤料检查与反洗", "preventive", {"cycle": "quarter", "mode": "floating"}, ("QH05-JS-01",),
         ("滤料高度", "反洗强度", "出水浊度"), 5, 900, 88, 1),
    ),
    "linxi": (
        ("BY-JS", "健身器材月检", "inspection", {"cycle": "month"}, ("LX04-JS-01",),
         ("紧固件与焊缝", "缓冲与警示标志"), 2, 0, 30, 2),
    ),
}  # fmt: skip
# asset, what, kind, priority, days ago, hours to repair, cause, what was done, labour, other cost, hours out of use, who pays
REPAIRS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "qinghe": (
        ("QH01-DT-02", "电梯困人", "emergency", "emergency", 205, 2, "quality", "更换门机皮带，复位安全回路", 260, 480, 6, "warranty"),
        ("QH01-BZ-01", "雨水泵不启动", "corrective", "urgent", 172, 19, "weather", "烘干控制箱，更换接触器", 320, 260, 18, "resident"),
        ("QH01-LD-01", "东区 4 盏路灯不亮", "corrective", "normal", 158, 52, "wear", "更换驱动电源 4 只", 240, 0, 0, "fiscal"),
        ("QH01-WM-01", "顶层渗水", "corrective", "normal", 141, 230, "quality", "变形缝重做附加层，闭水 48 小时", 0, 3600, 0, "warranty"),
        ("QH01-CD-01", "3 口充电桩无法计费", "corrective", "normal", 120, 70, "unknown", "升级固件，更换读卡器", 180, 420, 0, "income"),
        ("QH01-BZ-01", "雨水泵异响", "corrective", "urgent", 66, 21, "wear", "更换轴承与机封", 420, 880, 20, "resident"),
        ("QH01-JS-01", "漫步机松动", "corrective", "normal", 58, 40, "misuse", "更换轴套，重新紧固", 120, 160, 40, "resident"),
        ("QH05-GW-01", "张湾村支管爆管", "emergency", "emergency", 49, 6, "third", "抢修 DN63 支管，恢复供水", 680, 940, 5, "fiscal"),
        ("QH01-BZ-01", "浮球失灵，地下室进水", "emergency", "emergency", 31, 3, "wear", "更换浮球开关，抽排积水", 380, 220, 3, "resident"),
        ("QH01-LD-01", "配电箱漏电保护跳闸", "corrective", "urgent", 17, 9, "weather", "更换受潮接线盒", 160, 90, 8, "fiscal"),
    ),
    "linxi": (
        ("LX04-LD-01", "6 盏庭院灯不亮", "corrective", "normal", 33, 46, "wear", "更换光源与镇流器", 160, 240, 0, "fiscal"),
    ),
}  # fmt: skip
# report: title, channel, urgency, asset, hours ago, how far its order has come
REPORTS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "qinghe": (
        ("3 号楼地下室又返水", "qr", "supply", "QH01-BZ-01", 44, "waiting"),
        ("中心花园单杠底座开裂", "phone", "ordinary", "QH01-JS-01", 212, "accepted"),
        ("1 号楼电梯按键失灵", "qr", "supply", "QH01-DT-01", 7, "created"),
        ("充电桩插座发烫", "hotline", "danger", "QH01-CD-01", 3, "in_progress"),
    ),
    "linxi": (("滑梯旁地垫翘起", "qr", "ordinary", "LX04-JS-01", 30, "accepted"),),
}
STEPS = {"created": (), "accepted": ("accept",), "in_progress": ("accept", "start"),
         "waiting": ("accept", "start", "wait")}  # fmt: skip
PARTS = (  # code, name, specification, unit, minimum, maximum, use a day, lead time, price, received, issued
    ("BJ-001", "LED 驱动电源", "60W 恒流", "只", 6, 30, "0.08", 10, "86.5", 20, 12),
    ("BJ-002", "浮球开关", "10A 5 m", "只", 4, 12, "0.03", 7, "48", 6, 4),
    ("BJ-003", "水泵机械密封", "104-25", "套", 2, 8, "0.02", 15, "135", 5, 2),
    ("BJ-004", "电梯门机皮带", "RPP5-15", "条", 2, 6, "0.01", 20, "168", 4, 1),
)
DUTIES = (
    ("lift", "物业公司", "维保单位", "维修资金，业主表决", "居民分担 60%，财政补贴 40%"),
    ("drainage", "物业公司", "物业公司", "区排水中心", "财政"),
    ("lighting", "物业公司", "物业公司", "街道办", "财政补贴"),
    ("fitness", "社区居委会", "社区居委会", "区体育中心", "彩票公益金"),
)
WARRANTIES = (  # what, asset, part, company, days since acceptance, term agreed
    ("3 号楼屋面防水", "QH01-WM-01", "waterproof", "东方雨林防水科技股份有限公司", -236, None),
    ("电梯整机", "QH01-DT-02", "equipment", "江州迅升电梯工程有限公司", -236, (2, "years")),
    ("室外消火栓系统", "QH01-XF-01", "pipes", "青禾安泰消防工程有限公司", -236, None),
    ("路灯线路", "QH01-LD-01", "electric", "临溪远通电线电缆有限公司", -240, None),
    ("充电桩（延保）", "QH01-CD-01", "other", "临溪远通电线电缆有限公司", -228, (10, "months")),
)
STANDARD = "电梯困人 30 分钟内到场；路灯完好率 98% 以上；排水设施汛期每周巡检。"
FUNDING = (
    {"source": "fiscal", "share": Decimal(40), "payer": "区财政局", "basis": "区政府常务会议纪要", "confirmed": True},
    {"source": "resident", "share": Decimal(45), "payer": "全体业主", "basis": "业主大会决议", "confirmed": True},
    {"source": "income", "share": Decimal(15), "payer": "停车与广告收入", "basis": "收益协议"},
)
# reports of the past: title, channel, asset, days ago, hours until answered, satisfaction
ANSWERED = (
    ("楼道口积水", "phone", "QH01-GW-01", 88, 60, 5), ("健身器材缺螺栓", "qr", "QH01-JS-01", 61, 90, 4),
    ("东门充电桩少一口", "hotline", "QH01-CD-01", 40, 200, 3), ("绿地喷灌漏水", "phone", "QH01-LH-01", 26, 50, 5),
)  # fmt: skip
ROUND = (  # asset, what was looked at, what is wrong
    ("QH01-LD-01", "路灯逐盏点亮", ""), ("QH01-CD-01", "充电桩外壳与接地", ""),
    ("QH01-GW-01", "检查井井盖与防坠网", "7 号井防坠网缺失"), ("QH01-XF-01", "消火栓水压", ""),
)  # fmt: skip
READINGS = ((-60, 31_250), (-30, 38_400), (-2, 44_900))  # days ago, trips of the lift
