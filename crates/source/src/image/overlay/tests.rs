use super::*;

/// `path` is a directory, `path=N` a file with result N, `path+` a file without one, `path->target` a link, `path~target` a hard
/// link.
fn layer(entries: &[&str]) -> Names {
    let mut names = Names::default();
    for text in entries {
        let (path, kind) = if let Some((path, target)) = text.split_once("->") {
            (path, NameKind::Symlink(target.as_bytes()))
        } else if let Some((path, target)) = text.split_once('~') {
            (path, NameKind::HardLink(target.as_bytes()))
        } else if let Some((path, found)) = text.split_once('=') {
            (
                path,
                NameKind::File {
                    found: Some(found.parse().unwrap()),
                    empty: false,
                },
            )
        } else if let Some(path) = text.strip_suffix('+') {
            (
                path,
                NameKind::File {
                    found: None,
                    empty: false,
                },
            )
        } else {
            (*text, NameKind::Dir)
        };
        names.push(&Name {
            path: path.as_bytes(),
            kind,
            mode: 0o755,
        });
    }
    names
}

fn tree(layers: &[&[&str]]) -> Tree {
    let mut tree = Tree::default();
    for (i, entries) in layers.iter().enumerate() {
        tree.apply(i as u32, &layer(entries), |m| panic!("{m:?} in layer {i}"));
    }
    tree
}

/// `layer:path=content layer/result`, with hidden ones in brackets, sorted.
fn shown(tree: &Tree) -> Vec<String> {
    let each = tree.appearances().iter().enumerate().map(|(i, a)| {
        let path = String::from_utf8(tree.path_of(a)).unwrap();
        let text = format!("{}:{path}={}/{}", a.layer, a.content_layer, a.found);
        if tree.is_visible(i) {
            text
        } else {
            format!("[{text}]")
        }
    });
    let mut all: Vec<_> = each.collect();
    all.sort();
    all
}

#[test]
fn a_later_file_replaces_and_a_whiteout_deletes() {
    let tree = tree(&[
        &["bin", "bin/a=0", "bin/b=1", "bin/c=2"],
        &["bin/a=0", "bin/.wh.b+"],
    ]);
    assert_eq!(
        shown(&tree),
        [
            "0:/bin/c=0/2",
            "1:/bin/a=1/0",
            "[0:/bin/a=0/0]",
            "[0:/bin/b=0/1]"
        ]
    );
    assert!(tree.resolve(b"/bin/b").is_none());
    assert!(tree.resolve(b"/bin/.wh.b").is_none());
}

#[test]
fn an_opaque_marker_hides_only_lower_layers_wherever_it_stands() {
    for upper in [
        &["d/.wh..wh..opq+", "d", "d/new=0", "d/sub/new=1"][..],
        &["d/new=0", "d/sub/new=1", "d/.wh..wh..opq+"],
    ] {
        let tree = tree(&[&["d/old=0", "d/sub/old=1", "other=2"], upper]);
        assert_eq!(
            shown(&tree),
            [
                "0:/other=0/2",
                "1:/d/new=1/0",
                "1:/d/sub/new=1/1",
                "[0:/d/old=0/0]",
                "[0:/d/sub/old=0/1]"
            ]
        );
    }
}

#[test]
fn a_mark_below_a_file_or_in_no_directory_does_nothing() {
    for mark in ["app/.wh..wh..opq+", "app/.wh.x+", "app/x/.wh.y+"] {
        let tree = tree(&[&["app=0"], &[mark]]);
        assert_eq!(shown(&tree), ["0:/app=0/0"], "{mark}");
        assert!(!tree.resolve(b"/app").unwrap().dir, "{mark}");
        let tree = self::tree(&[&[mark, "app=0"]]);
        assert_eq!(shown(&tree), ["0:/app=0/0"], "{mark}");
    }
    // Below a link to a directory it is about that directory.
    let tree = tree(&[&["d/old=0", "link->d"], &["link/.wh.old+"]]);
    assert_eq!(shown(&tree), ["[0:/d/old=0/0]"]);
}

#[test]
fn a_whiteout_of_a_directory_keeps_what_its_own_layer_put_there() {
    for upper in [&[".wh.d+", "d/new=0"][..], &["d/new=0", ".wh.d+"]] {
        let tree = tree(&[&["d/old=0"], upper]);
        assert_eq!(shown(&tree), ["1:/d/new=1/0", "[0:/d/old=0/0]"]);
    }
    let tree = self::tree(&[&["d/e/old=0"], &[".wh.d+"]]);
    assert!(tree.resolve(b"/d").is_none());
    let tree = self::tree(&[&["d/e/old=0"], &[".wh.d+"], &["d/e/old=0"]]);
    assert_eq!(shown(&tree), ["2:/d/e/old=2/0", "[0:/d/e/old=0/0]"]);
}

