//! Whether standard output was closed when the program was started (`gospect scan >&-`).
//!
//! Before `main`, the standard library opens `/dev/null` in place of each closed standard stream (library/std/src/sys/pal/unix/mod.rs,
//! `sanitize_standard_fds`), so later a closed output cannot be told from `/dev/null`, and results would be lost with exit code 0.
//! This module looks earlier: the loader calls the functions whose addresses stand in `.init_array` (ELF) or `__mod_init_func` (Mach-O)
//! before the standard library begins.
//!
//! This is the only unsafe code of gospect. It relies on this: the static has the type that the section is an array of (C functions whose
//! arguments may be left unread), and the function calls only `fcntl`, which takes any number for a descriptor, needs nothing that is set up
//! by the standard library, and stores one atomic.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

#[used]
#[cfg_attr(
    any(target_os = "linux", target_os = "android", target_os = "freebsd"),
    unsafe(link_section = ".init_array")
)]
#[cfg_attr(
    target_vendor = "apple",
    unsafe(link_section = "__DATA,__mod_init_func")
)]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    // SAFETY: F_GETFD reads the flags of a descriptor and fails with EBADF on one that is not open; no memory is passed.
    let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    CLOSED.store(flags == -1, Ordering::Relaxed);
}

/// Whether descriptor 1 was not open. `false` on systems where nothing runs early enough.
pub fn was_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}
