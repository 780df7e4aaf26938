//! IANA registries of TLS. Each type is a struct around the wire number, so that unknown values survive.
//! Source: IANA "Transport Layer Security (TLS) Parameters".

use std::fmt;

macro_rules! registry {
    ($(#[$doc:meta])* $type:ident($number:ty), $unknown:literal { $($constant:ident = $value:literal => $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(pub $number);

        #[allow(non_upper_case_globals, reason = "constants carry the registry spelling; some registries have none")]
        impl $type {
            $(pub const $constant: Self = Self($value);)*

            /// The registry's name, if this number has one here.
            pub fn known_name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($name),)*
                    _ => None,
                }
            }

            /// The number with the registry's name `name`.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self($value)),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.known_name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, $unknown, self.0),
                }
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

registry! {
    /// Protocol version, in the names of the report.
    ProtocolVersion(u16), "0x{:04x}" {
        SSLv2 = 0x0002 => "SSLv2",
        SSLv3 = 0x0300 => "SSLv3",
        TLSv1_0 = 0x0301 => "TLSv1.0",
        TLSv1_1 = 0x0302 => "TLSv1.1",
        TLSv1_2 = 0x0303 => "TLSv1.2",
        TLSv1_3 = 0x0304 => "TLSv1.3",
    }
}

registry! {
    /// Supported group (RFC 8446 section 4.2.7).
    NamedGroup(u16), "0x{:04x}" {
        secp256r1 = 0x0017 => "secp256r1",
        secp384r1 = 0x0018 => "secp384r1",
        secp521r1 = 0x0019 => "secp521r1",
        x25519 = 0x001d => "x25519",
        x448 = 0x001e => "x448",
        ffdhe2048 = 0x0100 => "ffdhe2048",
        ffdhe3072 = 0x0101 => "ffdhe3072",
        ffdhe4096 = 0x0102 => "ffdhe4096",
        X25519MLKEM768 = 0x11ec => "X25519MLKEM768",
        SecP256r1MLKEM768 = 0x11eb => "SecP256r1MLKEM768",
        SecP384r1MLKEM1024 = 0x11ed => "SecP384r1MLKEM1024",
    }
}

registry! {
    /// Signature scheme (RFC 8446 section 4.2.3).
    SignatureScheme(u16), "0x{:04x}" {
        ecdsa_secp256r1_sha256 = 0x0403 => "ecdsa_secp256r1_sha256",
    }
}

registry! {
    /// Cipher suite.
    CipherSuite(u16), "0x{:04x}" {
        TLS_AES_128_GCM_SHA256 = 0x1301 => "TLS_AES_128_GCM_SHA256",
        TLS_AES_256_GCM_SHA384 = 0x1302 => "TLS_AES_256_GCM_SHA384",
        TLS_CHACHA20_POLY1305_SHA256 = 0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
    }
}

registry! {
    /// Alert description (RFC 8446 section 6).
    AlertDescription(u8), "alert_{}" {
        close_notify = 0 => "close_notify",
        handshake_failure = 40 => "handshake_failure",
        protocol_version = 70 => "protocol_version",
    }
}
