"""A system that calls /api/v1: every answer that it gets is held against the description that the service gives of itself."""

import json
import re
import urllib.parse

import jsonschema
from visiting import Visitor, multipart


class Caller:
    def __init__(self, instance, language="en", address="127.0.0.1"):
        self.visitor = Visitor(instance, address=address)
        self.language = language
        self.seen = set()  # (path of the description, method, status) that were answered
        answer = self.visitor.get("/api/v1/openapi.json")
        assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
        self.description = answer.json()
        self.resolver = jsonschema.RefResolver("", self.description)

    def operation(self, method, path):
        """The description of a request: the path with its names, and what stands below it."""
        for pattern, item in self.description["paths"].items():
            if re.fullmatch(re.sub(r"\{[a-z]+\}", "[^/]+", pattern), path) and method.lower() in item:
                return pattern, item[method.lower()]
        return None, None

    def resolve(self, item):
        return self.resolver.resolve(item["$ref"])[1] if "$ref" in item else item

    def check(self, method, path, answer):
        pattern, operation = self.operation(method, path)
        if operation is None or answer.status not in [int(s) for s in operation["responses"]]:
            assert answer.status in (404, 405, 406), (method, path, answer.status, answer.text)
            schema, kind = {"$ref": "#/components/schemas/Problem"}, "application/problem+json"
        else:
            self.seen.add((pattern, method, answer.status))
            response = self.resolve(operation["responses"][str(answer.status)])
            for name in response.get("headers", {}):
                assert answer.headers[name], (path, name)
            (kind, body), = response["content"].items()
            schema = body["schema"]
        assert answer.headers["Content-Type"] == kind, (path, answer.status, answer.text[:300])
        assert answer.headers.get("Set-Cookie") is None and answer.headers["Content-Language"]
        jsonschema.Draft202012Validator(schema, resolver=self.resolver, format_checker=jsonschema.FormatChecker()).validate(answer.json())
        if kind == "application/problem+json":
            assert answer.json()["status"] == answer.status

    def send(self, method, path, body=None, headers=None):
        sent = dict({"Accept": "application/json", "Accept-Language": self.language}, **(headers or {}))
        answer = self.visitor.send(method, "/api/v1" + path, body, sent)
        self.check(method, path.split("?")[0], answer)
        return answer

    def get(self, path, **query):
        return self.send("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def post(self, path, members, headers=None):
        return self.send("POST", path, json.dumps(members).encode(), dict({"Content-Type": "application/json"}, **(headers or {})))

    def post_files(self, path, pairs):
        body, kind = multipart(pairs)
        return self.send("POST", path, body, {"Content-Type": kind})
