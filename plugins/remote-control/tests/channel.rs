//! The whole channel against a desktop in memory: what the viewer sends, what it gets, and when nothing is asked of the
//! host.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use hospes_plugin_remote_control::desk::{Desk, Pipe, Taken};
use hospes_plugin_remote_control::message::Button;
use hospes_plugin_remote_control::serve::{IN_FLIGHT, Session};
use hospes_sdk::cursor::{Image, Point};
use hospes_sdk::screen::{Display, Frame, Rect};
use hospes_sdk::{Denial, Error, Result};
use hospes_tiles::{Area, Decoder};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// A screen of 200 x 100 pixels of one value, which changes when a test says so.
#[derive(Default)]
struct State {
    value: Cell<u8>,
    damaged: Cell<bool>,
    frames: Cell<u64>,
    no_screen: Cell<bool>,
    no_input: Cell<bool>,
    place: Cell<(i32, i32)>,
    did: RefCell<Vec<String>>,
    opened: Cell<u32>,
}

struct Fake(Rc<State>);

impl Fake {
    fn act(&self, what: String) -> Result<()> {
        if self.0.no_input.get() {
            return Err(Error::Denied(Denial::LocalUserDenied));
        }
        self.0.did.borrow_mut().push(what);
        Ok(())
    }
}

impl Desk for Fake {
    type Capture = Rc<State>;

    fn displays(&self) -> Result<Vec<Display>> {
        if self.0.no_screen.get() {
            return Err(Error::Denied(Denial::LocalUserRevoked));
        }
        let display =
            |id, primary| Display { id, name: format!("D{id}"), x: 0, y: 0, width: 200, height: 100, primary };
        Ok(vec![display(7, false), display(9, true)])
    }
    fn open(&self, display: u32) -> Result<Rc<State>> {
        self.displays()?;
        self.0.opened.set(display);
        self.0.damaged.set(true);
        Ok(Rc::clone(&self.0))
    }
    fn next(&self, capture: &Rc<State>) -> Result<Option<Frame>> {
        self.displays()?;
        if !capture.damaged.replace(false) {
            return Ok(None);
        }
        capture.frames.set(capture.frames.get() + 1);
        let changed = vec![Rect { x: 0, y: 0, width: 200, height: 100 }];
        Ok(Some(Frame { sequence: capture.frames.get(), width: 200, height: 100, changed, at: 1234 }))
    }
    fn read(&self, capture: &Rc<State>, area: Area) -> Result<Vec<u8>> {
        self.displays()?;
        Ok(vec![capture.value.get(); (area.width * area.height * 4) as usize])
    }
    fn pointer_place(&self, _: u32) -> Result<Option<Point>> {
        let (x, y) = self.0.place.get();
        Ok((x >= 0).then_some(Point { x, y }))
    }
    fn pointer_picture(&self, known: u64) -> Result<Option<Image>> {
        let image = Image { serial: 5, width: 1, height: 1, hotspot: Point { x: 0, y: 0 }, rgba: vec![1, 2, 3, 4] };
        Ok((known != 5).then_some(image))
    }
    fn input_unlocked(&self) -> bool {
        !self.0.no_input.get()
    }
    fn move_to(&self, display: u32, to: Point) -> Result<()> {
        self.act(format!("move {display} {} {}", to.x, to.y))
    }
    fn press(&self, button: Button, down: bool) -> Result<()> {
        self.act(format!("{button:?} {down}"))
    }
    fn wheel(&self, dx: i32, dy: i32) -> Result<()> {
        self.act(format!("wheel {dx} {dy}"))
    }
    fn key(&self, code: &str, down: bool) -> Result<()> {
        if code == "Bad" { Err(Error::Invalid("no such key".into())) } else { self.act(format!("{code} {down}")) }
    }
    fn text(&self, text: &str) -> Result<()> {
        self.act(format!("text {text}"))
    }
    fn release_all(&self) {
        self.0.did.borrow_mut().push("release".into());
    }
}

type Happening = Box<dyn Fn(&State)>;

/// What happens, in order: messages, things on the screen, and moments without anything.
enum Event {
    Says(Value),
    Happens(Happening),
}

fn says(message: Value) -> Event {
    Event::Says(message)
}

fn happens(what: impl Fn(&State) + 'static) -> Event {
    Event::Happens(Box::new(what))
}

fn painted(value: u8) -> Event {
    happens(move |state| {
        state.value.set(value);
        state.damaged.set(true);
    })
}

struct Script {
    state: Rc<State>,
    events: RefCell<VecDeque<Event>>,
    sent: Rc<RefCell<Vec<Vec<u8>>>>,
    /// Each wait: was the capture waited on too?
    waits: Rc<RefCell<Vec<bool>>>,
}

