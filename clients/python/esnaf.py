"""A small client of Esnaf's HTTP API, by Python's standard library alone: to be copied into a shop and changed there."""

import http.client
import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


class EsnafError(Exception):
    """What a call fails with: the canonical status, the reason for programs, and each field that is not right."""

    def __init__(self, http_status, status, message, details=(), retry_after=None, request_id=None):
        super().__init__(f"{status}: {message}")
        self.http_status = http_status
        self.status = status
        self.reason = next((one.get("reason", "") for one in details if one.get("@type", "").endswith("/google.rpc.ErrorInfo")), "")
        self.field_violations = [violation for one in details if one.get("@type", "").endswith("/google.rpc.BadRequest")
                                 for violation in one.get("fieldViolations", [])]
        self.retry_after = retry_after
        self.request_id = request_id


class Esnaf:
    """Calls the API with a key. With read_own_writes every call waits for what this object wrote before: one object a session."""

    def __init__(self, url, key, retries=3, timeout=20.0, read_own_writes=False):
        self.url = url.rstrip("/")
        self.key = key
        self.retries = retries
        self.timeout = timeout
        self.read_own_writes = read_own_writes
        self.positions = {}

    def get(self, path, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query, doseq=True)
        return self._call("GET", path, None, {})

    def post(self, path, body, idempotency_key=None):
        """The same key with the same body is done once and answered alike, for seven days; a random one where none is given."""
        return self._call("POST", path, json.dumps(body).encode(), {"Idempotency-Key": idempotency_key or str(uuid.uuid4())})

    def _call(self, verb, path, body, headers):
        headers = {**headers, "Authorization": f"Bearer {self.key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.read_own_writes and self.positions:
            headers["Esnaf-After"] = ",".join(self.positions.values())
        end = time.monotonic() + self.timeout
        attempt = 0
        while True:
            try:
                return self._send(verb, path, body, headers, max(end - time.monotonic(), 0.001))
            except EsnafError as error:
                # The idempotency key makes it safe to repeat a write whose answer was lost.
                away = error.status == "UNAVAILABLE"
                limited = error.status == "RESOURCE_EXHAUSTED" and error.retry_after is not None
                delay = max(error.retry_after or 0.0, min(0.1 * 2**attempt, 5.0) * random.uniform(0.5, 1.0))
                if not (away or limited) or attempt >= self.retries or time.monotonic() + delay >= end:
                    raise
            time.sleep(delay)
            attempt += 1

    def _send(self, verb, path, body, headers, timeout):
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=verb)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                self._remember(response.headers.get("Esnaf-Position", ""))
                text = response.read()
        except urllib.error.HTTPError as error:
            raise _error_of(error) from None
        except TimeoutError as error:
            raise EsnafError(0, "DEADLINE_EXCEEDED", "the call took too long") from error
        except (OSError, http.client.HTTPException) as error:
            raise EsnafError(0, "UNAVAILABLE", f"no answer came: {error}") from error
        return json.loads(text) if text else {}

    def _remember(self, positions):
        for position in filter(None, (one.strip() for one in positions.split(","))):
            service = position.split(":")[0]
            if not _is_older(position, self.positions.get(service)):
                self.positions[service] = position


def _is_older(position, known):
    """Positions compare within an epoch; another epoch is a restored database, of which the later answer counts."""
    if known is None:
        return False
    epoch, _, xact = position.rpartition(".")
    known_epoch, _, known_xact = known.rpartition(".")
    return epoch == known_epoch and int(xact) < int(known_xact)


def _error_of(response):
    try:
        said = json.loads(response.read())["error"]
    except (ValueError, KeyError, TypeError):
        # What stands between here and the gateway answers in its own words.
        said = {}
    statuses = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
    retry_after = response.headers.get("Retry-After", "")
    return EsnafError(response.code, said.get("status") or statuses.get(response.code, "UNKNOWN"), said.get("message", f"HTTP {response.code}"),
                      said.get("details", []), float(retry_after) if retry_after.isdigit() else None, response.headers.get("X-Request-Id"))


def path_part(text):
    """An id as a part of a path."""
    return urllib.parse.quote(text, safe="")


def format_minor(minor, digits=2):
    """Minor units as decimal text, without floating point: 25980 is 259.80 lira."""
    value = int(minor)
    text = str(abs(value)).rjust(digits + 1, "0")
    return ("-" if value < 0 else "") + text[:len(text) - digits] + ("." + text[-digits:] if digits else "")
