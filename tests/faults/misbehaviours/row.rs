//! What a row says, and the words it is written in.

use crate::{
    peer::{Door, Play, Rule, Tls, When, good},
    surfaces::Surface,
    verdict::Class,
};

/// A choice among surfaces.
type Choice = fn(&Surface) -> bool;

/// A misbehaviour.
#[derive(Clone, Debug)]
pub struct Row {
    pub door: Door,
    pub when: When,
    pub play: Play,
    /// Requests at one time.
    pub load: usize,
    /// How often all of it is asked, one time after the other.
    pub turns: usize,
    /// How long the prompt is, in bytes.
    pub upload: usize,
    /// What is to come of it; the last that fits counts.
    classes: Vec<(Choice, Class)>,
    /// What may come of it as well.
    pub or: Option<Class>,
    /// What is not as it should be, and why.
    known: Vec<(Choice, &'static str)>,
}

/// Whoever plays this once a request is there.
pub fn plays(play: Play) -> Row {
    let classes = vec![(any as Choice, Class::Absent)];
    Row {
        door: Door::Plain,
        when: When::Request,
        play,
        load: 1,
        turns: 1,
        upload: 8,
        classes,
        or: None,
        known: Vec::new(),
    }
}

/// Whoever stands behind such a door, and answers well whom it lets in.
pub fn door(door: Door) -> Row {
    Row { door, ..plays(good) }
}

/// TLS.
pub fn tls(how: Tls) -> Row {
    door(Door::Secure(how))
}

/// HTTP/2.
pub fn http2(rule: Rule) -> Row {
    door(Door::Http2(rule))
}

fn any(_: &Surface) -> bool {
    true
}

impl Row {
    /// It plays as soon as that.
    pub fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    /// With so many requests at one time.
    pub fn load(self, load: usize) -> Self {
        Self { load, ..self }
    }

    /// So many times, so that kept connections are used again.
    pub fn turns(self, turns: usize) -> Self {
        Self { turns, ..self }
    }

    /// With a prompt of so many bytes.
    pub fn upload(self, upload: usize) -> Self {
        Self { upload, ..self }
    }

    /// On all surfaces.
    pub fn is(self, class: Class) -> Self {
        self.on(any, class)
    }

    pub fn moves_on(self, status: u16, code: &'static str) -> Self {
        self.is(Class::MovesOn(status, code))
    }

    pub fn told(self, status: u16, code: &'static str) -> Self {
        self.is(Class::Told(status, code))
    }

    pub fn answered(self) -> Self {
        self.is(Class::Answered(200))
    }

    /// It may be so as well: who comes first is not for us to say.
    pub fn or(self, class: Class) -> Self {
        Self { or: Some(class), ..self }
    }

    /// On these surfaces, whatever was said of all.
    pub fn on(mut self, surfaces: Choice, class: Class) -> Self {
        self.classes.push((surfaces, class));
        self
    }

    /// The same where text is streamed.
    pub fn streamed(self, class: Class) -> Self {
        self.on(Surface::is_streamed, class)
    }

    /// The same of sound.
    pub fn sound(self, class: Class) -> Self {
        self.on(Surface::is_sound, class)
    }

    /// On these surfaces it is not as it should be, and that is known.
    pub fn known_on(mut self, surfaces: Choice, why: &'static str) -> Self {
        self.known.push((surfaces, why));
        self
    }

    pub fn class(&self, surface: &Surface) -> Class {
        let fits = self.classes.iter().rev().find(|(choice, _)| choice(surface));
        fits.map_or(Class::Absent, |(_, class)| *class)
    }

    /// Whether it comes to an end by a limit of this code.
    pub fn waits_for(&self, limit: &str) -> bool {
        let mut classes = self.classes.iter().map(|(_, class)| class).chain(&self.or);
        classes.any(|class| match class {
            Class::MovesOn(_, code) | Class::Told(_, code) | Class::Breaks(code) => *code == limit,
            Class::Answered(_) | Class::Absent => false,
        })
    }

    pub fn known(&self, surface: &Surface) -> Option<&'static str> {
        self.known.iter().find(|(choice, _)| choice(surface)).map(|(_, why)| *why)
    }
}
