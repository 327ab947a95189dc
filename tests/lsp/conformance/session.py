"""A client that speaks to a server over its stdin and stdout, and judges all that it says."""

import json
import queue
import subprocess
import threading

from strict import Checker

PATIENCE = 60  # seconds, after which nothing comes any more


# What a server announces, and the methods that it answers then; by the option that has to be set for them.
METHODS = {
    "completionProvider": {"": "textDocument/completion", "resolveProvider": "completionItem/resolve"},
    "hoverProvider": {"": "textDocument/hover"},
    "signatureHelpProvider": {"": "textDocument/signatureHelp"},
    "definitionProvider": {"": "textDocument/definition"},
    "referencesProvider": {"": "textDocument/references"},
    "documentHighlightProvider": {"": "textDocument/documentHighlight"},
    "documentSymbolProvider": {"": "textDocument/documentSymbol"},
    "codeActionProvider": {"": "textDocument/codeAction", "resolveProvider": "codeAction/resolve"},
    "codeLensProvider": {"": "textDocument/codeLens", "resolveProvider": "codeLens/resolve"},
    "documentLinkProvider": {"": "textDocument/documentLink", "resolveProvider": "documentLink/resolve"},
    "renameProvider": {"": "textDocument/rename", "prepareProvider": "textDocument/prepareRename"},
    "foldingRangeProvider": {"": "textDocument/foldingRange"},
    "selectionRangeProvider": {"": "textDocument/selectionRange"},
    "inlayHintProvider": {"": "textDocument/inlayHint", "resolveProvider": "inlayHint/resolve"},
    "semanticTokensProvider": {"full": "textDocument/semanticTokens/full", "range": "textDocument/semanticTokens/range"},
    "workspaceSymbolProvider": {"": "workspace/symbol", "resolveProvider": "workspaceSymbol/resolve"},
    "diagnosticProvider": {"": "textDocument/diagnostic"},
    "executeCommandProvider": {},  # another scene, as is `workspace/diagnostic`
}


class Fault(Exception):
    """The server did what it must not do."""


