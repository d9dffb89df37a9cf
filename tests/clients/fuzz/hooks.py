"""What schemathesis must know of billpay: values for its scalars, ids that exist, and what counts as a fault.

A refusal is no fault, whatever its code: most of what is generated makes no sense. Faults are a status of 500 or more,
the code of a defect, an answer that is no GraphQL, and words that only the inside of the server would use.
"""

import json
import os
import re
import urllib.request

import graphql
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

ENDPOINT = os.environ["BILLPAY_URL"].rstrip("/") + "/graphql"
TOKEN = os.environ["TOKEN"]
CASES = int(os.environ.get("CASES", "2000"))

INSIDE = re.compile(
    r"panicked|RUST_BACKTRACE|\.rs:\d|src/|called `|unwrap\(\)"  # a panic, a place in the code
    r"|sqlx|sea_orm|DbErr|SELECT |INSERT INTO|UPDATE |constraint failed|SQLITE|pg_catalog"  # the database
    r"|reqwest|hyper::|tokio|127\.0\.0\.1|localhost|client_secret|Bearer |/tmp/"  # the way to a provider
    r"|Some\(|None\)|Err\(|Ok\(|Uuid\(|SystemTime"  # a value as Rust prints it for a programmer
)


def ask(query):
    body = json.dumps({"query": query}).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
    with urllib.request.urlopen(urllib.request.Request(ENDPOINT, body, headers), timeout=30) as answer:
        return json.load(answer)["data"]


def known_ids():
    """Ids of all kinds, so that not every look-up ends at once."""
    lists = ("billers payments bills billNumbers bulkPayments controlNumbers collections callbacks webhookEndpoints "
             "apiClients").split()
    found = ask("{ providers { id } " + " ".join(f"{name}(first: 6) {{ nodes {{ id }} }}" for name in lists) + " }")
    pages = [found["providers"], *(found[name]["nodes"] for name in lists)]
    return [node["id"] for page in pages for node in page]


def root_fields():
    """Every field of Query and Mutation; those of Subscription cannot be asked for in one answer."""
    found = ask("{ __schema { queryType { fields { name } } mutationType { fields { name } } } }")["__schema"]
    return {f"{root}.{field['name']}" for root, name in (("Query", "queryType"), ("Mutation", "mutationType"))
            for field in found[name]["fields"]}


def text(*values):
    """One of these, or once in four anything at all, with which most documents are refused as a whole."""
    known = st.sampled_from(values)
    return st.one_of(known, known, known, st.text(max_size=40)).map(nodes.String)


MOMENTS = ("2026-11-22T09:30:00Z", "1970-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "-9999-01-01T00:00:00Z", "now")
AMOUNTS = ("0", "-1", "15", "100.00", "0.001", "99999999999999999999", "-0", "1e3", "." + "9" * 40)
WORDS = ("2222222", "4444444", "KPLC", "a-key", "", " ", "\u0000", "\u202e", "' OR 1=1 --", "{{7*7}}", "x" * 5000)
IDS = known_ids()
ROOT_FIELDS = root_fields()
SCALARS = {
    "ID": text(*IDS),
    "Int": st.one_of(st.integers(0, 100), st.sampled_from((-1, 101, 2**31 - 1, -(2**31)))).map(nodes.Int),
    # Ids are the cursors of most lists.
    "String": text(*IDS, *WORDS),
    "CountryCode": text("KE", "TZ", "US", "zz", ""),
    "CurrencyCode": text("KES", "TZS", "USD", "XXX", "kes"),
    "Date": text("2026-11-22", "2024-02-29", "2023-02-29", "0000-00-00", "9999-12-31"),
    "DateTime": text(*MOMENTS),
    "Decimal": text(*AMOUNTS),
    "PhoneNumber": text("+254710000000", "+1", "0710000000", "+" + "9" * 30),
    "Sequence": text("0", "1", "9223372036854775807", "9223372036854775808", "-1"),
    "URL": text("https://shop.example/paid", "http://127.0.0.1/", "file:///etc/passwd", "https://a@b:0/"),
}
for name, strategy in SCALARS.items():
    schemathesis.graphql.scalar(name, strategy)


class OneWay(graphql.Visitor):
    """Takes from each page the arguments of the other direction, and a cursor behind which nothing is."""

    def enter_argument(self, node, _key, siblings, *_):
        pages = {"first", "last"} <= {argument.name.value for argument in siblings}
        return graphql.REMOVE if pages and node.name.value in ("last", "before", "after") else None


@schemathesis.hook
def before_call(context, case, kwargs):
    """Both `first` and `last` are refused before a list is read, so most documents ask one way only."""
    if not isinstance(case.body, str) or len(case.body) % 4 == 0:
        return
    try:
        case.body = graphql.print_ast(graphql.visit(graphql.parse(case.body), OneWay()))
    except graphql.GraphQLError:
        return


def strings_of(answer):
    """What the server says in its own words: its errors, at the top and in the payloads."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            if key == "message" and isinstance(value, str):
                yield value
            yield from strings_of(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from strings_of(value)


@schemathesis.check
class nothing_breaks:
    """Each answer is a GraphQL answer without a defect in it, and enough were asked for."""

    def __init__(self):
        self.asked, self.answered, self.fields = set(), set(), set()

    def after_response(self, ctx, response, case):
        self.asked.add(case.id)
        self.fields.add(case.operation.label)
        assert response.status_code < 500, f"status {response.status_code}"
        answer = json.loads(response.content)
        codes = {error.get("extensions", {}).get("code") for error in answer.get("errors", [])}
        assert "data" in answer or codes, "neither data nor errors"
        assert None not in codes, f"an error without a code: {answer['errors']}"
        assert "INTERNAL_SERVER_ERROR" not in codes, f"a defect: {answer['errors']}"
        for words in strings_of(answer):
            assert not INSIDE.search(words), f"inside detail: {words}"
        if answer.get("data"):
            self.answered.add(case.operation.label)

    def after_run(self, ctx):
        print(f"\n{len(self.asked)} cases over {len(self.fields)} fields; no data ever: {sorted(ROOT_FIELDS - self.answered)}")
        assert self.fields == ROOT_FIELDS, f"never asked for: {sorted(ROOT_FIELDS - self.fields)}"
        assert len(self.asked) >= CASES, f"at least {CASES} cases were wanted"
