"""The platform's HTTP API as the browser tests use it, and the forms in which people read its numbers."""

import json
import secrets
import time
import urllib.error
import urllib.request
import uuid

TIMEOUT_S = 15
HOUR_MS = 3600 * 1000
LIST_MAX = 100  # of contacts, in one call
MARKS = {"vi": (".", ",", "\u00a0%"), "en": (",", ".", "%")}


class Api:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def call(self, method, /, **fields):
        """Calls ansinh.v1.<method>; a command gets an idempotency key of its own."""
        request = urllib.request.Request(
            f"{self.url}/ansinh.v1.{method}",
            data=json.dumps(fields).encode(),
            headers={"Content-Type": "application/json", "Idempotency-Key": f"browser-{uuid.uuid4()}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method}: HTTP {error.code} {error.read().decode()}") from None

    def metric(self, name):
        """The sum of a number over all that /metrics tells of it."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=TIMEOUT_S) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(f"ansinh_{name}{{"))

    def progress(self, unit):
        return Progress(self.call("Analytics/GetProgress", unitCode=unit, withChildren=True))

    def enrol(self, commune, personal_id=None):
        """Enrols a made-up woman; answers her participant id."""
        answer = self.call(
            "Enrolment/Enrol",
            personalId=personal_id or f"096190{secrets.randbelow(10**6):06}",
            fullName="Nguyễn Thị Thử",
            birthDate="1990-05-17",
            sex="SEX_FEMALE",
            unitCode=commune,
            supportGroup="SUPPORT_GROUP_OTHER",
            incomeVnd="3000000",
            method="METHOD_MONTHLY",
        )
        return answer["participantId"]

    def declare_health(self, commune):
        """Declares a made-up woman as a member of a household; answers her member id."""
        answer = self.call(
            "Enrolment/DeclareHealth",
            personalId=f"096190{secrets.randbelow(10**6):06}",
            fullName="Nguyễn Thị Thử",
            birthDate="1990-05-17",
            sex="SEX_FEMALE",
            unitCode=commune,
            householdCode="0123456789",
        )
        return answer["memberId"]

    def pay(self, participant, **through):
        """through: pointCode, collectorCode"""
        bill = self.call("Payments/Inquire", participantId=participant)
        self.call(
            "Payments/Pay",
            billId=bill["billId"],
            billVersion=bill["billVersion"],
            amountVnd=bill["dueVnd"],
            channel="PAYMENT_CHANNEL_CASH",
            **through,
        )

    def hold_session(self, commune, attendance, met=1, **more):
        """A session of today, met people on its list, of whom one declares and pays; answers its code."""
        code = f"BROWSER-{secrets.token_hex(4)}"
        now_ms = int(time.time() * 1000)
        session = {"code": code, "kind": "SESSION_KIND_SMALL_GROUP", "unitCode": commune, "attendance": attendance,
                   "startMs": now_ms - HOUR_MS, "endMs": now_ms, **more}
        self.call("Campaigns/RecordSession", session=session)
        people = [f"096190{number:06}" for number in secrets.SystemRandom().sample(range(10**6), met)]
        for first in range(0, met, LIST_MAX):
            self.call("Campaigns/RecordContacts", sessionCode=code, personalIds=people[first : first + LIST_MAX])
        self.pay(self.enrol(commune, people[0]))
        return code


class Progress:
    """One unit of an answer; fields at their default are absent in the JSON."""

    def __init__(self, fields):
        self.fields = fields
        self.code = fields["unitCode"]
        self.name = fields.get("name", "")
        self.name_en = fields.get("nameEn", "")
        self.percent = fields.get("percent", "")
        self.children = [Progress(child) for child in fields.get("children", [])]

    def __getattr__(self, name):
        """participants, declared, plan, gap, payments, ... as whole numbers."""
        words = name.split("_")
        return int(self.fields.get(words[0] + "".join(word.title() for word in words[1:]), 0))

    def pocket(self, name):
        return int(self.fields.get("paid", {}).get(f"{name}Vnd", 0))

    @property
    def total(self):
        return sum(self.pocket(name) for name in ("participant", "central", "local", "donor"))


def number(value, lang):
    return f"{value:,}".replace(",", MARKS[lang][0]).replace("-", "\u2212")


def percent(text, lang):
    if not text:
        return "–"
    whole, fraction = text.split(".")
    return number(int(whole), lang) + MARKS[lang][1] + fraction + MARKS[lang][2]


def pace(text, lang):
    """What comes or is needed in a day: whole people, and with one place below ten."""
    tenths = (int(text.replace(".", "") or 0) + 5) // 10
    if tenths == 0:
        return "0"
    if tenths >= 100:
        return number((int(text.replace(".", "")) + 50) // 100, lang)
    return f"{tenths // 10}{MARKS[lang][1]}{tenths % 10}"


def dong(value, lang):
    return number(value, lang) + "\u00a0₫"
