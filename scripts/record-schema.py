#!/usr/bin/env python3
"""Makes docs/record.schema.json from crates/record/src: types become definitions, doc comments descriptions.

usage: record-schema.py          writes the schema
       record-schema.py --check  exit 1 when the checked-in schema differs from the types
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODEL = ROOT / "crates/record/src"
# In the order of the schema.
FILES = ("stream", "image", "location", "binary", "build_info", "facts", "functions/coded", "words")
SCHEMA = ROOT / "docs/record.schema.json"

CASES = {
    "lowercase": str.lower,
    "PascalCase": lambda name: "".join(word.capitalize() for word in name.split("_")),
    "kebab-case": lambda name: re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower(),
}


def schema_of(kind):
    """The schema of a Rust type."""
    kind = kind.strip()
    inner = re.fullmatch(r"(Option|Vec|Box|BTreeMap|Word)<(.*)>", kind)
    if inner:
        outer, content = inner.groups()
        if outer in ("Box", "Word"):
            return schema_of(content)
        if outer == "Vec":
            return {"type": "array", "items": schema_of(content)}
        if outer == "BTreeMap":
            return {"type": "object", "additionalProperties": schema_of(content.split(",", 1)[1])}
        some = schema_of(content)
        if set(some) <= {"type", "minimum", "items"} and isinstance(some.get("type"), str):
            return {**some, "type": [some["type"], "null"]}
        return {"anyOf": [some, {"type": "null"}]}
    if kind.startswith("("):
        parts = [schema_of(part) for part in kind[1:-1].split(",")]
        return {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}
    if re.fullmatch(r"u\d+|usize", kind):
        return {"type": "integer", "minimum": 0}
    if kind in ("String", "bool"):
        return {"type": {"String": "string", "bool": "boolean"}[kind]}
    return {"$ref": f"#/$defs/{kind}"}


def plain(text):
    """Text without the brackets of links between items."""
    return re.sub(r"\[(`[^`]+`)\]", r"\1", text)


def members(body):
    """(doc, attributes, declaration) of each field or variant."""
    docs, attributes = [], ""
    for line in body.splitlines():
        line = line.strip()
        if line.startswith("///"):
            docs.append(plain(line[3:].strip()))
        elif line.startswith("#["):
            attributes += line
        elif line:
            yield " ".join(docs), attributes, line.rstrip(",")
            docs, attributes = [], ""


def definitions(source):
    pattern = r"((?:^ *///[^\n]*\n|^ *#\[[^\n]*\n)+)^( *)pub (struct|enum) (\w+) \{\n(.*?)^\2\}"
    for head, _, keyword, name, body in re.findall(pattern, source, re.M | re.S):
        doc = " ".join(plain(line.strip()[3:].strip()) for line in head.splitlines() if line.strip().startswith("///"))
        case = re.search(r'rename_all = "([^"]+)"', head)
        rename = CASES[case.group(1)] if case else (lambda text: text)
        tag = re.search(r'tag = "([^"]+)"', head)
        if keyword == "enum" and tag:
            options = []
            for text, _, line in members(body):
                variant, content = re.fullmatch(r"(\w+)\((.*)\)", line).groups()
                marked = {"properties": {tag.group(1): {"const": rename(variant)}}, "required": [tag.group(1)]}
                options.append({"description": text, "allOf": [marked, schema_of(content)]})
            yield name, {"description": doc, "oneOf": options}
        elif keyword == "enum":
            values = [(re.search(r'"([^"]+)"', line).group(1), text) for text, _, line in members(body)]
            meanings = " ".join(f"`{value}`: {text}" for value, text in values)
            # Records of newer versions may contain other words.
            known = {"enum": [value for value, _ in values]}
            yield name, {"description": f"{doc} {meanings}", "anyOf": [known, {"type": "string"}]}
        else:
            properties, required = {}, []
            for text, attributes, line in members(body):
                if "serde(skip)" in attributes:
                    continue
                field, kind = re.fullmatch(r"pub (\w+): (.*)", line).groups()
                own = re.search(r'rename = "([^"]+)"', attributes)
                key = own.group(1) if own else rename(field)
                properties[key] = {"description": text, **schema_of(kind)}
                if "skip_serializing_if" not in attributes:
                    required.append(key)
            yield name, {"description": doc, "type": "object", "properties": properties, "required": required}


def make():
    source = "\n".join((MODEL / f"{name}.rs").read_text(encoding="utf-8") for name in FILES)
    known = dict(definitions(source))
    version = re.search(r'SCHEMA: &str = "([^"]+)"', source).group(1)
    whole = [{"$ref": "#/$defs/Run"}, {"$ref": "#/$defs/End"}, {
        "type": "object",
        "properties": {
            "images": {"type": "array", "items": {"$ref": "#/$defs/ImageRecord"}},
            "binaries": {"type": "array", "items": {"$ref": "#/$defs/Binary"}},
            "unexamined": {"type": "array", "items": {"$ref": "#/$defs/Unexamined"}},
        },
        "required": ["images", "binaries", "unexamined"],
    }]
    known["Document"] = {"description": "What `--format json` writes: a whole scan.", "allOf": whole}
    return json.dumps({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": version,
        "description": "One line of `--format ndjson`; `#/$defs/Document` is what `--format json` writes. Keys may be added.",
        "$ref": "#/$defs/Line",
        "$defs": known,
    }, indent=2, ensure_ascii=False) + "\n"


made = make()
if sys.argv[1:] == ["--check"]:
    if not SCHEMA.exists() or SCHEMA.read_text(encoding="utf-8") != made:
        sys.exit("docs/record.schema.json is not what crates/record/src says: run scripts/record-schema.py")
elif sys.argv[1:]:
    sys.exit(__doc__)
else:
    SCHEMA.write_text(made, encoding="utf-8")
