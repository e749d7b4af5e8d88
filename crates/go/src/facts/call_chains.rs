//! Chains of calls to the names that a command asks about. They are made while the program is read, because a program in an archive or
//! image cannot be read again.

use super::program::Program;
use crate::calls;
use gospect_record::Binary;
use gospect_record::why::CallChains;

/// Most steps of all chains of a program; those of real programs have some ten each.
const MOST_STEPS: usize = 50_000;

/// The best chain to each name that is asked for; `None`: nothing is.
pub fn read(program: &Program<'_>, binary: &Binary) -> Option<CallChains> {
    let wanted = program.wanted?;
    let names: Vec<String> = (wanted.0)(binary).into_iter().collect();
    let mut chains = CallChains::default();
    if names.is_empty() {
        return Some(chains);
    }
    let info = binary.build_info.as_ref();
    let answers = match calls::ask(&program.tables, info, program.minor(), &names, 1) {
        Ok(answers) => answers,
        Err(why) => {
            chains.unknown = Some(why.to_string());
            return Some(chains);
        }
    };
    let mut steps = 0;
    for (name, answer) in names.into_iter().zip(answers) {
        let best = answer.chains.into_iter().next().unwrap_or_default();
        steps += best.len();
        if steps > MOST_STEPS {
            let why = "the chains of calls are longer than those of any honest program";
            chains.unknown = Some(why.to_owned());
            break;
        }
        chains.to.insert(name, best);
    }
    Some(chains)
}
