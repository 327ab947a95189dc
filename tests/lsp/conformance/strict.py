"""Compares messages with the protocol, more strictly than editors do: no unknown members, no wrong kinds of JSON, no
`null` for what may only be left out. The protocol is read off the classes of `lsprotocol`."""

import collections.abc
import enum
import types
import typing

import attrs
from lsprotocol import types as protocol

# Members that may be null besides being left out.
MAY_BE_NULL = {"result", "id", "processId", "rootUri", "rootPath", "workspaceFolders", "data", "version"}
LISTS = (list, tuple, collections.abc.Sequence)
MAPS = (dict, collections.abc.Mapping)


class Checker:
    """Checks the messages of one direction of one session. Answers are checked against what was asked for."""

    def __init__(self):
        self.expected = {}

    def asked(self, message):
        """A request went the other way."""
        if "id" in message and "method" in message:
            self.expected[message["id"]] = protocol.METHOD_TO_TYPES.get(message["method"], (None, None))[1]

    def faults(self, message):
        """What is wrong with a message, in words."""
        if message.get("jsonrpc") != "2.0":
            return ["no JSON-RPC 2.0"]
        if "method" in message:
            shape = protocol.METHOD_TO_TYPES.get(message["method"])
            if shape is None:
                return [f"unknown method {message['method']}"]
            return compare(message, shape[0], message["method"])
        if message.get("id") not in self.expected:
            return [f"an answer to a question that nobody asked: {message.get('id')}"]
        shape = self.expected.pop(message["id"])
        if "error" in message:
            error = message["error"]
            faults = [] if "result" not in message else ["both a result and an error"]
            if type(error.get("code")) is not int or type(error.get("message")) is not str:
                faults.append(f"a malformed error: {error}")
            return faults + [f"error has the unknown member {name}" for name in set(error) - {"code", "message", "data"}]
        if "result" not in message:
            return ["neither a result nor an error"]
        return compare(message, shape, shape.__name__) if shape else []


def compare(value, shape, path):
    if isinstance(shape, typing.ForwardRef):
        shape = shape.__forward_arg__
    if isinstance(shape, str):
        shape = getattr(protocol, shape)
    if shape is typing.Any or shape is object:
        return []
    origin, arguments = typing.get_origin(shape), typing.get_args(shape)
    if origin in (typing.Union, types.UnionType):
        return alternatives(value, arguments, path)
    if origin is typing.Literal:
        return [] if value in arguments else [f"{path} is {value!r}, not one of {arguments}"]
    if origin in LISTS:
        if not isinstance(value, list):
            return [f"{path} is no array"]
        if origin is tuple and Ellipsis not in arguments:
            if len(value) != len(arguments):
                return [f"{path} has {len(value)} items, not {len(arguments)}"]
            pairs = zip(value, arguments)
        else:
            pairs = ((item, arguments[0]) for item in value)
        return [fault for at, (item, of) in enumerate(pairs) for fault in compare(item, of, f"{path}[{at}]")]
    if origin in MAPS:
        if not isinstance(value, dict):
            return [f"{path} is no object"]
        return [fault for name, item in value.items() for fault in compare(item, arguments[1], f"{path}.{name}")]
    if shape is None or shape is type(None):
        return [] if value is None else [f"{path} is not null"]
    if isinstance(shape, type) and issubclass(shape, enum.Enum):
        return enumeration(value, shape, path)
    if attrs.has(shape):
        return structure(value, shape, path)
    return plain(value, shape, path)


def alternatives(value, shapes, path):
    """The faults of the alternative with the fewest."""
    return min((compare(value, shape, path) for shape in shapes), key=len)


def enumeration(value, shape, path):
    if isinstance(value, bool) or type(value) not in (int, str):
        return [f"{path} is {value!r}, no {shape.__name__}"]
    known = [member.value for member in shape]
    # Words may be added by anybody, numbers may not.
    is_open = issubclass(shape, str) and isinstance(value, str)
    return [] if value in known or is_open else [f"{path} is {value!r}, no {shape.__name__}"]


def plain(value, shape, path):
    if shape is bool:
        fits = isinstance(value, bool)
    elif shape is int:
        fits = type(value) is int and -(2**31) <= value < 2**31
        if fits and value < 0 and path.rsplit(".", 1)[-1] in ("line", "character"):
            fits = False
    elif shape is float:
        fits = type(value) in (int, float)
    elif shape is str:
        fits = isinstance(value, str)
    else:
        raise TypeError(f"{path}: a shape of unknown kind: {shape!r}")
    return [] if fits else [f"{path} is {value!r}, no {shape.__name__}"]


_members = {}


def members(shape):
    if shape not in _members:
        attrs.resolve_types(shape)
        _members[shape] = {camel(field.name): field for field in attrs.fields(shape)}
    return _members[shape]


def camel(name):
    head, *tail = name.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in tail)


def structure(value, shape, path):
    if not isinstance(value, dict):
        return [f"{path} is no object"]
    known = members(shape)
    faults = [f"{path} has the unknown member {name}" for name in value if name not in known]
    for name, field in known.items():
        if name not in value:
            if field.default is attrs.NOTHING:
                faults.append(f"{path} has no {name}")
        elif value[name] is None and field.default is None and name not in MAY_BE_NULL:
            faults.append(f"{path}.{name} is null instead of left out")
        else:
            faults += compare(value[name], field.type, f"{path}.{name}")
    return faults
