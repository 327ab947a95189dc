"""The scenes, each played by several editors."""

import copy
import json
import pathlib
import re
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
# A cluster with what there is to ask about: identities, roles, parameters, functions, calls.
ESTATE_BICEP = """// é𝒳
param location string = 'westeurope'
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: /* é𝒳 */ 'mi'
  location: location
}
resource acr 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
  name: 'acr'
}
resource aks 'Microsoft.ContainerService/managedClusters@2024-10-01' = {
  name: 'aks'
  location: /* é𝒳 */ location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { /* é𝒳 */ '${mi.id}': {} }
  }
  properties: {
    dnsPrefix: /* é𝒳 */ toLower('AKS')
  }
}
resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(acr.id, 'é𝒳')
  scope: acr
  properties: {
    principalId: aks.properties.identityProfile.kubeletidentity.objectId
    roleDefinitionId: /* é𝒳 */ subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    principalType: 'ServicePrincipal'
  }
}
"""
ESTATE_JSON = """{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "location": { "type": "string", "defaultValue": "é𝒳" } },
  "resources": [
    {
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
      "apiVersion": "2023-01-31",
      "name": "mi",
      "location": "[concat('é𝒳', parameters('location'))]"
    },
    {
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2024-10-01",
      "name": "aks",
      "location": "[parameters('location')]",
      "dependsOn": [ "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]" ],
      "identity": {
        "type": "UserAssigned",
        "userAssignedIdentities": {
          "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {}
        }
      },
      "properties": { "dnsPrefix": "[toLower('é𝒳 AKS')]" }
    },
    {
      "type": "Microsoft.Authorization/roleAssignments",
      "apiVersion": "2022-04-01",
      "name": "[guid('é𝒳')]",
      "dependsOn": [ "[resourceId('Microsoft.ContainerService/managedClusters', 'aks')]" ],
      "properties": {
        "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2024-10-01').identityProfile.kubeletidentity.objectId]",
        "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
        "principalType": "ServicePrincipal"
      }
    }
  ]
}
"""
ESTATES = (("estate.bicep", "bicep", ESTATE_BICEP), ("estate.json", "json", ESTATE_JSON))
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


def every_question_is_answered(session, folder):
    """Each method in both languages, at places where there is an answer; and nowhere an answer that makes no sense."""
    for name, language, text in ESTATES:
        uri = f"{folder}/{name}"
        session.methods.clear()
        session.open(uri, language, text)
        session.diagnostics(uri)
        parameter = "parameters('loc" if language == "json" else "*/ loc"

        def ask(method, before=None, **more):
            params = {"textDocument": {"uri": uri}, **more}
            if before is not None:
                params["position"] = session.position(text, text.index(before) + len(before))
            answer = session.request(method, params)
            if not answer:
                raise Fault(f"{name}: no answer to {method} behind {before!r}")
            faults = session.judge_answer(uri, answer)
            if faults:
                raise Fault(f"{name}: {method} behind {before!r}: {faults}")
            return answer

        for before in ("UserAssi", "7f951dda-4ed3", "dnsPre", "toLow"):
            ask("textDocument/hover", before)
        for before in ("toLower(", ):
            ask("textDocument/signatureHelp", before)
        for before in ("UserAssi", "7f951dda", "dnsPre", "ManagedIdentity/userAss"):
            listed = ask("textDocument/completion", before)
            session.judge_completion(uri, session.position(text, text.index(before) + len(before)), listed)
            session.judge_documentation(listed)
        ask("textDocument/definition", parameter)
        everywhere = ask("textDocument/references", parameter, context={"includeDeclaration": True})
        uses = ask("textDocument/references", parameter, context={"includeDeclaration": False})
        if len(uses) != len(everywhere) - 1:
            raise Fault(f"{name}: {len(everywhere)} places, {len(uses)} of them no declaration")
        if len(ask("textDocument/documentHighlight", parameter)) != len(everywhere):
            raise Fault(f"{name}: other highlights than references")
        ask("textDocument/prepareRename", parameter)
        edit = ask("textDocument/rename", parameter, newName="region")
        if faults := session.judge_edit(edit):
            raise Fault(f"{name}: rename: {faults}")
        session.judge_symbols(uri, ask("textDocument/documentSymbol"))
        if not session.request("workspace/symbol", {"query": "aks"}):
            raise Fault("no symbols of the workspace")
        ask("textDocument/foldingRange")
        position = session.position(text, text.index("dnsPre"))
        session.judge_selection(uri, ask("textDocument/selectionRange", positions=[position])[0], position)
        ask("textDocument/documentLink")
        lenses = ask("textDocument/codeLens")
        if "mi" not in lenses[0]["command"]["title"]:
            raise Fault(f"{name}: {lenses}")
        whole = {"start": session.position(text, 0), "end": session.position(text, len(text))}
        if "AcrPull" not in json.dumps(ask("textDocument/inlayHint", range=whole)):
            raise Fault(f"{name}: no hint at the role")
        session.judge_tokens(uri, ask("textDocument/semanticTokens/full")["data"])
        session.judge_tokens(uri, ask("textDocument/semanticTokens/range", range=whole)["data"])
        if session.announced.get("codeActionProvider"):
            cluster = session.position(text, text.index("managedClusters@" if language == "bicep" else "2024-10-01"))
            actions = ask("textDocument/codeAction", range={"start": cluster, "end": cluster},
                          context={"diagnostics": [], "only": ["refactor"]})
            session.resolved(actions[0])
        if unasked := session.unasked():
            raise Fault(f"{name}: {unasked} are announced and not asked for")
        # Everywhere else there may be an answer or not, but it is one of the protocol and inside of the document.
        for at in range(0, len(text), 41):
            where = {"textDocument": {"uri": uri}, "position": session.position(text, at)}
            for method in ("hover", "completion", "definition", "documentHighlight", "prepareRename", "signatureHelp"):
                answer = session.request(f"textDocument/{method}", where)
                if faults := session.judge_answer(uri, answer):
                    raise Fault(f"{name}: {method} at {at}: {faults}")
                if method == "completion" and answer:
                    session.judge_completion(uri, where["position"], answer)


