//! The stories of support, told from end to end in simulated time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod world;

use hospes_session::capability::CapabilityId;
use hospes_session::lease::Left;
use hospes_session::model::{EndReason, HostKey, Removal, SessionState};
use hospes_session::quota::{Limits, QuotaRefusal, Usage, admit};
use hospes_session::rules::{Answer, Command, Event};
use world::{DAY, HOUR, MINUTE, SECOND, START, World, facts};

/// How it ended, whether its host is gone for the server, and whether it is gone.
#[track_caller]
fn check(world: &World, reason: EndReason, at: u64, removal: Removal, removed: bool) {
    let SessionState::Ended(ended) = &world.session.state else { panic!("{:?}", world.session.state) };
    assert_eq!((ended.reason, ended.at - START, ended.removal), (reason, at, removal));
    assert_eq!(world.host.removed, removed, "the host");
    assert!(!world.session.is_open(), "R18 the seat is free");
}

#[test]
fn r4_a_session_is_active_once_the_code_was_right_and_the_host_is_set_up() {
    let mut world = World::prepared();
    assert_eq!(world.confirm(), Answer::NotNow, "nobody is set up without the code");
    assert_eq!(world.right_code(), Answer::CodeRight);
    assert_eq!(world.session.state_name(), "prepared");
    world.pass(2 * MINUTE);
    assert_eq!(world.confirm(), Answer::Done);
    let SessionState::Active(active) = &world.session.state else { panic!() };
    assert_eq!(active.activated_at, START + 2 * MINUTE);
    assert_eq!(active.lease_expires_at, START + 2 * MINUTE + DAY, "R5 from activation");
    assert_eq!(world.confirm(), Answer::Done, "a host that lost the answer asks again");
    assert_eq!(world.events, [Event::Prepared, Event::Claimed, Event::Activated]);
}

#[test]
fn r5_the_lease_ends_by_itself_on_both_sides() {
    let mut world = World::active();
    world.pass(DAY - SECOND);
    assert_eq!(world.session.state_name(), "active");
    world.pass(2 * SECOND);
    check(&world, EndReason::LeaseExpired, DAY, Removal::Done, true);
}

#[test]
fn r11_offline_for_hours_and_back() {
    let mut world = World::active();
    world.pass(HOUR);
    world.host.online = false;
    world.pass(9 * HOUR);
    assert_eq!(world.session.state_name(), "active");
    world.host.online = true;
    world.pass(HOUR);
    assert_eq!(world.session.state_name(), "active");
    assert_eq!(world.host_left(), Left::Running(13 * HOUR));
}

#[test]
fn r11_a_reboot_and_a_night_switched_off() {
    let mut world = World::active();
    world.pass(HOUR);
    world.power_off();
    world.pass(2 * MINUTE);
    world.power_on();
    world.pass(HOUR);
    world.power_off();
    world.pass(10 * HOUR);
    world.power_on();
    world.pass(MINUTE);
    assert_eq!(world.session.state_name(), "active");
    assert_eq!(world.host_left(), Left::Running(12 * HOUR - 3 * MINUTE));
}

#[test]
fn r5_the_lease_ends_while_the_host_is_offline() {
    let mut world = World::active();
    world.host.online = false;
    world.pass(DAY);
    check(&world, EndReason::LeaseExpired, DAY, Removal::Pending, true);
    world.pass(MINUTE);
    check(&world, EndReason::LeaseExpired, DAY, Removal::Unreachable, true);
    let host_key = world.host.key;
    assert_eq!(world.ask(&Command::HostRemoved { host_key }), Answer::Done, "it still had something to say");
    check(&world, EndReason::LeaseExpired, DAY, Removal::Done, true);
}

#[test]
fn r5_the_lease_ends_while_the_host_is_off_and_it_goes_at_the_next_start() {
    let mut world = World::active();
    world.power_off();
    world.host.online = false;
    world.pass(40 * HOUR);
    check(&world, EndReason::LeaseExpired, DAY, Removal::Unreachable, false);
    world.power_on();
    world.pass(SECOND);
    check(&world, EndReason::LeaseExpired, DAY, Removal::Unreachable, true);
}

