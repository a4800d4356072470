//! How long it takes until the technician sees something.

use crate::desktop::{Desktop, SIZE};
use crate::scene::Service;
use crate::table::{line, median, ms, note, section, spread};
use crate::viewer::{Channel, Viewer};
use anyhow::{Result, ensure};
use std::time::Instant;

/// New customers, each with nothing of a plugin on its computer.
const CUSTOMERS: usize = 3;
/// Openings after the first, for each customer.
const AGAIN: usize = 5;

pub(crate) async fn measure() -> Result<()> {
    section("open to first content (WebSocket connect to content; picture 1920x1080, page of text)");
    let desktop = Desktop::start()?;
    let service = Service::start().await?;
    let (mut joined, mut first_list, mut list) = (Vec::new(), Vec::new(), Vec::new());
    let (mut cold, mut warm, mut warm_hello, mut files) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 0..CUSTOMERS {
        let start = Instant::now();
        let customer = service.customer(&format!("customer-{number}"), Some(&desktop.display)).await?;
        joined.push(start.elapsed());
        first_list.push(service.list(&customer)?);
        list.push(service.list(&customer)?);
        for again in 0..=AGAIN {
            let (viewer, [hello, picture]) = Viewer::open(&service, &customer).await?;
            ensure!(viewer.size() == (u32::from(SIZE.0), u32::from(SIZE.1)), "an odd picture: {:?}", viewer.size());
            viewer.close().await?;
            if again == 0 {
                cold.push(picture);
            } else {
                warm.push(picture);
                warm_hello.push(hello);
            }
        }
        for _ in 0..AGAIN {
            let start = Instant::now();
            let (channel, _) = Channel::open(&service, &customer, "file-manager").await?;
            files.push(start.elapsed());
            channel.close().await?;
        }
        service.end(customer).await?;
    }
    line("prepare, start the host, online", format!("median {} (n {})", ms(median(&joined)), joined.len()));
    line(
        "first whole picture, cold: plugin fetched and compiled",
        format!("median {} (n {})", ms(median(&cold)), cold.len()),
    );
    line("first whole picture, warm", spread(&warm));
    line("  of which until the plugin's hello", spread(&warm_hello));
    line("file manager's hello, warm", spread(&files));
    line(
        "`hospes ls`, cold: password, plugin fetched and compiled",
        format!("median {} (n {})", ms(median(&first_list)), first_list.len()),
    );
    line(
        "`hospes ls`, warm: process start and password included",
        format!("median {} (n {})", ms(median(&list)), list.len()),
    );
    note("cold once for each of the customers, the plugin's cache on the host being empty");
    Ok(())
}
