//! What the dashboard costs the customer's computer while it is shown, and while it is not.

use crate::scene::{Customer, Service};
use crate::table;
use crate::viewer::Channel;
use anyhow::Result;
use serde_json::json;
use std::time::{Duration, Instant};

/// How long each view is shown.
const SHOWN: Duration = Duration::from_secs(20);

pub(crate) async fn measure() -> Result<()> {
    table::section("dashboard (processor time of the host, of one processor)");
    let service = Service::start().await?;
    let customer = service.customer("dashboard", None).await?;
    service.list(&customer)?;
    let (mut channel, _) = Channel::open(&service, &customer, "dashboard").await?;
    let views: [(&str, &[&str], u64); 4] = [
        ("nothing shown", &[], 1000),
        ("overview, each second", &["load", "drives", "networks", "disks"], 1000),
        ("overview, twice a second", &["load", "drives", "networks", "disks"], 500),
        ("processes, each 2 s", &["processes"], 2000),
    ];
    for (name, show, every) in views {
        channel.send(json!({"op": "watch", "show": show, "every": every})).await?;
        // The first reading measures for longer, and is left out.
        channel.listen(Duration::from_secs(2)).await?;
        let (start, before) = (Instant::now(), host(&service, &customer)?);
        let (messages, bytes) = channel.listen(SHOWN).await?;
        let share = (host(&service, &customer)? - before).as_secs_f64() / start.elapsed().as_secs_f64();
        table::line(name, format!("{:.2} %, {messages} messages, {bytes} bytes", share * 100.0));
    }
    let processes = std::fs::read_dir("/proc")?.flatten().filter(|entry| entry.path().join("stat").exists()).count();
    table::note(format!("of {processes} processes; a clock tick of 10 ms is {:.2} %", 1.0 / SHOWN.as_secs_f64()));
    channel.close().await?;
    service.end(customer).await
}

fn host(service: &Service, customer: &Customer) -> Result<Duration> {
    let [_, host] = service.cpu(customer)?;
    Ok(host)
}
