"""Asks a running mock what vectors.jsonl says that Django answers, over HTTP. Changes the mock's state.

    carbon-mock serve --clock '2022-02-01 10:00:00' --listen 127.0.0.1:8082
    python3 live.py http://127.0.0.1:8082 --data data.json --vectors vectors.jsonl

Exits with 1 if an answer differs. The rules of comparison are those of mock/tests/django.rs.
"""

import argparse
import http.client
import json
import sys
import urllib.parse

def post(server, model, body):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    server.request("POST", f"/rest_api/v2/{model}/", urllib.parse.urlencode(body), form)
    return json.loads(server.getresponse().read())


def control(server, method, path, body=None):
    server.request(method, f"/__mock__/{path}", body, {"Content-Type": "application/json"})
    answer = server.getresponse()
    text = answer.read().decode()
    if answer.status != 200:
        sys.exit(f"{method} /__mock__/{path}: {text}")


def start_over(server, state):
    if state is None:
        control(server, "POST", "reset")
    else:
        control(server, "PUT", "state", state)


def rows_of(server, model):
    rows = post(server, model, {"method1": "objects.order_by", "arg1": '["pk"]'})["result"]
    return {row["pk"]: row["fields"] for row in rows}


def ask(server, vector, state):
    """The mock's answer to a vector's call, in the form of the vectors."""
    body = {}
    for place, (method, arg) in enumerate(vector["steps"], start=1):
        body[f"method{place}"] = f"objects.{method}" if place == 1 else method
        body[f"arg{place}"] = json.dumps(arg, ensure_ascii=False)
    if "fields" in vector:
        body["fields"] = json.dumps(vector["fields"])
    elif "rows" not in vector:
        body["fields"] = '["pk"]'
    if not vector.get("writes"):
        return formed(vector, post(server, vector["model"], body))
    # What it asks for is a task: let it run, look, and start over.
    before = rows_of(server, vector["model"])
    reply = formed(vector, post(server, vector["model"], body))
    control(server, "POST", "tasks/run")
    after = rows_of(server, vector["model"])
    start_over(server, state)
    changed = [{"pk": pk, "fields": fields} for pk, fields in after.items() if before.get(pk) != fields]
    reply["changed"] = {"rows": changed, "gone": [pk for pk in before if pk not in after]}
    return reply


def formed(vector, reply):
    if "error" in reply:
        return {"error": reply["error"]}
    result = reply["result"]
    for key in ("shown", "rows", "value"):
        if key in vector:
            return {key: result}
    if "error" in vector:
        return {"value": result}
    if "pair" in vector:
        return {"pair": [result[0]["pk"], result[1]]}
    if "keys" in vector:
        return {"keys": sorted(map(int, result))}
    if isinstance(result, list):
        return {"pks": [item["pk"] for item in result]}
    return {"pk": result["pk"] if isinstance(result, dict) else result}


def same(vector, ours):
    if vector.get("writes") and ours["changed"] != vector.get("changed", {"rows": [], "gone": []}):
        return False
    if "text" in vector:
        return ours.get("error") == vector["text"]
    if "error" in vector:
        # The database's driver refuses it, or the API: in words of its own.
        return "error" in ours
    for key in ("pks", "rows", "shown"):
        if key in vector:
            if key not in ours:
                return False
            if vector["ordered"] or not isinstance(vector[key], list):
                return vector[key] == ours[key]
            return sorted(map(json.dumps, vector[key])) == sorted(map(json.dumps, ours[key]))
    return any(key in vector and key in ours and vector[key] == ours[key] for key in ("pk", "value", "pair", "keys"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--data", help="the state to begin with; without it, the one that the mock was started with")
    parser.add_argument("--vectors", default="vectors.jsonl")
    args = parser.parse_args()
    server = http.client.HTTPConnection(urllib.parse.urlsplit(args.url).netloc)
    state = None
    if args.data:
        with open(args.data, "rb") as file:
            state = file.read()
    start_over(server, state)
    asked = wrong = 0
    with open(args.vectors, encoding="utf-8") as file:
        head = json.loads(file.readline())
        for line in file:
            vector = json.loads(line)
            ours = ask(server, vector, state)
            asked += 1
            if not same(vector, ours):
                wrong += 1
                print(f"{line.strip()}\n    ours: {json.dumps(ours, ensure_ascii=False)}")
    print(f"{asked} calls (seed {head['seed']}), {wrong} answered otherwise than by Django {head['django']}")
    sys.exit(1 if wrong or asked != head["calls"] else 0)


if __name__ == "__main__":
    main()
