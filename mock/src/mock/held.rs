//! The world in somebody's hands, and what can be known of it meanwhile.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::tasks::Clock;
use crate::world::World;

/// What is told of a world without waiting for whoever holds it: as it was when it was last put back.
#[derive(Clone, Debug)]
pub struct Pulse {
    /// The time.
    pub clock: Clock,
    /// How many tasks wait.
    pub waiting: usize,
}

impl Pulse {
    /// That of a world.
    pub fn of(world: &World) -> Self {
        Self { clock: world.clock.clone(), waiting: world.queue.len() }
    }
}

/// The world, held. Putting it back leaves its pulse.
pub struct Held<'m> {
    world: MutexGuard<'m, World>,
    pulse: &'m Mutex<Pulse>,
}

impl<'m> Held<'m> {
    /// Holds a world that is locked.
    pub fn new(world: MutexGuard<'m, World>, pulse: &'m Mutex<Pulse>) -> Self {
        Self { world, pulse }
    }
}

impl Deref for Held<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.pulse.lock().unwrap_or_else(PoisonError::into_inner) = Pulse::of(&self.world);
    }
}
