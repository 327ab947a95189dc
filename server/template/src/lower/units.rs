//! Lowering once more after an edit: what the edit left alone is taken over from the template of the old text.
//!
//! A template is lowered declaration by declaration, and what one of them gives lies together in each list of the
//! template: a [`Unit`]. A declaration that is written as it was gives the same again, but for where it is, unless it says
//! something else now in the light of the others: which ones that may be is for the languages to know. So units are moved to
//! their new places, and only the rest is lowered. The result is the one that lowering everything gives, to the last id.

use std::ops::Range;
use std::vec::IntoIter;

use rustc_hash::FxHashMap;
use syntax::{SameEnds, SyntaxError};
use text_size::{TextRange, TextSize};

use crate::Name;
use crate::expr::Node;
use crate::model::{
    Assignment, Function, Identifier, Import, Insertion, Module, Output, Parameter, Resource, Template,
    TypeDeclaration, Variable,
};
use crate::shift::{Shift, Shifted};

/// The units of a template, and what else has to be known to take them over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Units {
    /// In the order they were lowered.
    list: Vec<Unit>,
    /// Resources whose parent was found when all were there, with the types they had before; by index, in order.
    pub(super) linked: Vec<(u32, Option<Box<str>>)>,
    /// JSON: a bracket may be missing somewhere, which decides what belongs to an object.
    pub(super) is_broken: bool,
}

/// A declaration at the top of the file, with all that is in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) sort: Sort,
    /// Where it is written.
    range: TextRange,
    /// How long the lists were before it was lowered.
    start: Marks,
    /// Nothing is missing in it, and nothing in it depends on what others say.
    pub(super) is_whole: bool,
}

/// What a unit declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Parameter,
    Variable,
    Function,
    Resource,
    Module,
    Output,
    Type,
    /// What says something about the file as a whole.
    Head,
    /// What is lowered to nothing.
    Nothing,
}

/// Lengths of the lists of a template.
#[derive(Clone, Copy, Debug)]
struct Marks {
    exprs: u32,
    parameters: u32,
    variables: u32,
    functions: u32,
    resources: u32,
    modules: u32,
    outputs: u32,
    types: u32,
    imports: u32,
    assignments: u32,
    errors: u32,
}

impl Marks {
    fn of(template: &Template, errors: &[SyntaxError]) -> Self {
        let mark = |len: usize| u32::try_from(len).expect("a text of at most 4 GiB declares less than that");
        Self {
            exprs: mark(template.exprs.len()),
            parameters: mark(template.parameters.len()),
            variables: mark(template.variables.len()),
            functions: mark(template.functions.len()),
            resources: mark(template.resources.len()),
            modules: mark(template.modules.len()),
            outputs: mark(template.outputs.len()),
            types: mark(template.types.len()),
            imports: mark(template.imports.len()),
            assignments: mark(template.assignments.len()),
            errors: mark(errors.len()),
        }
    }
}

/// The template of a text before it was edited, on its way into that of the new text.
pub(super) struct Old {
    ends: SameEnds,
    units: Vec<Unit>,
    by_start: FxHashMap<TextSize, u32>,
    /// Behind the last unit.
    end: Marks,
    /// What [`Units`] said.
    pub(super) was_broken: bool,
    /// As many units are where they were: the lists of the new template begin with them. Then come those of `rest`.
    kept: usize,
    rest: Option<Rest>,
}

impl Old {
    /// The template to go on with, which for now has everything in it, and what is to be done with it. `ends` is what the
    /// texts have in common.
    pub(super) fn new(mut template: Template, ends: SameEnds) -> (Template, Self) {
        for (index, own_type) in std::mem::take(&mut template.units.linked) {
            let resource = &mut template.resources[index as usize];
            resource.parent = None;
            resource.resource_type = own_type;
        }
        template.names = FxHashMap::default();
        template.using = None;
        template.insertion = Insertion::default();
        let Units { list: units, is_broken: was_broken, .. } = std::mem::take(&mut template.units);
        let by_start = (0..).zip(&units).map(|(index, unit)| (unit.range.start(), index)).collect();
        let end = Marks::of(&template, &template.expression_errors);
        (template, Self { ends, units, by_start, end, was_broken, kept: 0, rest: None })
    }

