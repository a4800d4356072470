//! A notifier that does what the event's name says: behaves, or misbehaves in one of many ways. The payload is the
//! argument. Imports `hospes:notify/http` and `hospes:notify/mail`.

use hospes_sdk::{Delivery, Error, Notifier, Problem, Result, Undelivered, http, key_for, mail};
use std::cell::Cell;
use std::time::Duration;

struct Hostile;

thread_local! {
    /// What a fresh instance cannot remember.
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

impl Notifier for Hostile {
    fn deliver(delivery: Delivery) -> Result<(), Undelivered> {
        CALLS.set(CALLS.get() + 1);
        let argument = delivery.payload.as_str();
        match delivery.event.as_str() {
            "mail" => mail::send(&delivery.key, &message("ana@example.org", argument))?,
            "mail-to" => mail::send(&delivery.key, &message(argument, "Hello"))?,
            "mail-key" => mail::send(argument, &message("ana@example.org", "Hello"))?,
            "mail-flood" => {
                for number in 0..1000 {
                    let _ = mail::send(&key_for(&delivery, &number.to_string()), &message("ana@example.org", "Hello"));
                }
            }
            "http" => answered(http::send(&request(argument, "x")))?,
            "http-header" => answered(http::send(&request("https://hooks.example.org/", argument)))?,
            "loop" => loop {
                std::hint::black_box(0);
            },
            "memory" => {
                let mut held = Vec::new();
                loop {
                    held.push(std::hint::black_box(vec![1_u8; 1 << 20]));
                }
            }
            "sleep" => std::thread::sleep(Duration::from_secs(3600)),
            "log-flood" => loop {
                hospes_sdk::info!("all work and no play");
            },
            "big-call" => mail::send(&delivery.key, &message("ana@example.org", &"x".repeat(16 << 20)))?,
            "trap" => {
                let held = std::hint::black_box(Vec::<u8>::new());
                assert!(!held.is_empty(), "the cupboard is bare");
            }
            "calls" => return Err(Undelivered::for_good("calls", CALLS.get().to_string())),
            "long-words" => {
                return Err(Undelivered::for_now("Not A Code\r\n", format!("first\r\nsecond {}", "x".repeat(10_000))));
            }
            "attempt" => return Err(Undelivered::for_now("attempt", delivery.attempt.to_string())),
            other => return Err(Error::Invalid(format!("no event {other}")).into()),
        }
        Ok(())
    }

    fn check_config(config: &str, language: &str) -> Vec<Problem> {
        match config {
            "flood" => (0..1000).map(|number| Problem::new(format!("field\n{number}"), "x".repeat(1000))).collect(),
            "mail" => {
                let sent = mail::send("check-config", &message("ana@example.org", "Hello"));
                vec![Problem::new("mail", sent.err().map_or("sent".to_owned(), |error| error.message()))]
            }
            _ => vec![Problem::new("language", language)],
        }
    }
}

fn message(to: &str, subject: &str) -> mail::Message {
    mail::Message { to: to.to_owned(), subject: subject.to_owned(), text: "text".to_owned(), html: None }
}

fn request(url: &str, header: &str) -> http::Request {
    let headers = vec![("X-Thing".to_owned(), header.to_owned())];
    http::Request { method: "POST".to_owned(), url: url.to_owned(), headers, body: b"{}".to_vec() }
}

/// The answer as the reason of a failure, so that a test can look at it.
fn answered(answer: Result<http::Response>) -> Result<(), Undelivered> {
    let answer = answer?;
    Err(Undelivered::for_now("answer", format!("{} with {} bytes", answer.status, answer.body.len())))
}

hospes_sdk::export_notifier!(Hostile);