#[test]
fn r5_the_server_was_down_when_the_lease_ended() {
    let mut world = World::active();
    world.now += 3 * DAY;
    assert_eq!(world.end(EndReason::Technician), Answer::Done);
    check(&world, EndReason::LeaseExpired, DAY, Removal::Pending, false);
}

#[test]
fn r13_the_technician_ends_it() {
    let mut world = World::active();
    world.pass(HOUR);
    assert_eq!(world.end(EndReason::Technician), Answer::Done);
    world.pass(SECOND);
    check(&world, EndReason::Technician, HOUR, Removal::Done, true);
    assert_eq!(world.end(EndReason::Technician), Answer::Done, "ending is idempotent");
    assert_eq!(world.end(EndReason::Customer), Answer::Done);
    check(&world, EndReason::Technician, HOUR, Removal::Done, true);
}

#[test]
fn r13_the_customer_ends_it() {
    let mut world = World::active();
    world.pass(HOUR);
    assert_eq!(world.end(EndReason::Customer), Answer::Done);
    world.pass(SECOND);
    check(&world, EndReason::Customer, HOUR, Removal::Done, true);
}

#[test]
fn r13_ended_while_the_host_is_offline_it_goes_on_return() {
    let mut world = World::active();
    world.host.online = false;
    assert_eq!(world.end(EndReason::Technician), Answer::Done);
    world.pass(3 * HOUR);
    check(&world, EndReason::Technician, 0, Removal::Pending, false);
    world.host.online = true;
    world.pass(SECOND);
    check(&world, EndReason::Technician, 0, Removal::Done, true);
}

#[test]
fn r13_ended_while_the_host_is_offline_for_good() {
    let mut world = World::active();
    world.host.online = false;
    assert_eq!(world.end(EndReason::Technician), Answer::Done);
    world.pass(DAY + MINUTE);
    check(&world, EndReason::Technician, 0, Removal::Unreachable, true);
}

#[test]
fn r13_the_customer_removed_the_host_while_it_was_offline() {
    let mut world = World::active();
    world.pass(HOUR);
    let host_key = world.host.key;
    world.host.removed = true;
    assert_eq!(world.ask(&Command::HostRemoved { host_key }), Answer::Done);
    check(&world, EndReason::Customer, HOUR, Removal::Done, true);
}

#[test]
fn r4_five_wrong_codes_end_it() {
    let mut world = World::prepared();
    for tries_left in [4, 3, 2, 1, 0] {
        assert_eq!(world.wrong_code(), Answer::CodeWrong { tries_left });
    }
    check(&world, EndReason::CodeBurned, 0, Removal::Done, false);
    assert_eq!(world.right_code(), Answer::Over(EndReason::CodeBurned), "the right one comes too late");
}

#[test]
fn r4_the_fifth_try_may_be_right() {
    let mut world = World::prepared();
    for _ in 0..4 {
        world.wrong_code();
    }
    assert_eq!(world.right_code(), Answer::CodeRight);
}

#[test]
fn r4_the_link_expires() {
    let mut world = World::prepared();
    world.pass(HOUR);
    check(&world, EndReason::LinkExpired, HOUR, Removal::Done, false);
    assert_eq!(world.right_code(), Answer::Over(EndReason::LinkExpired));
    let mut world = World::prepared();
    world.now += HOUR;
    assert_eq!(world.right_code(), Answer::Over(EndReason::LinkExpired), "also when nobody swept in between");
    let mut world = World::prepared();
    world.now += HOUR - 1;
    assert_eq!(world.right_code(), Answer::CodeRight);
}

