//! The functions that have a value for us. Every other call is unknown, but equal to another call with the same arguments.

use std::rc::Rc;

use smallvec::SmallVec;

use crate::Name;
use crate::condition::{Atom, Conditions, Split};
use crate::eval::{Evaluator, Locals, MAX_TEXT, Place, is_empty, is_long, truth};
use crate::expr::Call;
use crate::value::{
    ArrayValue, Element, Entry, LambdaValue, Lazy, ObjectValue, Occurs, Piece, Str, Value, Values, Why,
};

impl Evaluator<'_> {
    pub(crate) fn call(&self, place: Place, call: &Call, locals: &Locals) -> Values {
        let scope = place.scope;
        let at = Some(place);
        let argument = |number: usize| call.arguments.get(number).map(|&expr| self.eval(scope, expr, locals));
        let unknown = || self.unknown_at(place, Why::Function, locals);
        if call.receiver.is_some() {
            return unknown(); // kv.getSecret('x'), listKeys of a symbol: known to the service alone
        }
        let function = call.function.as_str().to_ascii_lowercase();
        match (function.as_str(), call.arguments.len()) {
            (
                "resourceid"
                | "subscriptionresourceid"
                | "tenantresourceid"
                | "managementgroupresourceid"
                | "extensionresourceid",
                _,
            ) => self.resource_id_call(place, &function, &call.arguments, locals),
            ("reference", _) => self.reference_call(place, &call.arguments, locals),
            ("resourceinfo", 1) => self.with(argument(0).as_deref(), place, locals, |value| match value {
                Value::Str(text) => match self.referenced(text, place) {
                    Some(crate::value::Target::Declared(resource)) => {
                        Some(Values::always(Value::Resource(resource), at))
                    }
                    _ => None,
                },
                _ => None,
            }),
            ("empty", 1) => match argument(0) {
                Some(values) => truth(self.split_empty(&values, place), place),
                None => unknown(),
            },
            ("contains", 2) => self.contains(place, call, locals),
            ("union" | "shallowmerge", _) => self.union(place, call, locals, function == "union"),
            ("concat", _) => self.concat(place, call, locals),
            ("array", 1) => self.with(argument(0).as_deref(), place, locals, |value| {
                if matches!(value, Value::Array(_) | Value::Unknown(_)) {
                    return matches!(value, Value::Array(_)).then(|| Values::always(value.clone(), at));
                }
                let element = Rc::new(Values::always(value.clone(), at));
                Some(array_of(vec![once(Lazy::Ready(element))], place))
            }),
            ("length", 1) => self.with(argument(0).as_deref(), place, locals, |value| {
                let length = match value {
                    Value::Array(array) => array.length(),
                    Value::Object(object) => (object.is_closed()
                        && object.entries.iter().all(|entry| entry.when.is_true()))
                    .then_some(object.entries.len()),
                    Value::Str(text) => text.literal().map(|text| text.chars().count()),
                    _ => None,
                };
                Some(Values::always(Value::Int(i64::try_from(length?).ok()?), at))
            }),
            ("range", 2) => {
                let number = |number| match argument(number).as_deref().and_then(Values::single) {
                    Some(&Value::Int(number)) => Some(number),
                    _ => None,
                };
                match (number(0), number(1)) {
                    (Some(start), Some(count)) if (0..=1000).contains(&count) => {
                        let element = |number| once(Lazy::Ready(Rc::new(Values::always(Value::Int(number), at))));
                        array_of((start..start.saturating_add(count)).map(element).collect(), place)
                    }
                    _ => unknown(),
                }
            }
            ("first" | "last", 1) => self.with(argument(0).as_deref(), place, locals, |value| match value {
                Value::Array(array) if array.length() == Some(0) => Some(Values::always(Value::Null, at)),
                Value::Array(array) => {
                    let last = || array.length().and_then(|length| length.checked_sub(1));
                    let position = if function == "first" { Some(0) } else { last() };
                    Some(self.element(array, position, false, place, locals))
                }
                _ => None,
            }),
            ("flatten", 1) => self.with(argument(0).as_deref(), place, locals, |value| match value {
                Value::Array(outer) => {
                    let mut elements = Vec::new();
                    for element in &outer.elements {
                        let mut inner = Vec::new();
                        self.extend_array(&mut inner, &self.force(&element.value));
                        for inner in inner {
                            let occurs = if element.occurs == Occurs::Once { inner.occurs } else { Occurs::AnyTimes };
                            elements.extend(self.and(&element.when, &inner.when).map(|when| Element {
                                when,
                                occurs,
                                ..inner
                            }));
                        }
                    }
                    Some(array_of(elements, place))
                }
                _ => None,
            }),
            ("items", 1) => self.with(argument(0).as_deref(), place, locals, |value| match value {
                Value::Object(object) => Some(items(object, place)),
                _ => None,
            }),
            ("objectkeys", 1) => self.with(argument(0).as_deref(), place, locals, |value| match value {
                Value::Object(object) if object.is_closed() => {
                    let element = |entry: &Entry| {
                        let key = Value::Str(entry.key.clone().unwrap_or_default());
                        Element { when: entry.when.clone(), ..once(Lazy::Ready(Rc::new(Values::always(key, at)))) }
                    };
                    Some(array_of(object.entries.iter().map(element).collect(), place))
                }
                _ => None,
            }),
            ("map" | "filter" | "sort", 2) => {
                self.over(place, argument(0).as_deref(), argument(1).as_deref(), locals, |lambda, element, index| {
                    let inner = self.bind_all(lambda, &[self.force(&element.value), index]);
                    match function.as_str() {
                        "map" => vec![Element {
                            value: Lazy::Expr { scope: lambda.scope, expr: lambda.body, locals: inner },
                            ..element.clone()
                        }],
                        "filter" => {
                            let yes = self.split(lambda.scope, lambda.body, &inner).yes;
                            let kept = yes.iter().filter_map(|yes| self.and(&element.when, yes));
                            kept.map(|when| Element { when, ..element.clone() }).collect()
                        }
                        _ => vec![element.clone()],
                    }
                })
            }
            ("reduce", 3) => {
                self.reduce(place, argument(0).as_deref(), argument(1).as_deref(), argument(2).as_deref(), locals)
            }
            ("toobject", 2 | 3) => {
                self.to_object(place, argument(0).as_deref(), argument(1).as_deref(), argument(2).as_deref(), locals)
            }
            ("tolower" | "toupper" | "trim", 1) => {
                self.with(argument(0).as_deref(), place, locals, |value| match value {
                    Value::Str(text) => {
                        let mut changed = Str::default();
                        for piece in text.pieces() {
                            changed.push(match piece {
                                Piece::Text(known) if function == "tolower" => Piece::Text(known.to_lowercase().into()),
                                Piece::Text(known) if function == "toupper" => Piece::Text(known.to_uppercase().into()),
                                Piece::Text(known) if text.literal().is_some() => Piece::Text(known.trim().into()),
                                other => other.clone(),
                            });
                        }
                        Some(Values::always(Value::Str(changed), at))
                    }
                    Value::Unknown(_) | Value::Read(_) => Some(Values::always(value.clone(), at)),
                    _ => None,
                })
            }
            ("string", 1) => self.with(argument(0).as_deref(), place, locals, |value| {
                let text = matches!(
                    value,
                    Value::Str(_) | Value::Int(_) | Value::Bool(_) | Value::Unknown(_) | Value::Read(_)
                );
                text.then(|| Values::always(Value::Str(self.to_text(value, place)), at))
            }),
            ("bool", 1) => self.with(argument(0).as_deref(), place, locals, |value| match value {
                Value::Bool(_) => Some(Values::always(value.clone(), at)),
                Value::Str(text) => match text.literal()?.to_ascii_lowercase().as_str() {
                    "true" => Some(Values::always(Value::Bool(true), at)),
                    "false" => Some(Values::always(Value::Bool(false), at)),
                    _ => None,
                },
                _ => None,
            }),
            ("startswith" | "endswith", 2) => {
                let text = |number| argument(number).as_deref().and_then(Values::literal).map(str::to_lowercase);
                match (text(0), text(1)) {
                    (Some(text), Some(part)) => {
                        let holds =
                            if function == "startswith" { text.starts_with(&part) } else { text.ends_with(&part) };
                        Values::always(Value::Bool(holds), at)
                    }
                    _ => unknown(),
                }
            }
            ("split", 2) => {
                let separator = argument(1);
                match separator.as_deref().and_then(Values::literal) {
                    Some(separator) if !separator.is_empty() => {
                        self.with(argument(0).as_deref(), place, locals, |value| {
                            let parts = value.literal()?.split(separator);
                            let element =
                                |part| once(Lazy::Ready(Rc::new(Values::always(Value::Str(Str::text(part)), at))));
                            Some(array_of(parts.map(element).collect(), place))
                        })
                    }
                    _ => unknown(),
                }
            }
            ("replace", 3) => {
                let text = |number| argument(number).as_deref().and_then(Values::literal).map(str::to_owned);
                match (text(1), text(2)) {
                    (Some(from), Some(to)) if !from.is_empty() => {
                        self.with(argument(0).as_deref(), place, locals, |value| {
                            let text = value.literal()?;
                            let grown = text.matches(&from).count().saturating_mul(to.len());
                            (grown <= MAX_TEXT)
                                .then(|| Values::always(Value::Str(Str::text(&text.replace(&from, &to))), at))
                        })
                    }
                    _ => unknown(),
                }
            }
            ("join", 2) => self.join_texts(place, argument(0).as_deref(), argument(1).as_deref(), locals),
            ("min" | "max", _) | ("int", 1) => self.with(argument(0).as_deref(), place, locals, |value| match value {
                Value::Int(_) if function == "int" => Some(Values::always(value.clone(), at)),
                Value::Str(text) if function == "int" => {
                    Some(Values::always(Value::Int(text.literal()?.trim().parse().ok()?), at))
                }
                _ => None,
            }),
            ("loadtextcontent" | "loadjsoncontent" | "loadyamlcontent", 1 | 2) => {
                self.load(place, call, &function).unwrap_or_else(unknown)
            }
            _ => self.user_function(place, call, locals).unwrap_or_else(unknown),
        }
    }

    /// The function of each alternative; where it gives nothing, the call is unknown.
    fn with(
        &self,
        values: Option<&Values>,
        place: Place,
        locals: &Locals,
        f: impl Fn(&Value) -> Option<Values>,
    ) -> Values {
        match values {
            Some(values) => {
                self.flat_map(values, |value| f(value).unwrap_or_else(|| self.unknown_at(place, Why::Function, locals)))
            }
            None => self.unknown_at(place, Why::Function, locals),
        }
    }

    fn split_empty(&self, values: &Values, place: Place) -> Split {
        let mut all = Split { yes: Vec::new(), no: Vec::new() };
        for alternative in values.iter() {
            let one = match is_empty(&alternative.value) {
                Some(known) => Split::known(known),
                None => {
                    let canon = self.canon_of_value(&alternative.value, alternative.place);
                    let canon = self.empty_with(canon);
                    Split::atom(self.atom_id(Atom::Empty(canon), alternative.place.unwrap_or(place)))
                }
            };
            all.yes.extend(one.yes.iter().filter_map(|when| self.and(&alternative.when, when)));
            all.no.extend(one.no.iter().filter_map(|when| self.and(&alternative.when, when)));
        }
        all
    }

    fn contains(&self, place: Place, call: &Call, locals: &Locals) -> Values {
        let container = self.eval(place.scope, call.arguments[0], locals);
        let item = self.eval(place.scope, call.arguments[1], locals);
        let mut all = Split { yes: Vec::new(), no: Vec::new() };
        for alternative in container.iter() {
            let one = self.contains_one(&alternative.value, &item, place);
            let one = one.unwrap_or_else(|| {
                let canon = self.canon(place.scope, place.expr, locals);
                Split::atom(self.atom_id(Atom::Holds(canon), place))
            });
            all.yes.extend(one.yes.iter().filter_map(|when| self.and(&alternative.when, when)));
            all.no.extend(one.no.iter().filter_map(|when| self.and(&alternative.when, when)));
        }
        truth(all, place)
    }

    fn contains_one(&self, container: &Value, item: &Values, place: Place) -> Option<Split> {
        let item = item.literal()?;
        match container {
            Value::Object(object) => {
                let found = self.lookup(object, item, place);
                let mut split = Split { yes: Vec::new(), no: Vec::new() };
                for alternative in found.iter() {
                    match &alternative.value {
                        Value::Unknown(_) if !object.is_closed() => return None,
                        // Written as null is contained, not written is not: only the latter has no place.
                        Value::Null if alternative.place.is_none() => split.no.push(alternative.when.clone()),
                        _ => split.yes.push(alternative.when.clone()),
                    }
                }
                Some(split)
            }
            Value::Array(array) => {
                let mut all_known = array.length().is_some();
                for element in &array.elements {
                    match self.force(&element.value).literal() {
                        Some(text) if text == item && element.occurs == Occurs::Once && element.when.is_true() => {
                            return Some(Split::known(true));
                        }
                        Some(text) if text == item => all_known = false,
                        Some(_) => {}
                        None => all_known = false,
                    }
                }
                all_known.then(|| Split::known(false))
            }
            Value::Str(text) => match text.literal() {
                Some(text) => Some(Split::known(text.contains(item))),
                None => {
                    let found = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains(item));
                    text.pieces().iter().any(found).then(|| Split::known(true))
                }
            },
            _ => None,
        }
    }

    fn union(&self, place: Place, call: &Call, locals: &Locals, deep: bool) -> Values {
        let arguments: Vec<Rc<Values>> = if deep {
            call.arguments.iter().map(|&expr| self.eval(place.scope, expr, locals)).collect()
        } else {
            match call.arguments.first().map(|&expr| self.eval(place.scope, expr, locals)) {
                Some(list) => match list.single() {
                    Some(Value::Array(array)) if array.length().is_some() => {
                        array.elements.iter().map(|element| self.force(&element.value)).collect()
                    }
                    _ => return self.unknown_at(place, Why::Function, locals),
                },
                None => return self.unknown_at(place, Why::Function, locals),
            }
        };
        let any = |test: fn(&Value) -> bool| arguments.iter().any(|values| values.iter().any(|one| test(&one.value)));
        if any(|value| matches!(value, Value::Array(_))) {
            // Of equal elements one stays; which are equal is known only for literals.
            let mut elements: Vec<Element> = Vec::new();
            let mut seen: Vec<String> = Vec::new();
            for values in &arguments {
                let mut more = Vec::new();
                self.extend_array(&mut more, values);
                for element in more {
                    if let Some(text) = self.force(&element.value).literal() {
                        if seen.iter().any(|known| known == text) {
                            continue;
                        }
                        if element.when.is_true() {
                            seen.push(text.to_owned());
                        }
                    }
                    elements.push(element);
                }
            }
            return array_of(elements, place);
        }
        if !any(|value| matches!(value, Value::Object(_))) {
            return self.unknown_at(place, Why::Function, locals);
        }
        let mut entries = Vec::new();
        for (number, values) in arguments.iter().enumerate() {
            self.extend_object(&mut entries, values, deep && number > 0);
        }
        Values::always(Value::Object(Rc::new(ObjectValue::new(entries, None, false))), Some(place))
    }

    /// `concat` of arrays; that of texts is an interpolation, unless no argument shows that it is one.
    fn concat(&self, place: Place, call: &Call, locals: &Locals) -> Values {
        let arguments: Vec<Rc<Values>> =
            call.arguments.iter().map(|&expr| self.eval(place.scope, expr, locals)).collect();
        let any = |test: fn(&Value) -> bool| arguments.iter().any(|values| values.iter().any(|one| test(&one.value)));
        if any(|value| matches!(value, Value::Array(_))) {
            let mut elements = Vec::new();
            for values in &arguments {
                self.extend_array(&mut elements, values);
            }
            return array_of(elements, place);
        }
        if !any(|value| matches!(value, Value::Str(_))) {
            return self.unknown_at(place, Why::Function, locals);
        }
        let mut text = Str::default();
        for (values, &expr) in arguments.iter().zip(&call.arguments) {
            match values.single() {
                Some(value) => text.extend(&self.to_text(value, Place { expr, ..place })),
                None => {
                    let canon = self.canon(place.scope, expr, locals);
                    let why = Why::TooMuch;
                    text.push(Piece::Unknown(crate::value::Unknown {
                        canon,
                        why,
                        place: Some(Place { expr, ..place }),
                    }));
                }
            }
            if is_long(&text) {
                return self.too_much(place);
            }
        }
        Values::always(Value::Str(text), Some(place))
    }

    fn join_texts(&self, place: Place, list: Option<&Values>, separator: Option<&Values>, locals: &Locals) -> Values {
        let separator = separator.and_then(Values::literal).map(str::to_owned);
        self.with(list, place, locals, |value| match (value, &separator) {
            (Value::Array(array), Some(separator)) if array.length().is_some() => {
                let mut text = Str::default();
                for (number, element) in array.elements.iter().enumerate() {
                    if number > 0 {
                        text.push(Piece::Text(separator.as_str().into()));
                    }
                    text.extend(&self.to_text(self.force(&element.value).single()?, place));
                    if is_long(&text) {
                        return None;
                    }
                }
                Some(Values::always(Value::Str(text), Some(place)))
            }
            _ => None,
        })
    }

    /// A new array from every element of a list and a lambda.
    fn over(
        &self,
        place: Place,
        list: Option<&Values>,
        lambda: Option<&Values>,
        locals: &Locals,
        each: impl Fn(&LambdaValue, &Element, Rc<Values>) -> Vec<Element>,
    ) -> Values {
        let Some(Value::Lambda(lambda)) = lambda.and_then(Values::single).cloned() else {
            return self.unknown_at(place, Why::Function, locals);
        };
        self.with(list, place, locals, |value| {
            let elements = match value {
                Value::Array(array) if array.elements.len() <= 256 => array.elements.clone(),
                Value::Unknown(_) => {
                    vec![Element {
                        when: Conditions::TRUE,
                        value: Lazy::Ready(self.any_element(place)),
                        occurs: Occurs::AnyTimes,
                    }]
                }
                _ => return None,
            };
            let mut all = Vec::new();
            for (number, element) in (0..).zip(&elements) {
                let index = match element.occurs {
                    Occurs::Once => Rc::new(Values::always(Value::Int(number), Some(place))),
                    Occurs::AnyTimes | Occurs::Rest => self.any_element(place),
                };
                let element = match element.occurs {
                    Occurs::Rest => Element {
                        value: Lazy::Ready(self.any_element(place)),
                        occurs: Occurs::AnyTimes,
                        when: element.when.clone(),
                    },
                    Occurs::Once | Occurs::AnyTimes => element.clone(),
                };
                all.extend(each(&lambda, &element, index));
            }
            Some(array_of(all, place))
        })
    }

    fn reduce(
        &self,
        place: Place,
        list: Option<&Values>,
        initial: Option<&Values>,
        lambda: Option<&Values>,
        locals: &Locals,
    ) -> Values {
        let Some(Value::Lambda(lambda)) = lambda.and_then(Values::single).cloned() else {
            return self.unknown_at(place, Why::Function, locals);
        };
        let Some(initial) = initial else {
            return self.unknown_at(place, Why::Function, locals);
        };
        self.with(list, place, locals, |value| match value {
            Value::Array(array) if array.elements.len() <= 64 => {
                let mut current = Rc::new(initial.clone());
                for element in &array.elements {
                    // With an element that is there or not, or any number of times, the result is not known.
                    if element.occurs != Occurs::Once || !element.when.is_true() {
                        return None;
                    }
                    let inner = self.bind_all(&lambda, &[current, self.force(&element.value)]);
                    current = self.eval(lambda.scope, lambda.body, &inner);
                }
                Some(Values::clone(&current))
            }
            _ => None,
        })
    }

    fn to_object(
        &self,
        place: Place,
        list: Option<&Values>,
        key: Option<&Values>,
        value: Option<&Values>,
        locals: &Locals,
    ) -> Values {
        let lambda = |values: Option<&Values>| match values.and_then(Values::single) {
            Some(Value::Lambda(lambda)) => Some(lambda.clone()),
            _ => None,
        };
        let Some(key) = lambda(key) else {
            return self.unknown_at(place, Why::Function, locals);
        };
        let value = lambda(value);
        self.with(list, place, locals, |list| match list {
            Value::Array(array) if array.elements.len() <= 256 => {
                let mut entries = Vec::new();
                for element in &array.elements {
                    let item = self.force(&element.value);
                    if element.occurs != Occurs::Once {
                        entries.push(Entry { when: element.when.clone(), ..ObjectValue::rest(element.value.clone()) });
                        continue;
                    }
                    let made = match &value {
                        Some(lambda) => {
                            let locals = self.bind_all(lambda, std::slice::from_ref(&item));
                            Lazy::Expr { scope: lambda.scope, expr: lambda.body, locals }
                        }
                        None => Lazy::Ready(item.clone()),
                    };
                    let keys = self.eval(key.scope, key.body, &self.bind_all(&key, &[item]));
                    for alternative in keys.iter() {
                        if let Some(when) = self.and(&element.when, &alternative.when) {
                            let key = Some(self.to_text(&alternative.value, place));
                            entries.push(Entry { when, key, value: made.clone(), merges: false, property: None });
                        }
                    }
                }
                let object = ObjectValue::new(entries, None, false);
                Some(Values::always(Value::Object(Rc::new(object)), Some(place)))
            }
            _ => None,
        })
    }

    fn user_function(&self, place: Place, call: &Call, locals: &Locals) -> Option<Values> {
        let (scope, function) = self.function_of(place.scope, &call.function)?;
        let mut inner = None;
        let pairs: SmallVec<[(&Name, Rc<Values>); 4]> = function
            .parameters
            .iter()
            .zip(&call.arguments)
            .map(|(name, &argument)| (name, self.eval(place.scope, argument, locals)))
            .collect();
        for (name, value) in pairs {
            inner = Some(self.bind(name, value, inner));
        }
        Some(Values::clone(&self.eval(scope, function.body, &inner)))
    }

    /// The variables of a lambda, with what it is called with.
    fn bind_all(&self, lambda: &LambdaValue, values: &[Rc<Values>]) -> Locals {
        let mut locals = lambda.locals.clone();
        for (name, value) in lambda.parameters.iter().zip(values) {
            locals = Some(self.bind(name, value.clone(), locals));
        }
        locals
    }
}

/// `{ key, value }` of every member.
fn items(object: &Rc<ObjectValue>, place: Place) -> Values {
    let at = Some(place);
    let element = |entry: &Entry| {
        let Some(key) = &entry.key else {
            return Element { when: entry.when.clone(), value: entry.value.clone(), occurs: Occurs::Rest };
        };
        let member = |name: &str, value| Entry {
            when: Conditions::TRUE,
            key: Some(Str::text(name)),
            value,
            merges: false,
            property: entry.property,
        };
        let key = Lazy::Ready(Rc::new(Values::always(Value::Str(key.clone()), at)));
        let entries = vec![member("key", key), member("value", entry.value.clone())];
        let object = Value::Object(Rc::new(ObjectValue::new(entries, None, false)));
        Element { when: entry.when.clone(), ..once(Lazy::Ready(Rc::new(Values::always(object, at)))) }
    };
    array_of(object.entries.iter().map(element).collect(), place)
}

fn once(value: Lazy) -> Element {
    Element { when: Conditions::TRUE, value, occurs: Occurs::Once }
}

fn array_of(elements: Vec<Element>, place: Place) -> Values {
    Values::always(Value::Array(Rc::new(ArrayValue { elements })), Some(place))
}
