#!/usr/bin/env python3
"""Validates CycloneDX and SPDX JSON files against the schemas in testdata/schemas, and checks what schemas cannot say:
that references point at something, that identifiers are unique, and that purls are well formed: by a pattern, and by the
Python package `packageurl-python` if it is installed. Parsers that lower the case of `golang` purls must find the same module as
others.

usage: validate-sbom.py FILE...      exit 0: all valid; 1: some are not; 3: the Python package `jsonschema` is missing
"""
import json
import pathlib
import re
import sys

try:
    import jsonschema
    import referencing
except ImportError as error:
    print(f"skipped: {error} (pip install jsonschema)")
    sys.exit(3)

try:
    from packageurl import PackageURL
except ImportError as error:
    print(f"skipped: {error} (pip install packageurl-python): purls are held against a pattern only", file=sys.stderr)
    PackageURL = None

SCHEMAS = pathlib.Path(__file__).resolve().parent.parent / "testdata" / "schemas"
PART = r"(?:[A-Za-z0-9.\-_~:]|%[0-9A-F]{2})+"
QUALIFIER = rf"[a-z]+={PART}"
PURL = re.compile(rf"pkg:(golang/{PART}(/{PART})*|(deb|rpm|apk|generic)/{PART}(/{PART})?)(@{PART})?(\?{QUALIFIER}(&{QUALIFIER})*)?$")


def is_purl(text):
    if not PURL.match(text):
        return False
    if PackageURL is None:
        return True
    purl, folded = PackageURL.from_string(text), PackageURL.from_string(text.partition("@")[0].lower())
    names = [(p.namespace or "", p.name) for p in (purl, folded)]
    # A parser that lowers the case finds the module under its lower-case name, and writing it again gives the same text.
    same = [name.lower() for name in names[0]] == [name.lower() for name in names[1]]
    return same and PackageURL.from_string(purl.to_string()) == purl


def validator(name):
    registry = referencing.Registry()
    for path in SCHEMAS.glob("*.json"):
        schema = json.loads(path.read_text(encoding="utf-8"))
        resource = referencing.Resource.from_contents(schema)
        registry = registry.with_resource(path.name, resource).with_resource(schema["$id"], resource)
        # A relative reference resolves against the `$id` of the schema that holds it.
        registry = registry.with_resource("http://cyclonedx.org/schema/" + path.name, resource)
    schema = json.loads((SCHEMAS / name).read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    return kind(schema, registry=registry, format_checker=kind.FORMAT_CHECKER)


def nested(components):
    for component in components:
        yield component
        yield from nested(component.get("components", []))


def cyclonedx(bom):
    every = list(nested(bom["components"])) + [bom["metadata"]["component"]]
    refs = [c["bom-ref"] for c in every]
    if len(set(refs)) != len(refs):
        yield "a bom-ref stands twice"
    used = [d["ref"] for d in bom["dependencies"]] + [r for d in bom["dependencies"] for r in d.get("dependsOn", [])]
    used += [r for c in bom["compositions"] for r in c["dependencies"]]
    for ref in set(used) - set(refs):
        yield f"{ref} is referred to and not there"
    for component in every:
        if "purl" in component and not is_purl(component["purl"]):
            yield f"purl {component['purl']!r}"


def spdx(document):
    ids = [p["SPDXID"] for p in document["packages"]] + [document["SPDXID"]]
    if len(set(ids)) != len(ids):
        yield "an SPDXID stands twice"
    for identifier in ids:
        if not re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", identifier):
            yield f"SPDXID {identifier!r}"
    for relationship in document["relationships"]:
        for key in ("spdxElementId", "relatedSpdxElement"):
            if relationship[key] not in ids:
                yield f"{relationship[key]} is referred to and not there"
    for package in document["packages"]:
        for reference in package.get("externalRefs", []):
            if reference["referenceType"] == "purl" and not is_purl(reference["referenceLocator"]):
                yield f"purl {reference['referenceLocator']!r}"


def spdx3(document):
    """What SPDX's own model of SPDX 3.0.1 finds wrong, if it is installed, and addresses that lead nowhere."""
    graph = document["@graph"]
    ids = [element["spdxId"] for element in graph if "spdxId" in element]
    if len(set(ids)) != len(ids):
        yield "an spdxId stands twice"
    for element in graph:
        used = element.get("rootElement", []) + element.get("to", [])
        for address in used + [element[key] for key in ("from", "subject") if key in element]:
            if address not in ids:
                yield f"{address} is referred to and not there"
        purl = element.get("software_packageUrl")
        if purl is not None and not is_purl(purl):
            yield f"purl {purl!r}"
    try:
        from spdx_python_model import v3_0_1 as model
    except ImportError as error:
        print(f"skipped: {error} (pip install spdx-python-model): SPDX 3.0 is not held against its model", file=sys.stderr)
        return
    objects = model.SHACLObjectSet()
    try:
        model.JSONLDDeserializer().deserialize_data(document, objects)
    except Exception as error:  # The model raises errors of many kinds.
        yield f"spdx-python-model: {str(error)[:300]}"
        return
    for missing in objects.link():
        yield f"spdx-python-model: {missing} is not there"
    read = {objects.get_id(thing) for thing in objects.objects} if hasattr(objects, "get_id") else {thing._id for thing in objects.objects}
    for address in set(ids) - read:
        yield f"spdx-python-model: did not read {address}"


def older(document):
    """What the CycloneDX library finds wrong in a document of a version whose schema is not stored."""
    version = document["specVersion"]
    try:
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
        error = JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(json.dumps(document))
    except Exception as error:
        return [f"CycloneDX {version} was not validated: {error} (pip install 'cyclonedx-python-lib[json-validation]')"]
    return [str(error)[:300]] if error else []


def check(path):
    document = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    if "/spdx-context.jsonld" in str(document.get("@context")):
        return list(spdx3(document))
    if document.get("bomFormat") == "CycloneDX":
        schema, more = f"bom-{document['specVersion']}.SNAPSHOT.schema.json", cyclonedx
        if not (SCHEMAS / schema).exists():
            return older(document) or list(more(document))
    elif "spdxVersion" in document:
        schema, more = document["spdxVersion"].lower() + ".schema.json", spdx
    else:
        return ["neither CycloneDX nor SPDX"]
    errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in validator(schema).iter_errors(document)]
    return errors or list(more(document))


def main(paths):
    if not paths:
        sys.exit(__doc__)
    bad = False
    for path in paths:
        errors = check(path)
        print(f"{path}: {'valid' if not errors else 'NOT valid'}")
        for error in errors[:20]:
            print(f"  {error}")
        bad |= bool(errors)
    sys.exit(1 if bad else 0)


main(sys.argv[1:])
