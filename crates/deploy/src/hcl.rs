//! HCL: variables of containers in Terraform (Kubernetes, ECS, Cloud Run, Lambda and similar), tasks of Nomad, and arguments of
//! `docker buildx bake`.
//!
//! Nothing is evaluated: only literal values are known.

use super::Problem;
use super::collect::Collector;
use super::facts::Reader;
use super::place::{Env, Place};
use super::release::{arch_of_platform, of_image};
use super::shell;
use super::text::{Source, Span, Text};
use super::yaml;
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::structure::{Block, Body, Structure};
use std::ops::Range;

/// The tool that a file of HCL is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Terraform or OpenTofu.
    Terraform,
    /// A job of Nomad.
    Nomad,
    /// Targets of bake.
    Bake,
}

/// Attributes and keys whose value is an environment.
const ENVIRONMENTS: [&str; 8] = [
    "env",
    "envs",
    "env_vars",
    "environment",
    "environment_variables",
    "environment_vars",
    "app_settings",
    "plain_env_vars",
];
/// Longest line, in bytes, in which columns are counted in characters.
const COUNTED: usize = 4096;
/// Largest file in bytes. Real files are smaller.
const MAX_BYTES: usize = 4 << 20;

/// Reads a file.
///
/// # Errors
/// When it is not HCL.
pub fn read(source: &Source, dialect: Dialect, out: &mut Collector) -> Result<(), Problem> {
    let problem = |line: usize, column: usize, what: &str| Problem::Syntax {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
        what: what.to_owned(),
    };
    if source.as_str().len() > MAX_BYTES {
        return Err(problem(1, 1, "larger than 4 MiB, which no HCL file is"));
    }
    let body = hcl_edit::parser::parse_body(source.as_str()).map_err(|e| {
        let at = e.location();
        problem(at.line(), at.column(), e.message())
    })?;
    let mut reader = Reading {
        source,
        places: Places::of(source.as_str()),
        dialect,
        out,
    };
    reader.body(&body, &mut Vec::new());
    Ok(())
}

/// Finds line and column of a byte.
struct Places {
    starts: Vec<usize>,
}

impl Places {
    fn of(text: &str) -> Places {
        let next = text.match_indices('\n').map(|(at, _)| at + 1);
        Places {
            starts: std::iter::once(0).chain(next).collect(),
        }
    }

    fn place(&self, text: &str, at: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= at);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(0);
        // In longer lines a byte counts as a character: counting characters for every value would take quadratic time.
        let before = match text.get(start..at) {
            Some(before) if before.len() <= COUNTED => before.chars().count(),
            _ => at.saturating_sub(start),
        };
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (number(line), number(before + 1))
    }
}

struct Reading<'a> {
    source: &'a Source,
    places: Places,
    dialect: Dialect,
    out: &'a mut Collector,
}

/// Names of the blocks around, outermost first, with their labels.
type Above = Vec<String>;