    /// The unit that was written where this range of the new text is, if all of it is as it was.
    pub(super) fn find(&self, range: TextRange) -> Option<u32> {
        let old = self.ends.old_place(range)?;
        let index = *self.by_start.get(&old.start())?;
        (self.units[index as usize].range == old).then_some(index)
    }

    pub(super) fn unit(&self, index: u32) -> &Unit {
        &self.units[index as usize]
    }

    /// Those that are none of these, which are in order.
    pub(super) fn others(&self, but: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut but = but.peekable();
        (0..).take(self.units.len()).filter(|index| but.next_if_eq(index).is_none()).collect()
    }

    /// The name by which the rest of a Bicep file knows what a unit declares. Only before anything is lowered.
    pub(super) fn name<'t>(&self, template: &'t Template, index: u32) -> Option<&'t Name> {
        debug_assert!(self.kept == 0 && self.rest.is_none(), "everything is still where it was");
        let (start, end) = self.bounds(index);
        let symbol = |symbol: &'t Option<Identifier>| symbol.as_ref().map(|symbol| &symbol.name);
        let parameter = || Some(&template.parameters[span(start.parameters, end.parameters)].first()?.name);
        let variable = || Some(&template.variables[span(start.variables, end.variables)].first()?.name);
        let function = || Some(&template.functions[span(start.functions, end.functions)].first()?.name);
        let resource = || symbol(&template.resources[span(start.resources, end.resources)].first()?.symbol);
        let module = || symbol(&template.modules[span(start.modules, end.modules)].first()?.symbol);
        let assignment = || Some(&template.assignments[span(start.assignments, end.assignments)].first()?.name.name);
        match self.units[index as usize].sort {
            // In a parameter file it assigns one.
            Sort::Parameter => parameter().or_else(assignment),
            Sort::Variable => variable(),
            Sort::Function => function(),
            Sort::Resource => resource(),
            Sort::Module => module(),
            Sort::Output | Sort::Type | Sort::Head | Sort::Nothing => None,
        }
    }

    fn bounds(&self, index: u32) -> (Marks, Marks) {
        let index = index as usize;
        (self.units[index].start, self.units.get(index + 1).map_or(self.end, |next| next.start))
    }

    /// What a unit was lowered to: its expressions and its modules, and by how many bytes they move if it is written at this
    /// range now. Only for units that are not taken over yet.
    pub(super) fn lowered<'o>(
        &'o self,
        template: &'o Template,
        index: u32,
        range: TextRange,
    ) -> (&'o [Node], &'o [Module], Shift) {
        let (start, end) = self.bounds(index);
        let (exprs, modules) = match &self.rest {
            Some(rest) => (
                &rest.exprs.as_slice()[span(start.exprs - rest.at.exprs, end.exprs - rest.at.exprs)],
                &rest.modules.as_slice()[span(start.modules - rest.at.modules, end.modules - rest.at.modules)],
            ),
            None => (
                template.exprs.nodes(span(start.exprs, end.exprs)),
                &template.modules[span(start.modules, end.modules)],
            ),
        };
        (exprs, modules, Shift { bytes: self.moved(index, range), ..Shift::default() })
    }

    /// By how many bytes a unit moves that is written at this range now, wrapping.
    fn moved(&self, index: u32, range: TextRange) -> u32 {
        u32::from(range.start()).wrapping_sub(self.units[index as usize].range.start().into())
    }

    /// Takes over a unit that is written at this range now. Units are taken over in the order they have.
    pub(super) fn keep(
        &mut self,
        index: u32,
        range: TextRange,
        template: &mut Template,
        errors: &mut Vec<SyntaxError>,
    ) {
        let unit = self.units[index as usize];
        if self.rest.is_none() && self.kept == index as usize && unit.range == range {
            template.units.list.push(unit);
            self.kept += 1;
            return;
        }
        let (from, to) = self.bounds(index);
        let bytes = self.moved(index, range);
        let rest = self.make_room(template, errors);
        template.units.list.push(Unit { range, start: Marks::of(template, errors), ..unit });
        rest.take(from, to, bytes, template, errors);
    }

    /// Takes out of the template what is not taken over so far, so that what is lowered now comes behind what is.
    pub(super) fn make_room(&mut self, template: &mut Template, errors: &mut Vec<SyntaxError>) -> &mut Rest {
        let from = self.units.get(self.kept).map_or(self.end, |unit| unit.start);
        self.rest.get_or_insert_with(|| Rest::split_off(from, template, errors))
    }
}