impl Pipe<Rc<State>> for Script {
    fn wait(&self, capture: Option<&Rc<State>>) -> bool {
        self.waits.borrow_mut().push(capture.is_some());
        let next = || self.events.borrow_mut().pop_front_if(|event| matches!(event, Event::Happens(_)));
        while let Some(Event::Happens(what)) = next() {
            what(&self.state);
            if capture.is_some() {
                return true;
            }
        }
        capture.is_some_and(|state| state.damaged.get())
    }
    fn take(&self) -> Result<Taken> {
        let mut events = self.events.borrow_mut();
        Ok(match events.front() {
            None => Taken::Gone,
            Some(Event::Happens(_)) => Taken::Nothing,
            Some(Event::Says(_)) => match events.pop_front() {
                Some(Event::Says(Value::Null)) => Taken::Nothing,
                Some(Event::Says(message)) => Taken::Message(serde_json::to_vec(&message).unwrap()),
                _ => unreachable!(),
            },
        })
    }
    fn send(&self, message: &[u8]) -> Result<()> {
        self.sent.borrow_mut().push(message.to_vec());
        Ok(())
    }
}

struct Played {
    state: Rc<State>,
    sent: Vec<Vec<u8>>,
    waits: Vec<bool>,
}

impl Played {
    fn json(&self) -> Vec<Value> {
        self.sent.iter().filter(|m| m[0] == b'{').map(|m| serde_json::from_slice(m).unwrap()).collect()
    }
    fn of_kind(&self, kind: u8) -> Vec<&Vec<u8>> {
        self.sent.iter().filter(|message| message[0] == kind).collect()
    }
    fn of_type<'a>(&self, all: &'a [Value], name: &str) -> Vec<&'a Value> {
        all.iter().filter(|message| message["type"] == name).collect()
    }
}

fn play(prepare: impl Fn(&State), events: Vec<Event>) -> Played {
    let state: Rc<State> = Rc::default();
    prepare(&state);
    let (sent, waits) = (Rc::default(), Rc::default());
    let events = RefCell::new(events.into());
    let script = Script { state: Rc::clone(&state), events, sent: Rc::clone(&sent), waits: Rc::clone(&waits) };
    Session::new(Fake(Rc::clone(&state)), script, "{}").run().unwrap();
    let (sent, waits) = (sent.borrow().clone(), waits.borrow().clone());
    Played { state, sent, waits }
}

fn start() -> Event {
    says(json!({"type": "start"}))
}

fn nothing() -> Event {
    says(Value::Null)
}

#[test]
fn the_component_speaks_first_and_captures_nothing_unasked() {
    let played = play(|_| {}, vec![painted(1), nothing()]);
    let hello = &played.json()[0];
    assert_eq!((&hello["type"], &hello["v"], &hello["display"]), (&json!("hello"), &json!(1), &json!(9)));
    assert_eq!(hello["displays"].as_array().unwrap().len(), 2);
    assert_eq!(hello["input"], json!({"allowed": true}));
    assert_eq!((played.sent.len(), played.state.frames.get()), (1, 0));
    assert!(!played.waits.contains(&true));
}

#[test]
fn the_first_frame_is_whole_and_later_ones_are_what_differs() {
    let played = play(
        |state| state.value.set(3),
        vec![start(), nothing(), painted(3), nothing(), painted(4), nothing(), nothing()],
    );
    let tiles = played.of_kind(1);
    assert_eq!(tiles.len(), 2, "painting the same again sends nothing");
    let mut decoder = Decoder::new();
    for (message, value) in tiles.into_iter().zip([3, 4]) {
        let update = decoder.decode(message).unwrap();
        assert_eq!(update.header.taken_at, 1234);
        assert!(decoder.rgba().chunks(4).all(|pixel| pixel == [value, value, value, 255]));
    }
    assert_eq!(played.of_kind(2).len(), 1, "the pointer's picture");
    assert_eq!(played.of_kind(3).len(), 1, "the pointer's place");
    assert_eq!(played.state.opened.get(), 9);
}

#[test]
fn credits_bound_the_frames_and_without_them_nothing_is_captured() {
    let mut events = vec![start(), nothing()];
    for value in 1..8 {
        events.extend([painted(value), nothing()]);
    }
    let played = play(|_| {}, events);
    assert_eq!(played.of_kind(1).len(), IN_FLIGHT);
    assert_eq!(played.state.frames.get() as usize, IN_FLIGHT, "what nobody sees is not taken");
    assert_eq!(played.waits.last(), Some(&false), "without credits only the viewer is waited for");

    let played = play(
        |_| {},
        vec![
            start(),
            painted(1),
            painted(2),
            nothing(),
            painted(3),
            painted(4),
            nothing(),
            says(json!({"type": "ack", "sequence": 2})),
            nothing(),
            nothing(),
        ],
    );
    let tiles = played.of_kind(1);
    let mut decoder = Decoder::new();
    tiles.iter().for_each(|message| _ = decoder.decode(message).unwrap());
    assert_eq!(decoder.rgba()[0], 4, "the newest picture, not the ones in between");
}