impl Reading<'_> {
    fn body(&mut self, body: &Body, above: &mut Above) {
        for structure in body.iter() {
            match structure {
                Structure::Block(block) => self.block(block, body, above),
                Structure::Attribute(attribute) => {
                    let key = attribute.key.as_str();
                    self.attribute(key, &attribute.value, body, above);
                }
            }
        }
    }

    fn block(&mut self, block: &Block, around: &Body, above: &mut Above) {
        let name = block.ident.as_str();
        let inside = |key: &str| block.body.get_attribute(key).map(|a| &a.value);
        if name == "env" || (name == "environment" && inside("name").is_some()) {
            if let (Some(name), Some(value)) = (inside("name"), inside("value")) {
                self.pair(name, value, &self.place(around, above));
                return;
            }
            if self.dialect == Dialect::Nomad {
                let place = self.place(around, above);
                for attribute in block.body.attributes() {
                    let key = self.span(attribute.key.span());
                    let name = attribute.key.as_str();
                    self.variable(name, key, &attribute.value, &place);
                }
                return;
            }
        }
        if name == "environment"
            && let Some(Expression::Object(all)) = inside("variables")
        {
            let place = self.place(around, above);
            return self.object(all, &place);
        }
        let mut path = name.to_owned();
        for label in &block.labels {
            path += " ";
            path += label.as_str();
        }
        if name == "provisioner" && block.labels.iter().any(|l| l.as_str() == "local-exec") {
            return self.local(&block.body);
        }
        above.push(path);
        self.body(&block.body, above);
        above.pop();
    }

    fn attribute(&mut self, key: &str, value: &Expression, around: &Body, above: &Above) {
        if self.dialect == Dialect::Bake {
            if key == "args"
                && let Expression::Object(all) = value
            {
                let place = Place {
                    scope: above.join(", "),
                    reader: Reader::Build,
                    arch: architecture(around),
                    ..Place::default()
                };
                self.object(all, &place);
            }
            return;
        }
        if key == "build_environment_variables" {
            let place = Place {
                scope: above.join(", "),
                reader: Reader::Build,
                ..Place::default()
            };
            return self.environment(value, &place);
        }
        let place = self.place(around, above);
        if ENVIRONMENTS.contains(&key) {
            return self.environment(value, &place);
        }
        if key == "container_definitions"
            && let Expression::HeredocTemplate(_) = value
        {
            return self.json(value, &place);
        }
        self.below(value, &place, 0);
    }

    /// Environments in objects and lists, such as those of `jsonencode([{environment = [...]}])`.
    fn below(&mut self, value: &Expression, place: &Place, depth: usize) {
        if depth > 64 {
            return;
        }
        match value {
            Expression::Array(all) => {
                for one in all.iter() {
                    self.below(one, place, depth + 1);
                }
            }
            Expression::FuncCall(call) => {
                for one in call.args.iter() {
                    self.below(one, place, depth + 1);
                }
            }
            Expression::Parenthesis(inner) => self.below(inner.inner(), place, depth + 1),
            Expression::Object(all) => {
                let attribute = |key: &str| {
                    let pair = all.iter().find(|(name, _)| name_of(name) == Some(key));
                    pair.map(|(_, value)| value.expr())
                };
                let mut own = place.clone();
                if let Some(image) = attribute("image") {
                    own.reader = reader(Some(image));
                }
                if let Some(name) = attribute("name").and_then(text_of) {
                    own.scope = format!("{}, container {name}", place.scope);
                }
                for (key, value) in all.iter() {
                    match name_of(key) {
                        Some(key) if ENVIRONMENTS.contains(&key) => {
                            self.environment(value.expr(), &own)
                        }
                        _ => self.below(value.expr(), &own, depth + 1),
                    }
                }
            }
            _ => {}
        }
    }

    /// `{NAME = "value"}`, or `[{name = "NAME", value = "value"}]`.
    fn environment(&mut self, value: &Expression, place: &Place) {
        match value {
            Expression::Object(all) => self.object(all, place),
            Expression::Array(all) => {
                for one in all.iter() {
                    let Expression::Object(one) = one else {
                        continue;
                    };
                    let attribute = |key: &str| {
                        let has_key = |name: &str| name.eq_ignore_ascii_case(key);
                        let mut pairs = one.iter();
                        let pair = pairs.find(|(name, _)| name_of(name).is_some_and(has_key));
                        pair.map(|(_, value)| value.expr())
                    };
                    if let (Some(name), Some(value)) = (attribute("name"), attribute("value")) {
                        self.pair(name, value, place);
                    }
                }
            }
            // `merge({...}, var.more)`: literal values count, although a later argument may replace them.
            Expression::FuncCall(call) if call.name.name.as_str() == "merge" => {
                let last = call.args.iter().last();
                if let Some(Expression::Object(all)) = last {
                    self.object(all, place);
                }
            }
            Expression::Parenthesis(inner) => {
                if let Expression::Object(all) = inner.inner() {
                    self.object(all, place);
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, all: &Object, place: &Place) {
        for (key, value) in all.iter() {
            if let Some(name) = name_of(key) {
                let at = self.span(match key {
                    ObjectKey::Ident(ident) => ident.span(),
                    ObjectKey::Expression(key) => key.span(),
                });
                self.variable(name, at, value.expr(), place);
            }
        }
    }

    fn pair(&mut self, name: &Expression, value: &Expression, place: &Place) {
        if let Some(name_text) = text_of(name) {
            let at = self.span(value.span());
            let name_text = name_text.to_owned();
            self.variable(&name_text, at, value, place);
        }
    }

    fn variable(&mut self, name: &str, at: Span, value: &Expression, place: &Place) {
        let Some(value) = self.text(value) else {
            return;
        };
        let end = value.whole();
        let at = if end.line < at.line { end } else { at.to(end) };
        self.out.variable(name, value, at, "env ", place);
    }

    /// The characters of a literal value, with `${...}` as written.
    fn text(&self, value: &Expression) -> Option<Text> {
        let span = value.span()?;
        let written = self.source.as_str().get(span.clone())?;
        match value {
            Expression::String(text) => {
                let (line, column) = self.places.place(self.source.as_str(), span.start);
                let inner = written.strip_prefix('"')?.strip_suffix('"')?;
                Some(if inner == text.as_str() {
                    Text::line(inner, line, column + 1)
                } else {
                    Text::fixed(text.as_str(), self.span(Some(span)))
                })
            }
            Expression::StringTemplate(_) => {
                let (line, column) = self.places.place(self.source.as_str(), span.start);
                let inner = written.strip_prefix('"')?.strip_suffix('"')?;
                (!inner.contains('\n')).then(|| Text::line(inner, line, column + 1))
            }
            Expression::Number(_) | Expression::Bool(_) => {
                let (line, column) = self.places.place(self.source.as_str(), span.start);
                Some(Text::line(written, line, column))
            }
            _ => None,
        }
    }

    /// Reads JSON in a here-document.
    fn json(&mut self, value: &Expression, place: &Place) {
        let Some(span) = value.span() else { return };
        let first = self.places.place(self.source.as_str(), span.start).0;
        let last = self.places.place(self.source.as_str(), span.end).0;
        let mut text = "\n".repeat(first as usize);
        for number in first.saturating_add(1)..=last {
            let line = self.source.get(number).unwrap_or_default();
            if line
                .trim()
                .chars()
                .all(|c| c.is_ascii_uppercase() || c == '_' || c == ')')
                && !line.trim().is_empty()
            {
                break;
            }
            text += line;
            text.push('\n');
        }
        if let Ok(documents) = yaml::read(&Source::new(&text)) {
            super::platform::ecs(&documents, &place.scope, self.out);
        }
    }

    /// `local-exec`: a command that runs on the machine of Terraform.
    fn local(&mut self, body: &Body) {
        let place = Place {
            scope: "local-exec".into(),
            reader: Reader::Unknown,
            ..Place::default()
        };
        if let Some(command) = body.get_attribute("command")
            && let Some(text) = self.text(&command.value)
        {
            let commands = shell::commands(&text);
            self.out.shell(&commands, &place, &mut Env::default());
        }
    }

    /// The container that a body is about.
    fn place(&self, around: &Body, above: &Above) -> Place {
        let image = around.get_attribute("image").map(|a| &a.value);
        let builds = above.iter().any(|name| {
            ["codebuild", "build_config", "_runner", "builder"]
                .iter()
                .any(|part| name.contains(part))
        });
        Place {
            scope: above.first().cloned().unwrap_or_default(),
            reader: if builds {
                Reader::Unknown
            } else {
                reader(image)
            },
            ..Place::default()
        }
    }

    fn span(&self, range: Option<Range<usize>>) -> Span {
        let Some(range) = range else {
            return Span::default();
        };
        let text = self.source.as_str();
        let (line, column) = self.places.place(text, range.start);
        let (end_line, end_column) = self.places.place(text, range.end);
        Span {
            line,
            column,
            end_line,
            end_column,
        }
    }
}

/// The reader of the environment of a container: its program, if its image is named and is not one of Go.
fn reader(image: Option<&Expression>) -> Reader {
    match image.and_then(text_of) {
        Some(image) if of_image(image).is_some() => Reader::Both,
        Some(_) => Reader::Program,
        None => Reader::SomeProgram,
    }
}

/// The architecture of a target of bake, if all its `platforms` have the same.
fn architecture(target: &Body) -> Option<String> {
    let Expression::Array(platforms) = &target.get_attribute("platforms")?.value else {
        return None;
    };
    let mut all = platforms.iter().map(|p| arch_of_platform(text_of(p)?));
    let first = all.next()??;
    all.all(|arch| arch.as_ref() == Some(&first))
        .then_some(first)
}

fn text_of(value: &Expression) -> Option<&str> {
    match value {
        Expression::String(text) => Some(text.as_str()),
        _ => None,
    }
}

fn name_of(key: &ObjectKey) -> Option<&str> {
    match key {
        ObjectKey::Ident(ident) => Some(ident.as_str()),
        ObjectKey::Expression(Expression::String(text)) => Some(text.as_str()),
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str()),
        ObjectKey::Expression(_) => None,
    }
}