def half_typed_text_is_completed(session, folder):
    """Wherever a text ends, what is offered is written at the cursor and overlaps nothing."""
    for name, language, text in ESTATES:
        uri = f"{folder}/half-{name}"
        session.open(uri, language, "")
        shown = ""
        for end in range(0, len(text), 67):
            session.edit(uri, len(shown), len(shown), text[len(shown):end])
            shown = text[:end]
            for tail in ("", "'", '"', "\n}", ", |"):
                session.edit(uri, end, end, tail)
                where = session.position(shown + tail, end)
                answer = session.request("textDocument/completion", {"textDocument": {"uri": uri}, "position": where})
                if answer:
                    session.judge_completion(uri, where, answer)
                session.edit(uri, end, end + len(tail), "")
        session.diagnostics(uri)
        session.close(uri)


def all_that_is_safe_is_mended_at_once(session, folder):
    if not session.announced.get("codeActionProvider"):
        return
    for name, language, text in (("all.bicep", "bicep", BICEP), ("all.json", "json", JSON),
                                 ("all-windows.json", "json", JSON.replace("\n", "\r\n"))):
        uri = f"{folder}/{name}"
        session.open(uri, language, text)
        before = session.diagnostics(uri)
        start = {"line": 0, "character": 0}
        actions = session.request("textDocument/codeAction", {
            "textDocument": {"uri": uri}, "range": {"start": start, "end": start},
            "context": {"diagnostics": [], "only": ["source.fixAll"]}}) or []
        if [action["kind"] for action in actions] != ["source.fixAll.akslint"]:
            raise Fault(f"{name}: {actions}")
        session.apply(session.resolved(actions[0])["edit"])
        after = session.diagnostics(uri)
        if len(after) >= len(before):
            raise Fault(f"{name}: {len(before)} findings became {len(after)}")
        session.close(uri)


FILES = (
    ("part.bicep", "// é𝒳\nparam size string = 'é𝒳' // é𝒳\noutput o string = /* é𝒳 */ size\n"),
    ("caller.bicep", "module m 'part.bicep' = {\n  name: 'é𝒳'\n  params: { /* é𝒳 */ size: 'x' }\n}\n"),
    ("part.bicepparam", "using 'part.bicep'\n/* é𝒳 */ param size = 'x'\n"),
    ("deploy.json", """{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0", "parameters": { "size": { "type": "string" } }, "resources": [],
  "outputs": { "o": { "type": "string", "value": "[concat('é𝒳', parameters('size'))]" } } }"""),
    ("deploy.parameters.json", """{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "contentVersion": "1.0.0.0", "parameters": { /* é𝒳 */ "size": { "value": "x" } } }"""),
)


