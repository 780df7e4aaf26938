//! A mail server that does what it is told, and can be where the process dies.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;

use super::super::{Line, Post, Sent};
use crate::app::AppError;
use crate::app::hook_runs::{Look, Run};
use crate::model::{Alert, Endpoint, EventName};
use crate::notify::hook::{HookOutcome, HookProgram};
use crate::notify::smtp::Mail;

/// How a mail to one address ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Defer,
    Refuse,
    /// It arrives, and nobody hears of it.
    TakeAndLose,
    Hang,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) is_down: bool,
    pub(super) inbox: Vec<Mail>,
    pub(super) answers: HashMap<String, Answer>,
    pub(super) sessions: usize,
    /// The process dies at this step, counted from 0.
    pub(super) dies_at: Option<usize>,
    step: usize,
}

#[derive(Debug, Clone, Default)]
pub(super) struct FakePost {
    pub(super) state: Rc<RefCell<State>>,
    pub(super) died: Arc<Notify>,
}

impl FakePost {
    pub(super) fn answer(&self, to: &str, answer: Answer) {
        self.state.borrow_mut().answers.insert(to.to_owned(), answer);
    }

    pub(super) fn subjects(&self) -> Vec<(String, String)> {
        self.state.borrow().inbox.iter().map(|mail| (mail.to.clone(), mail.subject.clone())).collect()
    }

    pub(super) fn dies_at(&self, step: Option<usize>) {
        let mut state = self.state.borrow_mut();
        (state.dies_at, state.step) = (step, 0);
    }

    /// A place between two steps.
    async fn step(&self) {
        let dies = {
            let mut state = self.state.borrow_mut();
            state.step += 1;
            state.dies_at == Some(state.step - 1)
        };
        if dies {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

impl Post for FakePost {
    type Line = FakePost;

    async fn open(&self) -> Result<FakePost, String> {
        self.step().await;
        if self.state.borrow().is_down {
            return Err("127.0.0.1:25: cannot connect (connection refused)".to_owned());
        }
        self.state.borrow_mut().sessions += 1;
        Ok(self.clone())
    }
}

impl Line for FakePost {
    async fn send(&mut self, mail: &Mail) -> Sent {
        self.step().await;
        let answer = self.state.borrow().answers.get(&mail.to).copied();
        match answer {
            Some(Answer::Defer) => return Sent::Deferred("451 later".to_owned()),
            Some(Answer::Refuse) => return Sent::Refused("550 no such user".to_owned()),
            Some(Answer::Hang) => std::future::pending::<()>().await,
            Some(Answer::TakeAndLose) | None => {}
        }
        self.state.borrow_mut().inbox.push(mail.clone());
        self.step().await;
        if answer == Some(Answer::TakeAndLose) {
            return Sent::Unknown("connection lost".to_owned());
        }
        Sent::Accepted("250 ok".to_owned())
    }

    fn is_over(&self) -> bool {
        false
    }

    async fn close(self) {
        self.step().await;
    }
}

/// Runs and sees nothing.
#[derive(Debug)]
pub(super) struct Nobody;

impl Run for Nobody {
    async fn run(&self, _: &HookProgram, _: EventName, _: &[Arc<Alert>]) -> HookOutcome {
        unreachable!("no hook waits")
    }
}

impl Look for Nobody {
    async fn leaves(&self, _: &Endpoint) -> Result<Option<Vec<Vec<u8>>>, AppError> {
        Ok(None)
    }
}