#[test]
fn files_and_directories_replace_each_other() {
    let tree = tree(&[
        &["a=0", "b/c=1", "b/d/e=2"],
        &["a", "a/x=0", "b=1"],
        &["b/c=0"],
    ]);
    assert_eq!(
        shown(&tree),
        [
            "1:/a/x=1/0",
            "2:/b/c=2/0",
            "[0:/a=0/0]",
            "[0:/b/c=0/1]",
            "[0:/b/d/e=0/2]",
            "[1:/b=1/1]"
        ]
    );
    assert!(tree.resolve(b"/b/d").is_none());
}

#[test]
fn a_hard_link_keeps_the_content_that_it_was_made_with() {
    let tree = tree(&[
        &["app=0", "link~app"],
        &["app=0"],
        &["late~/app", "other~./link"],
        &[".wh.app+"],
    ]);
    assert_eq!(
        shown(&tree),
        [
            "0:/link=0/0",
            "2:/late=1/0",
            "2:/other=0/0",
            "[0:/app=0/0]",
            "[1:/app=1/0]"
        ]
    );
}

#[test]
fn entries_follow_links_in_their_directories() {
    let tree = tree(&[
        &[
            "usr/bin",
            "bin->usr/bin",
            "abs->/usr",
            "up->../../../usr",
            "new->made/here",
            "made",
        ],
        &["bin/a=0", "abs/bin/b=1", "up/bin/c=2", "new/d=3", "h~bin/a"],
    ]);
    assert_eq!(
        shown(&tree),
        [
            "1:/h=1/0",
            "1:/made/here/d=1/3",
            "1:/usr/bin/a=1/0",
            "1:/usr/bin/b=1/1",
            "1:/usr/bin/c=1/2"
        ]
    );
    assert_eq!(
        tree.resolve(b"/up/bin/../../bin/a").unwrap().path,
        b"/usr/bin/a"
    );
}

#[test]
fn a_directory_entry_replaces_a_link_instead_of_following_it() {
    let tree = tree(&[&["usr/bin/a=0", "bin->usr/bin"], &["bin", "bin/b=0"]]);
    assert_eq!(shown(&tree), ["0:/usr/bin/a=0/0", "1:/bin/b=1/0"]);
    assert!(tree.resolve(b"/bin/a").is_none());
}

#[test]
fn loops_end_and_links_out_of_the_root_stay_inside() {
    let tree = tree(&[&[
        "loop->loop",
        "x->y",
        "y->x",
        "out->../../../../etc/shadow",
        "etc/shadow+",
    ]]);
    assert!(tree.resolve(b"/loop").is_none());
    assert!(tree.resolve(b"/x/file").is_none());
    assert_eq!(tree.resolve(b"/out").unwrap().path, b"/etc/shadow");
    // An entry below a loop is placed anyway, so that its program is not lost.
    let tree = self::tree(&[&["loop->loop", "loop/app=0"]]);
    assert_eq!(shown(&tree), ["0:/loop/app=0/0"]);
}

#[test]
fn odd_names_are_tidied_or_refused() {
    let names = layer(&[
        "./a=0",
        "/b=1",
        "c//d/./../e=2",
        "../f=3",
        "x/../../g=4",
        "h\0i=5",
        "/",
        ".wh.+",
        ".wh...+",
        "l~missing",
    ]);
    let mut tree = Tree::default();
    let mut bad = Vec::new();
    tree.apply(0, &names, |m| {
        bad.push(String::from_utf8_lossy(&m.path).into_owned())
    });
    assert_eq!(shown(&tree), ["0:/a=0/0", "0:/b=0/1", "0:/c/e=0/2"]);
    assert_eq!(bad, ["../f", "x/../../g", "h\0i", ".wh.", ".wh...", "l"]);
}

#[test]
fn a_name_given_twice_in_one_layer_is_the_last_one() {
    let tree = tree(&[&["a=0", "a=1"]]);
    assert_eq!(shown(&tree), ["0:/a=0/1", "[0:/a=0/0]"]);
}

