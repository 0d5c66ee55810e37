//! What breaks.

use std::time::Duration;

use chengping_testing::{Cluster, Dice, End, FaultProxy};

use super::world::World;

/// Whose network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// Between the platform and the service.
    Clients,
    /// Between the service and its database.
    Database,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Broken for a while.
    Cut,
    /// Still for a while, and then goes on.
    Stall,
    /// All connections are reset.
    Reset,
    /// All connections are lost, and one end is never told.
    HalfOpen(End),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// `kill -9` of the service.
    Kill,
    /// Immediate shutdown of PostgreSQL.
    Crash,
    Network(Network, Fault),
}

/// Every trouble once.
pub(crate) const DECK: [Trouble; 12] = {
    use self::Fault::{Cut, HalfOpen, Reset, Stall};
    use self::Network::{Clients, Database};
    [
        Trouble::Kill,
        Trouble::Crash,
        Trouble::Network(Clients, Cut),
        Trouble::Network(Clients, Stall),
        Trouble::Network(Clients, Reset),
        Trouble::Network(Clients, HalfOpen(End::Near)),
        Trouble::Network(Clients, HalfOpen(End::Far)),
        Trouble::Network(Database, Cut),
        Trouble::Network(Database, Stall),
        Trouble::Network(Database, Reset),
        Trouble::Network(Database, HalfOpen(End::Near)),
        Trouble::Network(Database, HalfOpen(End::Far)),
    ]
};

/// How long something stays broken, in milliseconds: shorter than anybody waits, or longer.
const SHORT_MS: u64 = 300;
const LONG_MS: u64 = 7_000;

impl Trouble {
    /// Breaks something, and mends it.
    pub(crate) async fn happen(self, world: &mut World, cluster: &mut Cluster, dice: &mut Dice) {
        let longest = if dice.below(8) == 0 { LONG_MS } else { SHORT_MS };
        let pause = Duration::from_millis(dice.below(longest));
        match self {
            Self::Kill => {
                world.kill().await;
                tokio::time::sleep(pause).await;
                world.start_again();
            }
            Self::Crash => {
                cluster.crash().await.unwrap();
                tokio::time::sleep(pause).await;
                cluster.restart().await.unwrap();
            }
            Self::Network(network, fault) => {
                let proxy = match network {
                    Network::Clients => &world.clients,
                    Network::Database => &world.database,
                };
                break_network(proxy, fault, pause).await;
            }
        }
    }
}

async fn break_network(proxy: &FaultProxy, fault: Fault, pause: Duration) {
    match fault {
        Fault::Cut => proxy.cut(),
        Fault::Stall => proxy.stall(),
        Fault::Reset => return proxy.reset(),
        Fault::HalfOpen(unaware) => return proxy.half_open(unaware),
    }
    tokio::time::sleep(pause).await;
    proxy.restore();
}
