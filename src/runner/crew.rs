//! Workers that run at the same time, and their messages.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use anyhow::Result;

use super::worker::{Message, Worker};

/// Workers that run at the same time. Dropping it closes their standard input, which ends them.
#[derive(Debug)]
pub(super) struct Crew {
    /// The running workers by their number.
    workers: BTreeMap<usize, Worker>,
    started: usize,
    sender: Sender<(usize, Message)>,
    messages: Receiver<(usize, Message)>,
}

impl Crew {
    pub fn new() -> Self {
        let (sender, messages) = mpsc::channel();
        Self { workers: BTreeMap::new(), started: 0, sender, messages }
    }

    /// Starts a worker and returns its number; workers are numbered from 0.
    ///
    /// # Errors
    /// See [`Worker::spawn`].
    pub fn spawn(&mut self, command: Command, log: &Path) -> Result<usize> {
        let (number, sender) = (self.started, self.sender.clone());
        let worker = Worker::spawn(command, log, move |message| drop(sender.send((number, message))))?;
        self.workers.insert(number, worker);
        self.started += 1;
        Ok(number)
    }

    /// The number of running workers.
    pub fn len(&self) -> usize {
        self.workers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    /// Sends a line to every worker.
    pub fn tell_all(&mut self, line: &str) {
        self.workers.values_mut().for_each(|worker| worker.tell(line));
    }

    /// Waits for the next message and returns it with the worker's number. Without a limit it always returns one; with a
    /// limit, `None` if none came by then.
    pub fn receive(&mut self, limit: Option<Instant>) -> Option<(usize, Message)> {
        let received = match limit {
            Some(limit) => self.messages.recv_timeout(limit.saturating_duration_since(Instant::now())).ok(),
            None => self.messages.recv().ok(),
        };
        if let Some((number, Message::Ended(_))) = &received {
            self.workers.remove(number);
        }
        received
    }

    /// Ends all workers and waits for their ends; kills those that have not ended by `limit`.
    pub fn end(&mut self, limit: Instant) {
        self.workers.values_mut().for_each(Worker::close);
        while !self.is_empty() && self.receive(Some(limit)).is_some() {}
        self.workers.values().for_each(Worker::kill);
    }
}