#[test]
fn input_is_passed_on_in_order_and_movements_are_reduced() {
    let events = [
        json!({"type": "move", "x": 1, "y": 1}),
        json!({"type": "move", "x": 2, "y": 2}),
        json!({"type": "button", "button": "left", "down": true, "x": 3, "y": 4}),
        json!({"type": "move", "x": 5, "y": 6}),
        json!({"type": "button", "button": "left", "down": false}),
        json!({"type": "wheel", "dx": 0, "dy": 999}),
        json!({"type": "key", "code": "KeyA", "down": true}),
        json!({"type": "text", "text": "é"}),
        json!({"type": "release"}),
    ];
    let played = play(|_| {}, events.into_iter().map(says).collect());
    let did = [
        "move 9 2 2",
        "move 9 3 4",
        "Left true",
        "move 9 5 6",
        "Left false",
        "wheel 0 100",
        "KeyA true",
        "text é",
        "release",
    ];
    assert_eq!(*played.state.did.borrow(), did);
}

#[test]
fn without_a_yes_to_control_the_viewer_is_told_once_and_the_picture_goes_on() {
    let key = || says(json!({"type": "key", "code": "KeyA", "down": true}));
    let movement = || says(json!({"type": "move", "x": 1, "y": 1}));
    let played = play(
        |state| state.no_input.set(true),
        vec![
            start(),
            movement(),
            key(),
            key(),
            nothing(),
            painted(5),
            nothing(),
            happens(|s| s.no_input.set(false)),
            nothing(),
            key(),
            nothing(),
        ],
    );
    let all = played.json();
    assert_eq!(all[0]["input"]["allowed"], false);
    let told: Vec<_> =
        played.of_type(&all, "input").into_iter().map(|m| (m["allowed"].clone(), m["reason"].clone())).collect();
    assert_eq!(told, [(json!(false), json!("local-user-denied")), (json!(true), Value::Null)]);
    assert_eq!(*played.state.did.borrow(), ["KeyA true"]);
    assert!(!played.of_kind(1).is_empty());
}

#[test]
fn a_picture_that_is_taken_back_ends_and_can_be_started_again() {
    let played = play(
        |_| {},
        vec![
            start(),
            nothing(),
            happens(|s| s.no_screen.set(true)),
            nothing(),
            start(),
            nothing(),
            happens(|s| s.no_screen.set(false)),
            start(),
            nothing(),
            nothing(),
        ],
    );
    let all = played.json();
    let pictures: Vec<_> =
        played.of_type(&all, "picture").into_iter().map(|m| (m["available"].clone(), m["reason"].clone())).collect();
    let no = (json!(false), json!("local-user-revoked"));
    let yes = (json!(true), Value::Null);
    assert_eq!(pictures, [yes.clone(), no.clone(), no, yes]);
    let last = played.of_kind(1).last().unwrap().to_vec();
    assert_eq!(last[1] & 4, 4, "the new picture is whole");
}

#[test]
fn another_display_a_refresh_and_a_stop() {
    let played = play(
        |_| {},
        vec![
            says(json!({"type": "start", "display": 7})),
            nothing(),
            nothing(),
            says(json!({"type": "move", "x": 1, "y": 2})),
            says(json!({"type": "refresh"})),
            nothing(),
            nothing(),
            says(json!({"type": "stop"})),
            nothing(),
            painted(9),
            nothing(),
        ],
    );
    assert_eq!(played.state.opened.get(), 7);
    assert_eq!(*played.state.did.borrow(), ["move 7 1 2"]);
    let tiles = played.of_kind(1);
    assert_eq!(tiles.len(), 2);
    assert!(tiles.iter().all(|message| message[1] & 4 == 4));
}

#[test]
fn nonsense_is_named_and_the_channel_goes_on() {
    for (message, code) in [
        (json!({"type": "fly"}), "invalid"),
        (json!({"type": "move", "x": "a"}), "invalid"),
        (json!([1, 2]), "invalid"),
        (json!({"type": "key", "code": "Bad", "down": true}), "invalid"),
    ] {
        let played = play(|_| {}, vec![says(message.clone()), says(json!({"type": "release"}))]);
        assert_eq!(played.json()[1]["code"], code, "{message}");
        assert_eq!(*played.state.did.borrow(), ["release"]);
    }
}
