//! Builds a program again from its record.
//!
//! 1. `recipe`: derived from the record and, where the record lacks something, from other facts of the program (`evidence`); `checkout` finds a module in a folder;
//! 2. `script`: the recipe as a shell script, which is run, or printed by `--recipe`; `stamp` replaces `git` in it, `flags` refuses
//!    recorded flags that would run or write something;
//! 3. `run`: runs the script in a private folder, and reports a failure in one line;
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

#[cfg(feature = "verify")]
pub use checkout::module_folder;
pub use evidence::{claimed_version, set_string};
pub use recipe::{Recipe, RecipeOptions};
pub use run::{NotBuilt, Run, WorkFolder};
pub use script::{commands, script};
pub use statement::statement;
