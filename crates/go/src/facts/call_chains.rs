//! Chains of calls to the names that a command asks about. They are made while the program is read, because a program in an archive or
//! image cannot be read again.

use super::program::Program;
use crate::calls;
use gospect_record::Binary;
use gospect_record::why::{CallChains, Step};

/// Most steps of all chains of a program; those of real programs have some ten each.
const MOST_STEPS: usize = 50_000;

/// The best chain to each name that is asked for; `None`: nothing is.
pub fn read(program: &Program<'_>, binary: &Binary) -> Option<CallChains> {
    let wanted = program.wanted?;
    let names: Vec<String> = (wanted.0)(binary).into_iter().collect();
    if names.is_empty() {
        return Some(CallChains::default());
    }
    let info = binary.build_info.as_ref();
    let answers = match calls::ask(&program.tables, info, program.minor(), &names, 1) {
        Ok(answers) => answers,
        Err(why) => {
            return Some(CallChains {
                unknown: Some(why.to_string()),
                ..CallChains::default()
            });
        }
    };
    let best = answers.into_iter();
    let best = best.map(|answer| answer.chains.into_iter().next().unwrap_or_default());
    Some(kept(names.into_iter().zip(best)))
}

/// The chains to names until they have too many steps.
fn kept(best: impl Iterator<Item = (String, Vec<Step>)>) -> CallChains {
    let mut chains = CallChains::default();
    let mut steps = 0;
    for (name, best) in best {
        steps += best.len();
        if steps > MOST_STEPS {
            let why = "the chains of calls are longer than those of any honest program";
            chains.unknown = Some(why.to_owned());
            break;
        }
        chains.to.insert(name, best);
    }
    chains
}

#[cfg(test)]
mod tests {
    use super::*;
    use gospect_record::why::By;

    #[test]
    fn chains_end_where_they_have_too_many_steps() {
        let step = Step {
            function: "main.main".to_owned(),
            file: None,
            line: None,
            by: By::Call,
            go: false,
        };
        let chain = |name: &str, steps: usize| (name.to_owned(), vec![step.clone(); steps]);
        let most = kept([chain("a", 1), chain("b", MOST_STEPS - 1)].into_iter());
        assert_eq!((most.to.len(), most.unknown), (2, None));
        let more = kept([chain("a", 1), chain("b", MOST_STEPS), chain("c", 1)].into_iter());
        assert_eq!(more.to.into_keys().collect::<Vec<_>>(), ["a"]);
        let why = more.unknown.unwrap();
        assert!(why.contains("longer than those of any honest program"));
    }
}
