/** An `EventSource` wants every name; they are those of core/server/src/events.rs, `resync` meaning that some were missed. */
export const EVENTS = [
  "session.prepared", "session.code-wrong", "session.claimed", "session.activated", "session.ended", "session.changed",
  "host.online", "host.offline", "host.consent", "host.refused", "host.removed", "host.unreachable",
  "channel.opened", "channel.closed", "channel.refused", "licence.changed", "technician.changed", "notification.changed", "login.ended", "resync",
];
