#!/usr/bin/env python3
"""A storefront's way from an order to its customer's card. ESNAF_URL, ESNAF_KEY (scopes contacts.*, orders.*, rfm.read), ESNAF_STORE."""

import json
import os

from esnaf import Esnaf, EsnafError, format_minor, path_part

store = os.environ.get("ESNAF_STORE", "shop")
esnaf = Esnaf(os.environ.get("ESNAF_URL", "http://127.0.0.1:7080"), os.environ["ESNAF_KEY"], read_own_writes=True)

order = {
    "storeId": store, "externalId": "py-1", "placeTime": "2026-03-02T10:00:00Z", "paid": True, "pricesIncludeTax": True,
    "customer": {"email": "ayse@example.com", "emailVerified": True, "givenName": "Ayşe", "familyName": "Yılmaz"},
    # 64-bit numbers are strings in JSON; money is in minor units.
    "lines": [{"sku": "A", "title": "Elbise", "quantity": "2", "unitPrice": {"minor": "12990", "currencyCode": "TRY"}}],
}
# A key of one's own survives a restart of the program, too.
taken = esnaf.post("/v1/orders:ingest", {"order": order}, idempotency_key=f"{store}-py-1")
again = esnaf.post("/v1/orders:ingest", {"order": order}, idempotency_key=f"{store}-py-1")
card = esnaf.get(f"/v1/contacts/{path_part(taken['order']['contactId'])}/card")
try:
    esnaf.post("/v1/orders:ingest", {"order": {"storeId": store, "externalId": "no-lines"}})
    raise SystemExit("an order without lines was taken")
except EsnafError as error:
    refused = {"status": error.status, "fields": [violation["field"] for violation in error.field_violations]}

sums = card["orderSummary"]["currencies"][0]
print(json.dumps({"outcome": taken["outcome"], "replayed": again == taken, "contact": card["contact"]["displayName"],
                  "net": format_minor(sums["net"]), "seen": taken["order"]["id"] in [one["id"] for one in card["recentOrders"]],
                  "refused": refused}, ensure_ascii=False))
