//! What the technician's side says on `GET /api/v1/sessions/{id}/channels/{capability}` before plugin bytes flow.
//! Text frames of JSON; after `opened` binary frames are the plugin's own messages, and a text frame is the last one,
//! saying why the channel ended.

use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_with::{base64::Base64, serde_as};

/// First message of the technician's side: `{"v":1,"ticket":"..."}` or `{"v":1,"token":"..."}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// [`crate::VERSION`].
    pub v: u16,
    /// A single-use ticket of `POST /sessions/{id}/tickets`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// A bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// JSON for the plugin's `run`; `{}` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<serde_json::Value>,
}

/// Later text frames of the technician's side.
#[serde_as]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromTechnician {
    /// A PAKE message for the host.
    Pake {
        /// Opaque.
        #[serde_as(as = "Base64")]
        message: Vec<u8>,
    },
    /// The technician's side will send no more plugin messages.
    Finish {},
}

/// Text frames of the server's side. `type` says which; `need`, `opened` and `refused` also stand as keys, so that a
/// script may look for either.
#[serde_as]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToTechnician {
    /// The session password must be proved first: send a PAKE message.
    Need {
        /// `session-password`.
        need: String,
        /// Seconds until a guess is answered.
        retry_after: u32,
    },
    /// A PAKE message of the host.
    Pake {
        /// Opaque.
        #[serde_as(as = "Base64")]
        message: Vec<u8>,
    },
    /// Something takes time.
    Wait {
        /// `asking-customer`, `fetching` or `starting`.
        reason: String,
    },
    /// Plugin messages follow.
    Opened {
        /// Facts about the channel.
        opened: Opened,
    },
    /// Not opened; the socket closes.
    Refused {
        /// Why.
        refused: Problem,
    },
    /// The channel ended; the socket closes. Without a problem the plugin ended by itself.
    Closed {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<Problem>,
    },
}

/// Facts about an open channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opened {
    /// Its id.
    pub channel: String,
    /// The interfaces that are unlocked.
    pub interfaces: Vec<String>,
}