def names_are_changed_in_files_that_are_not_open(session, folder):
    root = pathlib.Path(folder.removeprefix("file://"))
    for name, text in FILES:
        (root / name).write_text(text)
    for opened, before, expected in (
            ("part.bicep", "param si", {"part.bicep", "caller.bicep", "part.bicepparam"}),
            ("part.bicepparam", "param si", {"part.bicep", "caller.bicep", "part.bicepparam"}),
            ("deploy.json", "parameters('si", {"deploy.json", "deploy.parameters.json"}),
            ("deploy.parameters.json", '"si', {"deploy.json", "deploy.parameters.json"})):
        text = dict(FILES)[opened]
        uri = f"{folder}/{opened}"
        session.open(uri, {"json": "json", "bicep": "bicep"}.get(opened.rsplit(".")[-1], "bicep-params"), text)
        session.diagnostics(uri)
        edit = session.request("textDocument/rename", {
            "textDocument": {"uri": uri}, "position": session.position(text, text.index(before) + len(before)),
            "newName": "count"})
        # The others are known to the judge only; their version is none.
        others = {f"{folder}/{name}": (None, content) for name, content in FILES if name != opened}
        session.documents.update(others)
        faults = session.judge_edit(edit)
        for change in edit.get("documentChanges") or []:
            if change["textDocument"]["version"] != session.documents[change["textDocument"]["uri"]][0]:
                faults.append(f"the version of {change['textDocument']}")
        changed = edit.get("changes") or [change["textDocument"]["uri"] for change in edit["documentChanges"]]
        if faults or {one.rsplit("/", 1)[-1] for one in changed} != expected:
            raise Fault(f"{opened}: {faults}, {edit}")
        for other in others:
            del session.documents[other]
        session.close(uri)


def refactorings_are_offered(session, folder):
    """The identity of a cluster is changed, in both languages, and the result is read again."""
    if not session.announced.get("codeActionProvider"):
        return
    for name, language, text in ESTATES:
        for title, system in (("Bring your own kubelet identity", False),
                              ("Change to a new user-assigned identity", True)):
            changed = re.sub(r"UserAssigned(['\"]),?\n.*userAssignedIdentities([^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*?(?=\n +\})",
                             r"SystemAssigned\1", text, count=1) if system else text
            uri = f"{folder}/{title.split()[0].lower()}-{name}"
            session.open(uri, language, changed)
            if [one for one in session.diagnostics(uri) if one.get("code") == "syntax-error"]:
                raise Fault(f"the scene is no template: {changed}")
            place = session.position(changed, changed.index("managedClusters@" if language == "bicep" else "2024-10-01"))
            actions = session.request("textDocument/codeAction", {
                "textDocument": {"uri": uri}, "range": {"start": place, "end": place},
                "context": {"diagnostics": [], "only": ["refactor"]}}) or []
            found = [action for action in actions if action["title"] == title]
            if not found:
                raise Fault(f"{name}: no {title} among {[action['title'] for action in actions]}")
            action = session.resolved(found[0])
            session.apply(action["edit"])
            if [one for one in session.diagnostics(uri) if one.get("code") == "syntax-error"]:
                raise Fault(f"{name}: {title} breaks the text")
            session.close(uri)


def the_workspace_is_checked(session, folder):
    root = pathlib.Path(folder.removeprefix("file://"))
    for name, _, text in ESTATES:
        (root / name).write_text(text)
    (root / "bad.bicep").write_text(BICEP)
    if session.can("textDocument.diagnostic") is not None:
        report = session.request("workspace/diagnostic", {"previousResultIds": []})
        with_findings = [item["uri"] for item in report["items"] if item["items"]]
        known = [{"uri": item["uri"], "value": item["resultId"]} for item in report["items"]]
        again = session.request("workspace/diagnostic", {"previousResultIds": known})
        if [item for item in again["items"] if item["kind"] != "unchanged"]:
            raise Fault("told again what is known")
        # In parts, with the progress of the work.
        answer = session.request("workspace/diagnostic", {
            "previousResultIds": [], "partialResultToken": "parts", "workDoneToken": "work"})
        told = [it["params"] for it in session.unread if it.get("method") == "$/progress"]
        parts = [item["uri"] for it in told if it["token"] == "parts" for item in it["value"]["items"]]
        if answer["items"] or sorted(parts) != sorted(item["uri"] for item in report["items"]):
            raise Fault(f"{parts} in parts, and {answer}")
        kinds = [it["value"]["kind"] for it in told if it["token"] == "work"]
        if kinds[:1] != ["begin"] or kinds[-1:] != ["end"] or set(kinds[1:-1]) - {"report"}:
            raise Fault(f"progress: {kinds}")
    else:
        session.whole_workspace = True
        session.request("workspace/executeCommand", {"command": "akslint.checkWorkspace"})
        message = session.wait_for(lambda it: it.get("method") == "textDocument/publishDiagnostics"
                                   and it["params"]["uri"].endswith("bad.bicep"))
        with_findings = [message["params"]["uri"]] if message["params"]["diagnostics"] else []
    if f"{folder}/bad.bicep" not in with_findings:
        raise Fault(f"only {with_findings}")
    session.unread = [it for it in session.unread if it.get("method") != "$/progress"]


