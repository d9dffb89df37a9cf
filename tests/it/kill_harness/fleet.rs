//! The servers of a run: one, or several on one database.

use super::api::Api;
use super::world::{Server, World, free_address};

/// All of them. The first is the one to which providers tell their news.
pub(super) struct Fleet {
    servers: Vec<Server>,
    /// What they are told beside the world's settings.
    settings: Vec<(String, String)>,
}

impl Fleet {
    /// Starts so many, one after the other, and waits until all serve.
    pub(super) async fn start(world: &World, count: usize, settings: Vec<(String, String)>) -> Self {
        let mut fleet = Self { servers: Vec::with_capacity(count), settings };
        for number in 0..count {
            let address = if number == 0 { world.address() } else { free_address() };
            let mut server = world.spawn(address, &fleet.settings);
            world.wait_until_ready(&mut server).await;
            fleet.servers.push(server);
        }
        fleet
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.servers.len()
    }

    /// One of them.
    pub(super) fn server(&mut self, place: usize) -> &mut Server {
        &mut self.servers[place]
    }

    /// A caller of each.
    pub(super) fn apis(&self, world: &World) -> Vec<Api> {
        self.servers.iter().map(|server| world.api(server.address)).collect()
    }

    /// Ends one at once; its successor takes its place, and is not waited for.
    pub(super) fn kill(&mut self, world: &World, place: usize) {
        self.kill_and_tell(world, place, &[]);
    }

    /// The same; the successor is told something more.
    pub(super) fn kill_and_tell(&mut self, world: &World, place: usize, more: &[(String, String)]) {
        self.servers[place].process.kill();
        self.follow(world, place, more);
    }

    /// Starts the successor of one that has ended.
    pub(super) fn follow(&mut self, world: &World, place: usize, more: &[(String, String)]) {
        let settings = [&self.settings[..], more].concat();
        self.servers[place] = world.spawn(self.servers[place].address, &settings);
    }

    /// Waits until one serves.
    pub(super) async fn wait_for(&mut self, world: &World, place: usize) {
        world.wait_until_ready(&mut self.servers[place]).await;
    }

    /// Waits until all serve.
    pub(super) async fn wait_for_all(&mut self, world: &World) {
        for server in &mut self.servers {
            world.wait_until_ready(server).await;
        }
    }

    /// Fails where one has ended without having been killed.
    pub(super) fn assert_running(&mut self, world: &World) {
        for server in &mut self.servers {
            world.assert_running(server);
        }
    }
}
