"""Asks a running mock what vectors.jsonl says that Django answers, over HTTP. Replaces the mock's state.

    carbon-mock serve --clock '2022-02-01 10:00:00' --listen 127.0.0.1:8082
    python3 live.py http://127.0.0.1:8082 --data data.json --vectors vectors.jsonl

Exits with 1 if an answer differs. The rules of comparison are those of mock/tests/django.rs.
"""

import argparse
import http.client
import json
import sys
import urllib.parse

def ask(server, vector):
    """The mock's answer to a vector's call, in the form of the vectors."""
    body = {}
    for place, (method, arg) in enumerate(vector["steps"], start=1):
        body[f"method{place}"] = f"objects.{method}" if place == 1 else method
        body[f"arg{place}"] = json.dumps(arg, ensure_ascii=False)
    if "rows" not in vector:
        body["fields"] = '["pk"]'
    server.request(
        "POST",
        f"/rest_api/v2/{vector['model']}/",
        urllib.parse.urlencode(body),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )
    reply = json.loads(server.getresponse().read())
    if "error" in reply:
        return {"error": reply["error"]}
    result = reply["result"]
    if "rows" in vector:
        return {"rows": result}
    if isinstance(result, list) and all(isinstance(item, dict) and "pk" in item for item in result):
        return {"pks": [item["pk"] for item in result]}
    if isinstance(result, dict) and "pk" in result:
        return {"pk": result["pk"]}
    return {"value": result}


def same(vector, ours):
    if "text" in vector:
        return ours.get("error") == vector["text"]
    for key in ("pks", "rows"):
        if key in vector:
            if key not in ours:
                return False
            if vector["ordered"]:
                return vector[key] == ours[key]
            return sorted(map(json.dumps, vector[key])) == sorted(map(json.dumps, ours[key]))
    return any(key in vector and key in ours and vector[key] == ours[key] for key in ("pk", "value"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--data", default="data.json")
    parser.add_argument("--vectors", default="vectors.jsonl")
    args = parser.parse_args()
    server = http.client.HTTPConnection(urllib.parse.urlsplit(args.url).netloc)
    with open(args.data, "rb") as file:
        server.request("PUT", "/__mock__/state", file.read(), {"Content-Type": "application/json"})
    answer = server.getresponse()
    if answer.status != 200:
        sys.exit(f"the state is refused: {answer.read().decode()}")
    answer.read()
    asked = wrong = 0
    with open(args.vectors, encoding="utf-8") as file:
        head = json.loads(file.readline())
        for line in file:
            vector = json.loads(line)
            ours = ask(server, vector)
            asked += 1
            if not same(vector, ours):
                wrong += 1
                print(f"{line.strip()}\n    ours: {json.dumps(ours, ensure_ascii=False)}")
    print(f"{asked} calls (seed {head['seed']}), {wrong} answered otherwise than by Django {head['django']}")
    sys.exit(1 if wrong or asked != head["calls"] else 0)


if __name__ == "__main__":
    main()
