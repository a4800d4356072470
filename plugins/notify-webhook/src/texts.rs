//! What people read of this plugin: what is wrong with a channel's settings. A missing text does not compile, an unused
//! one is a warning that fails the checks.

/// The texts of one language.
pub(crate) struct Texts {
    pub(crate) not_object: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) url_plain: &'static str,
    pub(crate) url_shape: &'static str,
    pub(crate) secret: &'static str,
}

const EN: Texts = Texts {
    not_object: "Expected an object with the fields url and secret.",
    unknown: "This setting does not exist.",
    url_plain: "The address must begin with https://; http:// is for receivers on the server itself.",
    url_shape: "Expected an address such as https://example.org/hooks, without user name and without spaces.",
    secret: "Expected whsec_ and 24 to 64 random bytes as base64.",
};

const FR: Texts = Texts {
    not_object: "Attendu : un objet avec les champs url et secret.",
    unknown: "Ce réglage n’existe pas.",
    url_plain: "L’adresse doit commencer par https:// ; http:// est réservé aux récepteurs sur le serveur lui-même.",
    url_shape: "Attendu : une adresse telle que https://example.org/hooks, sans nom d’utilisateur ni espaces.",
    secret: "Attendu : whsec_ suivi de 24 à 64 octets aléatoires en base64.",
};

const ES: Texts = Texts {
    not_object: "Se esperaba un objeto con los campos url y secret.",
    unknown: "Este ajuste no existe.",
    url_plain: "La dirección debe empezar por https://; http:// es solo para receptores en el propio servidor.",
    url_shape: "Se esperaba una dirección como https://example.org/hooks, sin nombre de usuario ni espacios.",
    secret: "Se esperaba whsec_ y de 24 a 64 bytes aleatorios en base64.",
};

/// The texts of a language, by its tag; English for any other.
pub(crate) fn of(language: &str) -> &'static Texts {
    match language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "fr" => &FR,
        "es" => &ES,
        _ => &EN,
    }
}
