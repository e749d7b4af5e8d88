//! Builds a program again from its record.
//!
//! 1. `recipe`: what the record says, and what follows from the program where the record is silent (`evidence`); `checkout` finds a module in a folder;
//! 2. `script`: the recipe as a shell script, which is what runs, and what `--recipe` prints; `stamp` stands in for `git` in it, `flags` refuses
//!    recorded flags that would run or write something;
//! 3. `run`: runs the script in a private folder, and says in one line why nothing was built;
//! 4. `statement`: the result as an in-toto statement.
//!
//! Must never: run the program that is rebuilt, print, or leave anything behind.

mod checkout;
mod evidence;
mod flags;
mod no_recipe;
mod recipe;
mod run;
mod script;
mod stamp;
mod statement;

pub use evidence::{claimed_version, set_string};
pub use recipe::{Recipe, Wishes};
pub use run::{NotBuilt, Run, Workplace};
pub use script::{commands, script};
pub use statement::statement;
