//! The labs that come with the program. Their files open with what to watch and what to try.

/// One lab that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    pub name: &'static str,
    pub file: &'static str,
    /// What it shows, in one sentence.
    pub summary: &'static str,
    pub text: &'static str,
}

/// In the order in which a newcomer meets them. The first is what the window opens with.
pub const PRESETS: [Preset; 8] = [
    Preset {
        name: "Starter",
        file: "starter.ron",
        summary: "Round robin sends a slow server as much as the fast ones",
        text: include_str!("../../presets/starter.ron"),
    },
    Preset {
        name: "Slow server",
        file: "slow-server.ron",
        summary: "Counting requests in flight is enough to notice that a server turned slow",
        text: include_str!("../../presets/slow-server.ron"),
    },
    Preset {
        name: "Weights",
        file: "weights.ron",
        summary: "Weighted round robin: the same shares in smooth order, in blocks, and drained",
        text: include_str!("../../presets/weights.ron"),
    },
    Preset {
        name: "Two random choices",
        file: "two-random-choices.ron",
        summary: "A second random look removes most of the waiting",
        text: include_str!("../../presets/two-random-choices.ron"),
    },
    Preset {
        name: "Add a server",
        file: "add-a-server.ron",
        summary: "A sixth server moves a sixth of the keys on a ring, and five sixths under modulo",
        text: include_str!("../../presets/add-a-server.ron"),
    },
    Preset {
        name: "Sticky and drain",
        file: "sticky-and-drain.ron",
        summary: "Draining a server breaks no session, killing it breaks those that are left",
        text: include_str!("../../presets/sticky-and-drain.ron"),
    },
    Preset {
        name: "Shop",
        file: "shop.ron",
        summary: "Paths to pools, a cart that sticks, and a tenth of the buyers on a new checkout",
        text: include_str!("../../presets/shop.ron"),
    },
    Preset {
        name: "Failover",
        file: "failover.ron",
        summary: "Two servers in reserve take what the first two cannot",
        text: include_str!("../../presets/failover.ron"),
    },
];
