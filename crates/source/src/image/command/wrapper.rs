//! Wrappers: programs that only start another program, given by name.

/// A wrapper: how many operands precede the command, and which of its options take a value.
struct Wrapper {
    name: &'static str,
    operands: usize,
    takes: &'static [&'static str],
}

const fn wrapper(name: &'static str, operands: usize, takes: &'static [&'static str]) -> Wrapper {
    Wrapper {
        name,
        operands,
        takes,
    }
}

const TINI: &[&str] = &["-e", "-p"];

const WRAPPERS: &[Wrapper] = &[
    wrapper("env", 0, &["-u", "--unset", "-C", "--chdir"]),
    wrapper("exec", 0, &["-a"]),
    wrapper("nohup", 0, &[]),
    wrapper("nice", 0, &["-n", "--adjustment"]),
    wrapper("setsid", 0, &[]),
    wrapper("stdbuf", 0, &["-i", "-o", "-e"]),
    wrapper("tini", 0, TINI),
    wrapper("tini-static", 0, TINI),
    wrapper("docker-init", 0, TINI),
    wrapper("dumb-init", 0, &["-r", "--rewrite"]),
    wrapper("catatonit", 0, &[]),
    wrapper("su-exec", 1, &[]),
    wrapper("gosu", 1, &[]),
];
const SHELLS: &[&str] = &["sh", "bash", "ash", "dash"];
/// Characters that make a shell script more than one command.
const OPERATORS: &[char] = &['|', '&', ';', '<', '>', '(', ')', '`', '{', '#', '\n'];
/// Characters that the shell interprets within a word.
const EXPANDED: &[char] = &['$', '\\', '"', '\'', '*', '?', '[', '~', '!'];

/// The words of the command that a wrapper starts.
pub(super) fn wrapped_command(words: &[String]) -> Option<Vec<String>> {
    let (first, rest) = words.split_first()?;
    let name = first.rsplit('/').next()?;
    if SHELLS.contains(&name) {
        let at = rest.iter().position(|w| !is_option(w) || runs_text(w))?;
        let text = rest.get(at..).and_then(|w| match w {
            [flag, text, ..] if runs_text(flag) => Some(text),
            _ => None,
        })?;
        return shell_words(text);
    }
    let wrapper = WRAPPERS.iter().find(|w| w.name == name)?;
    let mut rest = rest.iter().peekable();
    while let Some(option) = rest.next_if(|w| is_option(w)) {
        if name == "env" && matches!(option.as_str(), "-S" | "--split-string") {
            let mut words = shell_words(rest.next()?)?;
            words.extend(rest.cloned());
            return Some(words);
        }
        if wrapper.takes.contains(&option.as_str()) {
            rest.next()?;
        }
    }
    let mut rest = rest.skip(wrapper.operands).peekable();
    rest.next_if(|w| *w == "--");
    let command = rest.skip_while(|w| name == "env" && w.contains('='));
    Some(command.cloned().collect())
}

fn is_option(word: &str) -> bool {
    word.starts_with('-') && word != "--" && word != "-"
}

/// Whether a flag is `-c`, alone or after other letters.
fn runs_text(flag: &str) -> bool {
    flag.starts_with('-') && !flag.starts_with("--") && flag.ends_with('c')
}

/// The words of a shell script that is a single command, whose name needs no expansion; its arguments may.
fn shell_words(text: &str) -> Option<Vec<String>> {
    if text.contains(OPERATORS) {
        return None;
    }
    let mut words = text.split_whitespace().skip_while(|w| {
        *w == "exec" || (w.contains('=') && !w.contains(EXPANDED) && !w.starts_with('-'))
    });
    let command = words.next().filter(|w| !w.contains(EXPANDED))?;
    Some(
        std::iter::once(command)
            .chain(words)
            .map(str::to_owned)
            .collect(),
    )
}
