"""The scenes, each played by several editors."""

import copy
import json
import pathlib
import sys
import tempfile
import time

from lsprotocol import converters
from pytest_lsp import client_capabilities

from session import Fault, Session
from strict import Checker

# Documents with a mistake that has a fix, whatever rules there are: a suppression that suppresses nothing. `é𝒳` before
# it in the same line tells the encodings apart.
BICEP = """param name string = 'é𝒳' // é𝒳 akslint: ignore[unknown-rule-in-suppression] é𝒳
resource aks 'Microsoft.ContainerService/managedClusters@2024-09-01' = {
  name: /* é𝒳 */ name
  location: 'westeurope'
  identity: { /* é𝒳 */ type: 'SystemAssigned' }
}
"""
JSON = """{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0", /* é𝒳 */ // akslint: ignore[unknown-rule-in-suppression]
  "resources": [
    {
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2024-09-01",
      "name": "é𝒳", "location": "westeurope", "identity": { "type": "SystemAssigned" }
    }
  ]
}
"""
BROKEN = "param x string = 'é𝒳\nresource"


def profiles():
    """What editors announce. Two are newer than the recordings: what differs is written here."""
    def convert(announced):
        # By way of text, so that nothing but plain JSON is left.
        return json.loads(json.dumps(converters.get_converter().unstructure(announced)))

    recorded = {
        "Neovim 0.11": "neovim@0.11.0", "Neovim 0.7": "neovim@0.7.0", "Emacs 29": "emacs@29.1",
        "VS Code 1.65": "visual_studio_code@1.65.2",
    }
    all_of_them = {name: convert(client_capabilities(recording)) for name, recording in recorded.items()}
    code = copy.deepcopy(all_of_them["VS Code 1.65"])
    code["general"]["positionEncodings"] = ["utf-16"]
    code["textDocument"]["diagnostic"] = {"dynamicRegistration": True, "relatedDocumentSupport": False}
    code["workspace"]["diagnostics"] = {"refreshSupport": True}
    all_of_them["VS Code, pulling"] = code
    all_of_them["nothing announced"] = {}
    all_of_them["UTF-32"] = {"general": {"positionEncodings": ["utf-32"]}, "textDocument": {
        "publishDiagnostics": {}, "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}}}
    return all_of_them


def mistakes_are_shown_and_mended(session, folder):
    for name, language, text in (("main.bicep", "bicep", BICEP), ("azuredeploy.json", "json", JSON),
                                 ("windows.bicep", "bicep", BICEP.replace("\n", "\r\n"))):
        uri = f"{folder}/{name}"
        session.open(uri, language, text)
        found = session.diagnostics(uri)
        if not found:
            raise Fault(f"{name}: nothing found")
        if session.announced.get("codeActionProvider"):
            mendable = [one for one in found if any(
                action.get("kind") == "quickfix" for action in session.code_actions(uri, one))]
            if not mendable:
                raise Fault(f"{name}: no fix for any of {[one['code'] for one in found]}")
            actions = session.code_actions(uri, mendable[0])
            session.apply(actions[0]["edit"])
            left = session.diagnostics(uri)
            if mendable[0]["code"] in [one["code"] for one in left if one["message"] == mendable[0]["message"]]:
                raise Fault(f"{name}: {actions[0]['title']} does not help against {mendable[0]['message']}")
        session.close(uri)


def typing_is_followed(session, folder):
    uri = f"{folder}/typed.bicep"
    session.open(uri, "bicep", "")
    session.diagnostics(uri)
    for at, char in enumerate(BICEP):
        session.edit(uri, at, at, char)
    fresh = f"{folder}/fresh.bicep"
    session.open(fresh, "bicep", BICEP)
    if session.diagnostics(uri) != session.diagnostics(fresh):
        raise Fault("typed and opened documents differ")
    for end in range(len(BICEP), 0, -7):
        session.edit(uri, max(0, end - 7), end, "")
    session.diagnostics(uri)
    session.close(uri)
    session.close(fresh)


def broken_text_is_survived(session, folder):
    uri = f"{folder}/broken.bicep"
    session.open(uri, "bicep", BROKEN)
    if not session.diagnostics(uri):
        raise Fault("nothing found in broken text")
    for at in range(len(BROKEN)):
        session.edit(uri, 0, 1, "")
        session.diagnostics(uri)
    session.close(uri)


def other_json_is_left_alone(session, folder):
    uri = f"{folder}/package.json"
    session.open(uri, "json", '{ "name": ')
    session.edit(uri, 0, 0, " ")
    session.close(uri)
    if session.can("textDocument.diagnostic") is None and any(
            message["params"]["uri"] == uri for message in session.unread):
        raise Fault("something was said about package.json")


SCENES = [mistakes_are_shown_and_mended, typing_is_followed, broken_text_is_survived, other_json_is_left_alone]


def has_teeth():
    """A checker that finds nothing in broken messages would find nothing at all."""
    def publication(**changes):
        diagnostic = {"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}, "message": "m"}
        return {"jsonrpc": "2.0", "method": "textDocument/publishDiagnostics",
                "params": {"uri": "file:///x", "diagnostics": [{**diagnostic, **changes}]}}

    assert not Checker().faults(publication())
    here = {"line": 0, "character": 0}
    for changes in ({"message": 5}, {"severity": 9}, {"source": None}, {"tags": [True]}, {"extra": 1}, {"range": None},
                    {"range": {"start": here, "end": {"line": 0, "character": 1.5}}},
                    {"range": {"start": here, "end": {"line": -1, "character": 0}}}):
        assert Checker().faults(publication(**changes)), f"{changes} went through"
    assert Checker().faults({"jsonrpc": "2.0", "id": 1, "result": None}), "nobody asked"
    session = Session(["true"], {})
    session.documents["file:///x"] = (1, "é𝒳\r\nb")
    start, end, outside = {"line": 0, "character": 3}, {"line": 1, "character": 1}, {"line": 0, "character": 4}
    for span, is_right in (((start, end), True), ((end, start), False), ((start, outside), False),
                           ((start, {"line": 2, "character": 0}), False), ((start, {"line": 0, "character": 2}), False)):
        faults = session.judge_range("file:///x", dict(zip(("start", "end"), span)))
        assert (not faults) == is_right, f"{span}: {faults}"
    edits = [{"range": {"start": start, "end": end}, "newText": ""}, {"range": {"start": here, "end": end}, "newText": ""}]
    assert session.judge_edit({"changes": {"file:///x": edits}}), "overlapping edits went through"
    session.server.wait()


def main(command):
    has_teeth()
    failed = 0
    for name, capabilities in profiles().items():
        for scene in SCENES:
            start = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                session = Session(command, capabilities)
                try:
                    root = pathlib.Path(folder).resolve().as_uri()
                    session.start(root)
                    scene(session, root)
                    session.stop()
                    verdict = "ok"
                except Fault as fault:
                    verdict = f"FAILED: {fault}"
                    failed += 1
                finally:
                    session.server.kill()
                    session.server.wait()
            print(f"{name:18} {scene.__name__:32} {time.monotonic() - start:5.2f} s  {verdict}")
    return 1 if failed else 0


sys.exit(main(sys.argv[1:]))