#[test]
fn names_made_to_be_slow_take_few_steps() {
    // A deep and wide tree whose levels are all made opaque again and again, from the bottom up.
    let deep = |n: usize| vec!["d"; n].join("/");
    let mut names = Names::default();
    for i in 0..50_000 {
        let path = format!("{}/f{i}", deep(500));
        names.push(&Name {
            path: path.as_bytes(),
            kind: NameKind::File {
                found: None,
                empty: false,
            },
            mode: 0o644,
        });
    }
    let mut markers = Names::default();
    for i in (1..=500).rev() {
        for _ in 0..20 {
            let path = format!("{}/.wh..wh..opq", deep(i));
            markers.push(&Name {
                path: path.as_bytes(),
                kind: NameKind::File {
                    found: None,
                    empty: true,
                },
                mode: 0,
            });
        }
    }
    let mut tree = Tree::default();
    tree.apply(0, &names, |m| panic!("{m:?}"));
    tree.apply(1, &markers, |m| panic!("{m:?}"));
    tree.apply(2, &names, |m| panic!("{m:?}"));
    assert!(tree.holds_content(deep(500).as_bytes()));
    let steps = STEPS - tree.steps.get();
    // Each part of each name takes a step, and there are few others.
    assert!(steps <= 2 * (100_000 * 501 + 10_000 * 251), "{steps} steps");
    // Links that multiply: the steps run out, and the remaining names are reported.
    let mut names = Names::default();
    let target = "l/../".repeat(800) + "x";
    for i in 0..40 {
        let path = format!("l{i}");
        let to = if i == 0 {
            target.clone()
        } else {
            format!("l{}/../l{}", i - 1, i - 1).repeat(1) + &"/.".repeat(1000)
        };
        names.push(&Name {
            path: path.as_bytes(),
            kind: NameKind::Symlink(to.as_bytes()),
            mode: 0o777,
        });
    }
    for i in 0..2000 {
        let path = format!("l39/f{i}/g");
        names.push(&Name {
            path: path.as_bytes(),
            kind: NameKind::File {
                found: None,
                empty: false,
            },
            mode: 0o644,
        });
    }
    let mut tree = Tree::default();
    tree.apply(0, &names, |_| {});
    // Every step is counted, so this bounds the work.
    assert!(STEPS - tree.steps.get() <= STEPS);
}

#[test]
fn random_layers_never_panic_and_agree_with_a_plain_model() {
    // The model maps whole paths and has no links: it is the specification read literally.
    use std::collections::BTreeMap;
    let mut seed = 7u64;
    let mut random = move |n: u64| {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (seed >> 33) % n
    };
    for _ in 0..300 {
        let mut tree = Tree::default();
        // Path to (layer, result); directories have no result.
        let mut model: BTreeMap<String, (u32, Option<u32>)> = BTreeMap::new();
        for layer_number in 0..4u32 {
            let mut names = Names::default();
            for found in 0..8u32 {
                let depth = random(3) + 1;
                let parts: Vec<_> = (0..depth)
                    .map(|_| ["a", "b", "c"][random(3) as usize])
                    .collect();
                let path = parts.join("/");
                let (dir, base) = path.rsplit_once('/').unwrap_or(("", &path));
                let below =
                    |p: &str, top: &str| p.strip_prefix(top).is_some_and(|r| r.starts_with('/'));
                let mut parents = Vec::new();
                for (i, _) in path.match_indices('/') {
                    parents.push(path[..i].to_owned());
                }
                let make_parents = |model: &mut BTreeMap<String, (u32, Option<u32>)>| {
                    for p in &parents {
                        if model.get(p).is_none_or(|v| v.1.is_some()) {
                            model.insert(p.clone(), (layer_number, None));
                        }
                    }
                };
                let hide =
                    |model: &mut BTreeMap<String, (u32, Option<u32>)>, top: &str, itself: bool| {
                        let kept: Vec<String> = model
                            .iter()
                            .filter(|(_, v)| v.0 == layer_number)
                            .map(|(k, _)| k.clone())
                            .collect();
                        model.retain(|p, v| {
                            let inside = if top.is_empty() {
                                true
                            } else {
                                below(p, top) || (itself && p == top)
                            };
                            !inside || v.0 == layer_number || kept.iter().any(|k| below(k, p))
                        });
                    };
                match random(6) {
                    0 => {
                        hide(&mut model, &path, true);
                        let name = if dir.is_empty() {
                            format!(".wh.{base}")
                        } else {
                            format!("{dir}/.wh.{base}")
                        };
                        names.push(&Name {
                            path: name.as_bytes(),
                            kind: NameKind::Other,
                            mode: 0,
                        });
                    }
                    1 if !dir.is_empty() => {
                        hide(&mut model, dir, false);
                        let name = format!("{dir}/.wh..wh..opq");
                        names.push(&Name {
                            path: name.as_bytes(),
                            kind: NameKind::Other,
                            mode: 0,
                        });
                    }
                    2 => {
                        make_parents(&mut model);
                        model.insert(path.clone(), (layer_number, None));
                        names.push(&Name {
                            path: path.as_bytes(),
                            kind: NameKind::Dir,
                            mode: 0o755,
                        });
                    }
                    _ => {
                        make_parents(&mut model);
                        model.retain(|p, _| !below(p, &path));
                        model.insert(path.clone(), (layer_number, Some(found)));
                        names.push(&Name {
                            path: path.as_bytes(),
                            kind: NameKind::File {
                                found: Some(found),
                                empty: false,
                            },
                            mode: 0o755,
                        });
                    }
                }
            }
            tree.apply(layer_number, &names, |m| panic!("{m:?}"));
        }
        let want: Vec<String> = model
            .iter()
            .filter_map(|(p, v)| v.1.map(|f| format!("{}:/{p}={}/{f}", v.0, v.0)))
            .collect();
        let mut got = shown(&tree);
        got.retain(|s| !s.starts_with('['));
        let mut want = want;
        want.sort();
        assert_eq!(got, want);
    }
}
