//! The signature of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, `v1,` and base64.

use crate::config::Secret;
use data_encoding::BASE64;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The value of `webhook-signature`.
#[must_use]
pub fn signature(secret: &Secret, id: &str, timestamp: u64, body: &[u8]) -> String {
    // HMAC takes keys of every length; `Secret` has checked that this one is long enough.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.bytes()) else { return String::new() };
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn the_signature_is_the_one_that_receivers_libraries_expect() {
        let secret = Secret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let check = |id: &str, timestamp, body: &str, expect: &str| {
            assert_eq!(signature(&secret, id, timestamp, body.as_bytes()), expect);
        };
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        check(id, 1_614_265_330, "{\"test\": 2432232314}", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_ne!(
            signature(&secret, id, 1_614_265_331, b"{\"test\": 2432232314}"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
