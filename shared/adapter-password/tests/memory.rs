//! The memory of a process after many sign-ins. This is the only test of its binary, so that nothing else allocates in
//! its process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use adapter_password::Argon2Passwords;
use ports::PasswordHasher;

/// Pages of 4 KiB that are in memory now (proc(5), statm).
fn resident_kib() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4
}

#[test]
fn a_process_does_not_grow_with_its_sign_ins() {
    let passwords = Argon2Passwords::new().unwrap();
    let hash = passwords.hash("correct horse battery staple").unwrap();
    // Small allocations that live longer than a request, as in a real process.
    let mut kept = Vec::new();
    let mut sign_in = |password: &str, stored: Option<&str>| {
        passwords.verify(password, stored).unwrap();
        kept.push(vec![1_u8; 2048]);
    };
    for _ in 0..5 {
        sign_in("correct horse battery staple", Some(&hash));
    }
    let before = resident_kib();
    for _ in 0..20 {
        sign_in("correct horse battery staple", Some(&hash));
        sign_in("wrong", Some(&hash));
        sign_in("an unknown address", None);
    }
    passwords.hash("a registration").unwrap();
    let after = resident_kib();
    assert!(after < before + 2048, "{before} KiB after 5 sign-ins, {after} KiB after 65");
}