#[test]
fn r4_a_half_finished_set_up_may_be_retried_by_the_same_host_only() {
    let mut world = World::prepared();
    assert_eq!(world.right_code(), Answer::CodeRight);
    world.pass(10 * MINUTE);
    let (code, other) = (world.new.code.clone(), HostKey([8; 32]));
    for _ in 0..6 {
        assert_eq!(world.code(&code, other), Answer::TakenByAnotherHost, "R4 single use; not counted");
    }
    assert_eq!(world.ask(&Command::ConfirmHost { host_key: other, host: facts() }), Answer::TakenByAnotherHost);
    assert_eq!(world.wrong_code(), Answer::CodeRight, "it has shown already that it knows the code");
    assert_eq!(world.right_code(), Answer::CodeRight);
    assert_eq!(world.confirm(), Answer::Done);
    assert_eq!(world.right_code(), Answer::NotNow, "it resumes instead");
    assert_eq!(world.code(&code, other), Answer::TakenByAnotherHost, "link and code are dead after use");
}

#[test]
fn r4_a_set_up_that_never_finishes_ends_with_its_link() {
    let mut world = World::prepared();
    world.right_code();
    world.pass(HOUR);
    check(&world, EndReason::LinkExpired, HOUR, Removal::Pending, false);
    assert_eq!(world.confirm(), Answer::Over(EndReason::LinkExpired));
    world.pass(MINUTE);
    check(&world, EndReason::LinkExpired, HOUR, Removal::Unreachable, false);
    let mut world = World::prepared();
    world.right_code();
    let host_key = world.host.key;
    assert_eq!(world.ask(&Command::HostRemoved { host_key }), Answer::Done);
    check(&world, EndReason::Customer, 0, Removal::Done, false);
}

#[test]
fn r12_a_computer_that_already_runs_a_host_is_refused_and_the_technician_sees_it() {
    let mut world = World::prepared();
    let refuse = Command::RefuseHost { reason: "already-hosting".into() };
    assert_eq!(world.ask(&refuse), Answer::Done);
    assert_eq!(
        world.session.last_refusal.as_ref().map(|r| (r.at, r.reason.as_str())),
        Some((START, "already-hosting"))
    );
    for _ in 0..100 {
        world.pass(SECOND / 2);
        world.ask(&refuse);
    }
    assert_eq!(world.events.len(), 2, "started over and over, it is told once a minute");
    world.pass(MINUTE);
    world.ask(&refuse);
    assert_eq!(world.events.len(), 3);
    assert_eq!(world.right_code(), Answer::CodeRight, "another computer may still join");
    world.confirm();
    assert_eq!(world.ask(&refuse), Answer::NotNow);
    world.end(EndReason::Technician);
    assert_eq!(world.ask(&refuse), Answer::Over(EndReason::Technician));
}

#[test]
fn r7_r18_a_second_session_is_refused_until_the_first_has_ended() {
    let limits = Limits { per_technician: 1, per_company: 5, lease: DAY };
    let check = |technician_open, company_open, seats, expect| {
        assert_eq!(admit(Usage { technician_open, company_open, seats }, limits), expect);
    };
    check(0, 0, 1, Ok(()));
    check(1, 1, 5, Err(QuotaRefusal::Technician(1)));
    check(0, 4, 5, Ok(()));
    check(0, 5, 9, Err(QuotaRefusal::Company(5)));
    check(0, 3, 3, Err(QuotaRefusal::NoSeat(3)));
    check(0, 0, 0, Err(QuotaRefusal::NoSeat(0)));
    check(1, 5, 5, Err(QuotaRefusal::Technician(1)));
    let mut world = World::active();
    for (ended, open) in [(false, 1), (true, 0)] {
        if ended {
            world.end(EndReason::Technician);
        }
        check(
            u32::from(world.session.is_open()),
            u32::from(world.session.is_open()),
            5,
            match open {
                0 => Ok(()),
                open => Err(QuotaRefusal::Technician(open)),
            },
        );
    }
}

#[test]
fn r5_the_hosts_clock_set_back_gains_nothing() {
    for online in [true, false] {
        let mut world = World::active();
        world.host.online = online;
        world.pass(HOUR);
        world.set_host_clock(-(20 * HOUR as i64));
        world.pass(22 * HOUR);
        assert!(!world.host.removed);
        world.power_off();
        world.pass(30 * MINUTE);
        world.power_on();
        assert!(!world.host.removed);
        world.pass(30 * MINUTE);
        check(&world, EndReason::LeaseExpired, DAY, if online { Removal::Done } else { Removal::Pending }, true);
    }
}