def settings_and_files_change(session, folder):
    """What the client tells besides its documents. The file and the editor both have a word; the last one holds."""
    root = pathlib.Path(folder.removeprefix("file://"))
    uri = f"{folder}/main.bicep"
    session.open(uri, "bicep", BICEP)
    if not session.diagnostics(uri):
        raise Fault("nothing found")
    rule = "unused-suppression"

    def shown():
        return [one["code"] for one in session.diagnostics_again(uri)]

    for name, text, method, params in (
            ("akslint.toml", f"ignore = ['{rule}']", "workspace/didChangeWatchedFiles",
             {"changes": [{"uri": f"{folder}/akslint.toml", "type": 1}]}),
            ("akslint.toml", "", "textDocument/didSave", {"textDocument": {"uri": f"{folder}/akslint.toml"}}),
    ):
        (root / name).write_text(text)
        session.notify(method, params)
        after = shown()
        if (rule in after) == bool(text):
            raise Fault(f"{method}: {after}")
    session.notify("workspace/didChangeWorkspaceFolders", {"event": {
        "added": [{"uri": f"{folder}/other", "name": "other"}], "removed": [{"uri": folder, "name": "workspace"}]}})
    session.notify("workspace/didChangeConfiguration", {"settings": {"akslint": {"ignore": [rule]}}})
    if session.can("workspace.configuration"):
        # The client has to be asked; it says that nothing is set.
        return
    if rule in shown():
        raise Fault("the settings are not followed")


SCRIPTS = (
    ("deploy.sh", "shellscript", "echo 'é𝒳'; ", "\n"), ("deploy.azcli", "azcli", "# é𝒳\n", "\n"),
    ("deploy.ps1", "powershell", "Write-Host 'é𝒳'; ", "\r\n"), ("README.md", "markdown", "# é𝒳\n\n```azurecli\n", "\n```\n"),
    ("pipeline.yml", "yaml", "steps:\n- task: AzureCLI@2\n  inputs:\n    inlineScript: |\n      ", "\n"),
)


def scripts_are_answered(session, folder):
    for name, language, before, after in SCRIPTS:
        uri = f"{folder}/{name}"
        text = f"{before}az aks create -g rg -n aks --enable-managed-identiti --yes{after}"
        session.open(uri, language, text)
        found = session.diagnostics(uri)
        if "cli-flag-typo" not in [one["code"] for one in found]:
            raise Fault(f"{name}: {found}")
        typo = next(one for one in found if one["code"] == "cli-flag-typo")
        where = {"textDocument": {"uri": uri}, "position": session.position(text, text.index("--yes") + 3)}
        hover = session.request("textDocument/hover", where)
        if not hover or session.judge_answer(uri, hover):
            raise Fault(f"{name}: {hover}")
        listed = session.request("textDocument/completion", where)
        session.judge_completion(uri, where["position"], listed)
        if session.announced.get("codeActionProvider"):
            session.apply(session.code_actions(uri, typo)[0]["edit"])
            if "cli-flag-typo" in [one["code"] for one in session.diagnostics(uri)]:
                raise Fault(f"{name}: the fix does not help")
        session.close(uri)


SCENES = [every_question_is_answered, half_typed_text_is_completed, all_that_is_safe_is_mended_at_once,
          names_are_changed_in_files_that_are_not_open, refactorings_are_offered, the_workspace_is_checked, mistakes_are_shown_and_mended,
          typing_is_followed, broken_text_is_survived, other_json_is_left_alone,
          settings_and_files_change, scripts_are_answered]


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