/// Says that a declaration is going to be lowered.
pub(super) fn begin(template: &mut Template, errors: &[SyntaxError], sort: Sort, range: TextRange, is_whole: bool) {
    let start = Marks::of(template, errors);
    template.units.list.push(Unit { sort, range, start, is_whole });
}

/// Says of the declaration that was lowered last that others have a say in it.
pub(super) fn depends_on_others(template: &mut Template) {
    if let Some(unit) = template.units.list.last_mut() {
        unit.is_whole = false;
    }
}

fn span(from: u32, to: u32) -> Range<usize> {
    from as usize..to as usize
}

/// What is left of the old lists.
pub(super) struct Rest {
    /// Where they begin.
    at: Marks,
    exprs: IntoIter<Node>,
    parameters: IntoIter<Parameter>,
    variables: IntoIter<Variable>,
    functions: IntoIter<Function>,
    resources: IntoIter<Resource>,
    modules: IntoIter<Module>,
    outputs: IntoIter<Output>,
    types: IntoIter<TypeDeclaration>,
    imports: IntoIter<Import>,
    assignments: IntoIter<Assignment>,
    errors: IntoIter<SyntaxError>,
}

impl Rest {
    fn split_off(from: Marks, template: &mut Template, errors: &mut Vec<SyntaxError>) -> Self {
        Self {
            at: from,
            exprs: template.exprs.split_off(from.exprs as usize).into_iter(),
            parameters: template.parameters.split_off(from.parameters as usize).into_iter(),
            variables: template.variables.split_off(from.variables as usize).into_iter(),
            functions: template.functions.split_off(from.functions as usize).into_iter(),
            resources: template.resources.split_off(from.resources as usize).into_iter(),
            modules: template.modules.split_off(from.modules as usize).into_iter(),
            outputs: template.outputs.split_off(from.outputs as usize).into_iter(),
            types: template.types.split_off(from.types as usize).into_iter(),
            imports: template.imports.split_off(from.imports as usize).into_iter(),
            assignments: template.assignments.split_off(from.assignments as usize).into_iter(),
            errors: errors.split_off(from.errors as usize).into_iter(),
        }
    }

    /// Moves what lies between two marks to the ends of the lists, and what is in it by so many bytes.
    fn take(&mut self, from: Marks, to: Marks, bytes: u32, template: &mut Template, errors: &mut Vec<SyntaxError>) {
        let here = Marks::of(template, errors);
        let by = Shift {
            bytes,
            exprs: here.exprs.wrapping_sub(from.exprs),
            resources: here.resources.wrapping_sub(from.resources),
            modules: here.modules.wrapping_sub(from.modules),
        };
        let at = std::mem::replace(&mut self.at, to);
        macro_rules! move_parts {
            ($($list:ident),*) => {$(
                template.$list.extend(part(&mut self.$list, at.$list, from.$list, to.$list, by));
            )*};
        }
        move_parts!(exprs, parameters, variables, functions, resources, modules, outputs, types, imports, assignments);
        errors.extend(part(&mut self.errors, at.errors, from.errors, to.errors, by));
    }
}

/// What lies between two marks of a list that begins at another one, moved.
fn part<T: Shifted>(list: &mut IntoIter<T>, at: u32, from: u32, to: u32, by: Shift) -> impl Iterator<Item = T> {
    // Also where nothing is taken: the marks say so.
    list.by_ref().take((from - at) as usize).for_each(drop);
    list.take((to - from) as usize).map(move |mut one| {
        if by != Shift::default() {
            one.shift(by);
        }
        one
    })
}