#[test]
fn r5_a_hosts_lease_may_end_a_moment_before_the_servers() {
    let mut world = World::active();
    world.pass(HOUR);
    world.set_host_clock(2 * SECOND as i64);
    world.pass(23 * HOUR - 10 * SECOND);
    assert_eq!(world.session.state_name(), "active");
    world.pass(9 * SECOND);
    check(&world, EndReason::LeaseExpired, DAY - 2 * SECOND, Removal::Done, true);
}

#[test]
fn r5_a_years_jump_of_the_hosts_clock_ends_its_lease_and_the_session_with_it() {
    let mut world = World::active();
    world.pass(HOUR);
    world.set_host_clock(365 * DAY as i64);
    world.pass(SECOND);
    check(&world, EndReason::Customer, HOUR + SECOND, Removal::Done, true);
}

#[test]
fn r5_the_servers_clock_set_back_does_not_lengthen_the_hosts_lease() {
    let mut world = World::active();
    world.pass(23 * HOUR);
    world.now -= 10 * HOUR;
    world.pass(HOUR);
    assert!(world.host.removed);
    assert_eq!(world.end_reason(), Some(EndReason::Customer));
}

#[test]
fn r15_nothing_reopens_an_ended_session() {
    for reason in [EndReason::Technician, EndReason::Customer, EndReason::Licence, EndReason::Operator] {
        let mut world = World::active();
        assert_eq!(world.end(reason), Answer::Done);
        assert_eq!(world.right_code(), Answer::Over(reason));
        assert_eq!(world.confirm(), Answer::Over(reason));
        world.pass(2 * DAY);
        assert_eq!(world.end_reason(), Some(reason));
    }
}

#[test]
fn r13_nobody_ends_a_session_by_a_reason_that_only_time_or_tries_can_give() {
    for reason in [EndReason::LeaseExpired, EndReason::LinkExpired, EndReason::CodeBurned] {
        let mut world = World::active();
        assert_eq!(world.end(reason), Answer::NotNow);
        assert_eq!(world.session.state_name(), "active");
    }
}

#[test]
fn r13_only_its_own_host_can_say_that_it_is_gone() {
    let mut world = World::active();
    let stranger = Command::HostRemoved { host_key: HostKey([9; 32]) };
    assert_eq!(world.ask(&stranger), Answer::NotNow);
    world.end(EndReason::Technician);
    assert_eq!(world.ask(&stranger), Answer::NotNow);
    check(&world, EndReason::Technician, 0, Removal::Pending, false);
}

#[test]
fn r20_other_capabilities_are_chosen_while_it_is_prepared_and_while_it_runs() {
    let choice = |names: &[&str]| Command::Choose { capabilities: ids(names) };
    let chosen = |added: &[&str], removed: &[&str]| Event::Chosen { added: ids(added), removed: ids(removed) };
    let mut world = World::prepared();
    assert_eq!(world.ask(&choice(&["file-manager", "remote-control"])), Answer::Done);
    assert_eq!(world.events.last(), Some(&chosen(&["file-manager"], &[])));
    world.right_code();
    world.confirm();
    let lease = world.session.state.clone();
    world.pass(HOUR);
    assert_eq!(world.ask(&choice(&["dashboard", "file-manager"])), Answer::Done);
    assert_eq!(world.events.last(), Some(&chosen(&["dashboard"], &["remote-control"])));
    assert_eq!(world.session.state, lease, "R5 the lease stands");
    let told = world.events.len();
    assert_eq!(world.ask(&choice(&["dashboard", "file-manager"])), Answer::Done);
    assert_eq!(world.events.len(), told, "the same again is nothing new");
    world.end(EndReason::Technician);
    assert_eq!(world.ask(&choice(&["remote-control"])), Answer::Over(EndReason::Technician));
    assert_eq!(world.session.capabilities, ids(&["dashboard", "file-manager"]), "history stays as it was");
}

fn ids(names: &[&str]) -> Vec<CapabilityId> {
    names.iter().map(|name| CapabilityId::new(*name).unwrap()).collect()
}
