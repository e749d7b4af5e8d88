//! A question about some functions of a program is answered as all of its functions answer it.

use crate::support::fixtures;
use gospect::go::{Asked, Options, inspect};
use gospect::record::functions::Question;
use gospect::record::{Binary, Functions};
use std::collections::BTreeSet;

/// A function that no program has.
const NONE: &str = "NoFunctionIsCalledSo";

/// The functions of each program of a file: all, or those that are asked about.
fn functions_of(file: &[u8], asked: Option<Asked<'_>>) -> Vec<Option<Functions>> {
    let options = Options {
        symbols: true,
        named: true,
        asked,
        ..Options::default()
    };
    let found = inspect(&file, &options).unwrap().found;
    found.into_iter().map(|f| f.record.functions).collect()
}

/// All functions of a package, by name.
fn names(functions: &Functions, package: &str) -> BTreeSet<String> {
    functions.names(package).map(str::to_owned).collect()
}

#[test]
fn all_functions_are_told_when_all_are_asked_about() {
    for f in fixtures() {
        let file = f.bytes();
        for (number, all) in functions_of(&file, None).into_iter().enumerate() {
            let Some(all) = all else { continue };
            let packages = all.packages();
            let question = Question {
                functions: packages.map(|p| (p.to_owned(), names(&all, p))).collect(),
                all_packages: true,
                ..Question::default()
            };
            let ask = move |_: &Binary| question.clone();
            let told = functions_of(&file, Some(Asked(&ask)));
            assert!(told[number].as_ref() == Some(&all), "{}", f.id);
        }
    }
}

#[test]
fn a_function_is_told_whatever_else_is_asked_about() {
    for f in fixtures() {
        let file = f.bytes();
        let all = functions_of(&file, None);
        let [Some(all)] = all.as_slice() else {
            continue;
        };
        // The last functions of some packages, of which the last is only in the list if a literal tells of it.
        let packages: Vec<&str> = all.packages().collect();
        let last = packages.len().saturating_sub(1);
        let some = packages.iter().enumerate();
        let some = some.filter(|(at, _)| at % 7 == 3 || *at == last);
        let asked: Vec<(&str, BTreeSet<String>)> = some
            .map(|(_, package)| {
                let own = names(all, package);
                let own = own.into_iter().rev().step_by(5).take(20);
                (*package, own.chain([NONE.to_owned()]).collect())
            })
            .collect();
        let question = Question {
            functions: asked
                .iter()
                .map(|(p, own)| ((*p).to_owned(), own.clone()))
                .collect(),
            ..Question::default()
        };
        let ask = move |_: &Binary| question.clone();
        let told = functions_of(&file, Some(Asked(&ask)));
        let [Some(told)] = told.as_slice() else {
            panic!("{}: no list", f.id)
        };
        assert_eq!(
            (told.source(), told.complete()),
            (all.source(), all.complete()),
            "{}",
            f.id
        );
        for (package, own) in &asked {
            assert!(told.has_package(package), "{}: {package}", f.id);
            for name in own {
                let answer = |f: &Functions| {
                    let has_methods = !name.contains('.') && f.has_methods_of(package, name);
                    (
                        f.contains(package, name),
                        f.may_hide(package, name),
                        has_methods,
                    )
                };
                assert_eq!(answer(told), answer(all), "{}: {package}.{name}", f.id);
            }
        }
    }
}

#[test]
fn packages_of_a_module_are_told_as_among_all() {
    let mut asked = 0;
    for f in fixtures() {
        let file = f.bytes();
        let all = functions_of(&file, None);
        let [Some(all)] = all.as_slice() else {
            continue;
        };
        let record = &inspect(&&**file, &Options::default()).unwrap().found[0].record;
        let info = record.build_info.iter();
        let modules: Vec<String> = info
            .flat_map(|info| std::iter::once(&info.main).chain(&info.deps))
            .map(|module| module.path.clone())
            .filter(|path| !path.is_empty())
            .collect();
        for module in modules {
            let below = |f: &Functions| -> Vec<String> {
                let is_below = |package: &&str| {
                    let rest = package.strip_prefix(&*module);
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                };
                f.packages().filter(is_below).map(str::to_owned).collect()
            };
            let question = Question {
                modules: BTreeSet::from([module.clone()]),
                ..Question::default()
            };
            let ask = move |_: &Binary| question.clone();
            let told = functions_of(&file, Some(Asked(&ask)));
            let told = told[0].as_ref().unwrap();
            assert_eq!(below(told), below(all), "{}: {module}", f.id);
            asked += 1;
        }
    }
    assert!(asked > 100, "{asked}");
}