class Session:
    def __init__(self, command, capabilities):
        self.capabilities = capabilities
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.incoming = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.checker = Checker()
        self.ours = Checker()
        self.documents = {}  # uri: (version, text)
        self.published = {}  # uri: the last version published since it was opened
        self.unread = []
        self.methods = set()  # the methods of all requests since somebody emptied it
        self.whole_workspace = False  # whether files that are not open are asked for, too
        self.next_id = 0
        self.encoding = "utf-16"

    # -- messages

    def _read(self):
        while header := self.server.stdout.readline():
            length = 0
            while header not in (b"\r\n", b""):
                name, value = header.split(b":")
                if name == b"Content-Length":
                    length = int(value)
                header = self.server.stdout.readline()
            self.incoming.put(json.loads(self.server.stdout.read(length)))
        self.incoming.put(None)

    def send(self, message):
        message = {"jsonrpc": "2.0", **message}
        self.checker.asked(message)
        faults = self.ours.faults(message)
        assert not faults, f"the test itself breaks the protocol: {faults}"
        body = json.dumps(message).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.server.stdin.flush()

    def receive(self):
        try:
            message = self.incoming.get(timeout=PATIENCE)
        except queue.Empty:
            raise Fault(f"nothing comes; unread: {self.unread}") from None
        if message is None:
            raise Fault("the server is gone")
        faults = self.checker.faults(message) + self.judge(message)
        if faults:
            raise Fault("\n  ".join(["bad message:", *faults, json.dumps(message)[:2000]]))
        return message

    def wait_for(self, is_it):
        for at, message in enumerate(self.unread):
            if is_it(message):
                return self.unread.pop(at)
        while True:
            message = self.receive()
            if "method" in message and "id" in message:
                self.ours.asked(message)
                self.send({"id": message["id"], "result": self.answer(message)})
            elif is_it(message):
                return message
            else:
                self.unread.append(message)

    def answer(self, request):
        if request["method"] == "workspace/configuration":
            return [None for _ in request["params"]["items"]]
        return None

    def request(self, method, params=None):
        self.next_id += 1
        self.methods.add(method)
        message = {"id": self.next_id, "method": method}
        if params is not None:
            message["params"] = params
        self.send(message)
        answer = self.wait_for(lambda it: "method" not in it and it["id"] == message["id"])
        if "error" in answer:
            raise Fault(f"{method}: {answer['error']}")
        return answer["result"]

    def notify(self, method, params=None):
        self.send({"method": method} if params is None else {"method": method, "params": params})

    def can(self, path):
        """What the client announced at that path."""
        value = self.capabilities
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value

    # -- what the shapes do not say

    def judge(self, message):
        method, params = message.get("method"), message.get("params")
        faults = []
        if method == "textDocument/publishDiagnostics":
            faults += self.judge_publication(params)
        elif method == "client/registerCapability":
            for registration in params["registrations"]:
                area, name = registration["method"].split("/")
                if not self.can(f"{area}.{name}.dynamicRegistration"):
                    faults.append(f"a registration that was not announced: {registration['method']}")
        elif method == "workspace/configuration" and not self.can("workspace.configuration"):
            faults.append("asks for settings that cannot be asked for")
        elif method == "window/workDoneProgress/create" and not self.can("window.workDoneProgress"):
            faults.append("shows progress that cannot be shown")
        return faults

    def judge_publication(self, params):
        uri, version = params["uri"], params.get("version")
        faults = []
        if self.can("textDocument.diagnostic") is not None:
            faults.append("pushes to a client that pulls")
        if uri not in self.documents:
            if params["diagnostics"] and not self.whole_workspace:
                faults.append("shows something for a document that is not open")
            if "version" in params:
                faults.append("a version of a document that is not open")
            return faults
        current, _ = self.documents[uri]
        if version is None or not self.published.get(uri, 0) <= version <= current:
            faults.append(f"version {version} after {self.published.get(uri)}, and the document has {current}")
        self.published[uri] = version
        if version == current:
            faults += self.judge_diagnostics(uri, params["diagnostics"])
        return faults

    def judge_diagnostics(self, uri, diagnostics):
        faults = []
        announced = {
            "relatedInformation": self.can("textDocument.publishDiagnostics.relatedInformation"),
            "tags": self.can("textDocument.publishDiagnostics.tagSupport"),
            "codeDescription": self.can("textDocument.publishDiagnostics.codeDescriptionSupport"),
            "data": self.can("textDocument.publishDiagnostics.dataSupport"),
        }
        for diagnostic in diagnostics:
            faults += self.judge_range(uri, diagnostic["range"])
            faults += [f"{name} is not announced" for name, yes in announced.items() if name in diagnostic and not yes]
            for related in diagnostic.get("relatedInformation") or []:
                location = related["location"]
                if location["uri"] in self.documents:
                    faults += self.judge_range(location["uri"], location["range"])
        return faults

    def unasked(self):
        """The methods about a document that the server announced and that were not asked for."""
        announced = set()
        for name, value in self.announced.items():
            if name in ("positionEncoding", "textDocumentSync", "workspace") or not value:
                continue
            if name not in METHODS:
                raise Fault(f"{name} is announced, and nothing here tests it")
            options = value if isinstance(value, dict) else {}
            announced |= {method for option, method in METHODS[name].items() if not option or options.get(option)}
        return sorted(announced - self.methods)

    def judge_range(self, uri, span):
        start, end = self.offset(uri, span["start"]), self.offset(uri, span["end"])
        if start is None or end is None:
            return [f"{span} is not in the document"]
        return [] if start <= end else [f"{span} ends before it starts"]

    def judge_edit(self, edit):
        faults = []
        if self.can("workspace.workspaceEdit.documentChanges"):
            changes = edit.get("documentChanges") or []
            files = [(change["textDocument"]["uri"], change["edits"]) for change in changes]
            for change in changes:
                uri, version = change["textDocument"]["uri"], change["textDocument"]["version"]
                if uri in self.documents and version not in (None, self.documents[uri][0]):
                    faults.append(f"an edit of version {version}")
        else:
            if "documentChanges" in edit:
                faults.append("documentChanges are not announced")
            files = list((edit.get("changes") or {}).items())
        if not files:
            faults.append("an edit without changes")
        for uri, edits in files:
            spans = []
            for one in edits:
                faults += self.judge_range(uri, one["range"])
                spans.append((self.offset(uri, one["range"]["start"]), self.offset(uri, one["range"]["end"])))
            spans.sort()
            faults += [f"edits overlap: {a}, {b}" for a, b in zip(spans, spans[1:]) if b[0] < a[1]]
        return faults

    def judge_answer(self, uri, answer):
        """Every range of an answer is in the document it is about."""
        faults = []
        if isinstance(answer, list):
            for one in answer:
                faults += self.judge_answer(uri, one)
        elif isinstance(answer, dict):
            of = answer.get("uri", answer.get("targetUri", uri))
            if isinstance(answer.get("command"), dict) and "title" not in answer["command"]:
                faults.append(f"a command without a title: {answer}")
            if set(answer) == {"start", "end"}:
                return self.judge_range(of, answer)
            for name, value in answer.items():
                if name not in ("documentation", "changes", "documentChanges") and of in self.documents:
                    faults += self.judge_answer(of, value)
        return faults

    def judge_completion(self, uri, position, answer):
        """An edit is in one line and around the cursor; what is added elsewhere does not touch it."""
        items = answer["items"] if isinstance(answer, dict) else answer
        for item in items:
            span = item["textEdit"]["range"]
            if not (span["start"]["line"] == span["end"]["line"] == position["line"]
                    and span["start"]["character"] <= position["character"] <= span["end"]["character"]):
                raise Fault(f"{item['label']} is not written at {position} but at {span}")
            spans = [span] + [edit["range"] for edit in item.get("additionalTextEdits") or []]
            spans = sorted((self.offset(uri, one["start"]), self.offset(uri, one["end"])) for one in spans)
            if any(b[0] < a[1] for a, b in zip(spans, spans[1:])):
                raise Fault(f"{item['label']}: edits overlap: {spans}")
            if item.get("insertTextFormat") == 2 and not self.can(
                    "textDocument.completion.completionItem.snippetSupport"):
                raise Fault(f"{item['label']} is a snippet")

    def judge_symbols(self, uri, symbols, around=None):
        """A symbol holds its name and its children, which do not overlap."""
        nested = self.can("textDocument.documentSymbol.hierarchicalDocumentSymbolSupport")
        if not nested:
            if any("location" not in symbol for symbol in symbols):
                raise Fault("a tree of symbols was not announced")
            return
        last = None
        for symbol in symbols:
            span = self.span(uri, symbol["range"])
            name = self.span(uri, symbol["selectionRange"])
            if not span[0] <= name[0] <= name[1] <= span[1]:
                raise Fault(f"{symbol['name']} is not in its own range")
            if around and not around[0] <= span[0] <= span[1] <= around[1]:
                raise Fault(f"{symbol['name']} is not in what it is part of")
            if last and span[0] < last[1]:
                raise Fault(f"{symbol['name']} overlaps the one before it")
            last = span
            self.judge_symbols(uri, symbol.get("children") or [], span)

    def judge_selection(self, uri, selection, position):
        at = self.offset(uri, position)
        inner = (at, at)
        while selection:
            span = self.span(uri, selection["range"])
            if not span[0] <= inner[0] <= inner[1] <= span[1]:
                raise Fault(f"{span} does not hold {inner}")
            inner, selection = span, selection.get("parent")

    def judge_tokens(self, uri, data):
        """Five numbers each, in order, each inside of its line, none over another."""
        legend = self.announced["semanticTokensProvider"]["legend"]
        if len(data) % 5 or not data:
            raise Fault(f"{len(data)} numbers are no tokens")
        lines = self.documents[uri][1].split("\n")
        line = start = end = 0
        for down, right, length, kind, modifiers in zip(*[iter(data)] * 5):
            line, start = (line + down, right) if down else (line, start + right)
            if down == 0 and start < end:
                raise Fault(f"tokens overlap in line {line}")
            end = start + length
            if line >= len(lines) or end > self.units(lines[line]) or length == 0:
                raise Fault(f"a token from {start} to {end} is not in line {line}")
            if kind >= len(legend["tokenTypes"]) or modifiers >= 1 << len(legend["tokenModifiers"]):
                raise Fault(f"a token of kind {kind}, {modifiers}")

    def span(self, uri, range):
        return self.offset(uri, range["start"]), self.offset(uri, range["end"])

    def units(self, text):
        if self.encoding == "utf-8":
            return len(text.encode())
        return len(text.encode("utf-16-le")) // 2 if self.encoding == "utf-16" else len(text)

    def offset(self, uri, position):
        """Where a position is in the text, counted in characters; None if it is nowhere."""
        _, text = self.documents[uri]
        lines = text.replace("\r\n", "\n\0").replace("\r", "\n").split("\n")
        if position["line"] >= len(lines):
            return None
        before = sum(len(line) + 1 for line in lines[: position["line"]])
        line = lines[position["line"]].removeprefix("\0")
        before += len(lines[position["line"]]) - len(line)
        for column in range(len(line) + 1):
            if self.units(line[:column]) == position["character"]:
                return before + column
        return None

    # -- what clients do

    def start(self, root):
        result = self.request("initialize", {
            "processId": None, "rootUri": root, "capabilities": self.capabilities,
            "workspaceFolders": [{"uri": root, "name": "workspace"}],
        })
        self.encoding = result["capabilities"].get("positionEncoding", "utf-16")
        offered = self.can("general.positionEncodings") or ["utf-16"]
        if self.encoding not in offered:
            raise Fault(f"{self.encoding} was not offered, but {offered}")
        self.announced = result["capabilities"]
        self.notify("initialized", {})

    def open(self, uri, language, text):
        self.documents[uri] = (1, text)
        self.published.pop(uri, None)
        self.notify("textDocument/didOpen",
                    {"textDocument": {"uri": uri, "languageId": language, "version": 1, "text": text}})

    def edit(self, uri, start, end, replacement):
        """Replaces the characters from `start` to `end`."""
        version, text = self.documents[uri]
        span = {"start": self.position(text, start), "end": self.position(text, end)}
        self.documents[uri] = (version + 1, text[:start] + replacement + text[end:])
        self.notify("textDocument/didChange", {
            "textDocument": {"uri": uri, "version": version + 1},
            "contentChanges": [{"range": span, "text": replacement}],
        })

    def position(self, text, at):
        before = text[:at]
        line = before.rfind("\n") + 1
        return {"line": before.count("\n"), "character": self.units(before[line:])}

    def close(self, uri):
        del self.documents[uri]
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def diagnostics(self, uri):
        """The diagnostics of the document as it is now, pushed or pulled as was agreed."""
        if self.can("textDocument.diagnostic") is not None:
            report = self.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
            faults = self.judge_diagnostics(uri, report["items"])
            if faults:
                raise Fault(str(faults))
            return report["items"]
        version = self.documents[uri][0]
        while True:
            message = self.wait_for(lambda it: it.get("method") == "textDocument/publishDiagnostics"
                                    and it["params"]["uri"] == uri)
            if message["params"].get("version") == version:
                return message["params"]["diagnostics"]

    def diagnostics_again(self, uri):
        """The diagnostics after something else than the document changed."""
        if self.can("textDocument.diagnostic") is not None:
            return self.diagnostics(uri)
        return self.wait_for(lambda it: it.get("method") == "textDocument/publishDiagnostics"
                             and it["params"]["uri"] == uri)["params"]["diagnostics"]

    def judge_documentation(self, listed):
        """What is handed in later is nothing but documentation, and only for clients that wait for it."""
        waits = "documentation" in (self.can("textDocument.completion.completionItem.resolveSupport.properties") or [])
        for item in (listed["items"] if isinstance(listed, dict) else listed)[:5]:
            if not waits:
                if "data" in item:
                    raise Fault(f"{item['label']} waits to be resolved")
                continue
            resolved = self.request("completionItem/resolve", item)
            resolved.pop("documentation", None)
            if resolved != item or "documentation" in item:
                raise Fault(f"{item} became {resolved}")

    def code_actions(self, uri, diagnostic):
        actions = self.request("textDocument/codeAction", {
            "textDocument": {"uri": uri}, "range": diagnostic["range"], "context": {"diagnostics": [diagnostic]},
        }) or []
        return [self.resolved(action) for action in actions]

    def resolved(self, action):
        """A code action with its edit, which is asked for if it is not there."""
        if "edit" not in action:
            if "edit" not in (self.can("textDocument.codeAction.resolveSupport.properties") or []):
                raise Fault(f"an action without an edit: {action}")
            action = self.request("codeAction/resolve", action)
        faults = self.judge_edit(action["edit"])
        if "isPreferred" in action and not self.can("textDocument.codeAction.isPreferredSupport"):
            faults.append("isPreferred is not announced")
        if faults:
            raise Fault(f"{action['title']}: {faults}")
        return action

    def apply(self, edit):
        """Applies an edit of open documents, and tells the server."""
        files = edit.get("changes") or {
            change["textDocument"]["uri"]: change["edits"] for change in edit["documentChanges"]}
        for uri, edits in files.items():
            spans = [(self.offset(uri, one["range"]["start"]), self.offset(uri, one["range"]["end"]), one["newText"])
                     for one in edits]
            # From the end, so that offsets stay true; of insertions at one place the last goes first.
            for start, end, text in sorted(reversed(spans), key=lambda span: span[:2], reverse=True):
                self.edit(uri, start, end, text)

    def stop(self):
        self.request("shutdown")
        self.notify("exit")
        code = self.server.wait(timeout=PATIENCE)
        if code != 0:
            raise Fault(f"exit code {code}")
        leftovers = [it for it in self.unread if it.get("method") != "textDocument/publishDiagnostics"]
        if leftovers:
            raise Fault(f"unasked for: {leftovers}")
