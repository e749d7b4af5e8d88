//! Prints every direct call of a Go program, caller and callee separated by a tab: `cargo run --example call_graph -- dist/app`.
//! With a second argument `unreached`: the functions that nothing was seen to lead to. With `shares`: the number of functions, how many of them
//! are reached, and how many by a chain of which each step is certain.

use gospect::bytes::Limits;
use gospect::go::calls::Graph;
use gospect::go::programs;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let file = std::fs::read(args.next().ok_or("which program?")?)?;
    let wanted = args.next().unwrap_or_default();
    let mut failed = None;
    programs(
        &file.as_slice(),
        Limits::default(),
        &mut |_, tables| match Graph::read(tables) {
            Ok(graph) => match wanted.as_str() {
                "unreached" => print_unreached(&graph),
                "shares" => print_shares(&graph),
                _ => print_calls(&graph),
            },
            Err(why) => failed = Some(why),
        },
    )?;
    failed.map_or(Ok(()), |why| Err(why.into()))
}

fn print_calls(graph: &Graph<'_, '_>) {
    for caller in 0..graph.functions() {
        for callee in graph.calls(caller) {
            println!("{}\t{}", text(graph, caller), text(graph, callee));
        }
    }
}

fn print_unreached(graph: &Graph<'_, '_>) {
    let tree = graph.chain_tree();
    for function in (0..graph.functions()).filter(|f| !tree.is_reached(*f)) {
        println!("{}", text(graph, function));
    }
}

fn print_shares(graph: &Graph<'_, '_>) {
    let tree = graph.chain_tree();
    let count = |test: &dyn Fn(usize) -> bool| (0..graph.functions()).filter(|f| test(*f)).count();
    let reached = count(&|function| tree.is_reached(function));
    let certain = count(&|function| graph.is_certain(&tree, function));
    println!("{}\t{reached}\t{certain}", graph.functions());
}

fn text(graph: &Graph<'_, '_>, function: usize) -> String {
    String::from_utf8_lossy(graph.name(function)).into_owned()
}
