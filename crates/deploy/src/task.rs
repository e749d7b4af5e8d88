//! Taskfiles (taskfile.dev): the commands of tasks, and the variables that they see.

use super::collect::Collector;
use super::compose::named_pairs;
use super::facts::Reader;
use super::place::{Env, Place};
use super::shell;
use super::template::Values;
use super::yaml::{Node, Value};

/// Most tasks of a file: aliases can multiply them.
const MAX_TASKS: usize = 2_000;

/// Values for `{{.NAME}}`: the variables of the root, without names that a task sets too.
pub fn values(documents: &[Node]) -> Values {
    let mut out = Values::new();
    let Some(document) = documents.first() else {
        return out;
    };
    for (name, value) in document.get("vars").map(Node::pairs).unwrap_or_default() {
        if let Some(text) = value.text().filter(|t| t.as_str().len() < 4096) {
            out.insert(format!(".{}", name.str()), text.as_str().to_owned());
        }
    }
    document.walk(&mut |above, key, value| {
        if key.str() == "vars" && above.len() > 1 {
            for (name, _) in value.pairs() {
                out.remove(&format!(".{}", name.str()));
            }
        }
    });
    out
}

/// Reads all documents.
pub fn read(documents: &[Node], out: &mut Collector) {
    let Some(document) = documents.first() else {
        return;
    };
    let place = |scope: String| Place {
        scope,
        reader: Reader::Build,
        ..Place::default()
    };
    let all = place("Taskfile".into());
    let mut env = Env::default();
    variables(document, &all, &mut env, out);
    let tasks = document.get("tasks").map(Node::pairs).unwrap_or_default();
    for (name, task) in tasks.into_iter().take(MAX_TASKS) {
        let dir = task.get("dir").map_or("", Node::str).to_owned();
        let place = Place {
            moved: dir.clone(),
            dir,
            ..place(format!("task {}", name.str()))
        };
        let mut own = Env::under(&env);
        variables(task, &place, &mut own, out);
        let lines = match &task.value {
            Value::Mapping(_) => [task.get("cmds"), task.get("cmd")],
            _ => [Some(task), None],
        };
        for line in lines.into_iter().flatten().flat_map(Node::items) {
            let text = line
                .get("cmd")
                .or_else(|| line.get("defer"))
                .unwrap_or(line);
            // A deferred call of another task is a mapping.
            if let Some(text) = text.text() {
                // Each command runs in its own shell.
                let mut shell_env = Env::under(&own);
                out.shell(&shell::commands(text), &place, &mut shell_env);
            }
        }
    }
}

/// Reads `env`, and the commands whose output sets `vars` and `env`.
fn variables(node: &Node, place: &Place, env: &mut Env, out: &mut Collector) {
    if let Some(set) = node.get("env") {
        let all = named_pairs(set);
        for (name, value, at) in &all {
            env.export(name, value.as_str(), *at);
        }
        out.variables(all, "env ", place);
    }
    for key in ["vars", "env"] {
        for (_, value) in node.get(key).map(Node::pairs).unwrap_or_default() {
            if let Some(script) = value.get("sh").and_then(Node::text) {
                let mut own = Env::under(env);
                out.shell(&shell::commands(script), place, &mut own);
            }
        }
    }
}
