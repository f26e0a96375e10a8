"""What other systems send, as it is on the wire."""

import json
from typing import Any

# An order as the city's platform pushes it.
ORDER = json.loads("""
{
  "orderNo": "SZ202607070012345",
  "title": "路灯不亮",
  "content": "市民反映：南联社区植物园路公交站往北第三根路灯坏了，晚上不亮，看不清路，请处理。",
  "caller": {"name": "王女士", "phone": "13812342207"},
  "acceptTime": "2026-07-07 09:12:33",
  "orderType": "投诉",
  "categories": ["城市管理", "市政设施", "路灯"],
  "region": {"district": "龙岗区", "street": "龙岗街道", "community": "南联社区"},
  "address": "植物园路公交站往北60米",
  "location": {"lng": 114.265631, "lat": 22.762136},
  "urgency": "紧急",
  "deadline": "2026-07-09 18:00:00",
  "attachments": [],
  "chaseCount": 1
}
""")


def order(**given: Any) -> dict[str, Any]:
    return {**ORDER, **given}


def notice(kind: str, number: str = "TZ-1", **given: Any) -> dict[str, Any]:
    told = {"noticeNo": number, "orderNo": ORDER["orderNo"], "noticeType": kind}
    return {**told, "noticeTime": "2026-07-07 09:50:00", **given}
