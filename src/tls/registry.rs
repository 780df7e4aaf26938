//! IANA registries of TLS. Each type is a struct around the wire number, so that unknown values survive.
//! Source: IANA "Transport Layer Security (TLS) Parameters".

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

        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self.known_name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, $unknown, self.0),
                }
            }
        }

        impl ::std::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self, f)
            }
        }
    };
}

mod alert;
mod authentication;
mod cipher_suite;
mod group;
mod signature_scheme;
mod ssl2;
mod strength;

pub use alert::AlertDescription;
pub use authentication::Authentication;
pub use cipher_suite::CipherSuite;
pub use group::NamedGroup;
pub use signature_scheme::SignatureScheme;
pub use ssl2::Ssl2Cipher;
pub use strength::SuiteWeakness;

registry! {
    /// Protocol version, in the names of the report.
    ProtocolVersion(u16), "0x{:04x}" {
        SSLv2 = 0x0002 => "SSLv2",
        SSLv3 = 0x0300 => "SSLv3",
        TLSv1_0 = 0x0301 => "TLSv1.0",
        TLSv1_1 = 0x0302 => "TLSv1.1",
        TLSv1_2 = 0x0303 => "TLSv1.2",
        TLSv1_3 = 0x0304 => "TLSv1.3",
        DTLSv1_0 = 0xfeff => "DTLSv1.0",
        DTLSv1_2 = 0xfefd => "DTLSv1.2",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_number_has_a_name_and_a_name_its_number() {
        let mut named = 0;
        for number in 0..=u16::MAX {
            if let Some(name) = CipherSuite(number).known_name() {
                assert_eq!(CipherSuite::from_name(name), Some(CipherSuite(number)));
                named += 1;
            }
            if let Some(name) = NamedGroup(number).known_name() {
                assert_eq!(NamedGroup::from_name(name), Some(NamedGroup(number)));
            }
            if let Some(name) = SignatureScheme(number).known_name() {
                assert_eq!(SignatureScheme::from_name(name), Some(SignatureScheme(number)));
            }
        }
        assert_eq!(named, 379);
    }

    #[test]
    fn an_unknown_number_keeps_its_value() {
        assert_eq!(CipherSuite(0x0a0a).to_string(), "0x0a0a");
        assert_eq!(NamedGroup(0xfafa).to_string(), "0xfafa");
        assert_eq!(SignatureScheme(0xffff).to_string(), "0xffff");
        assert_eq!(AlertDescription(7).to_string(), "alert_7");
        assert_eq!(ProtocolVersion(0x0101).to_string(), "0x0101");
    }

    #[test]
    fn numbers_carry_the_names_of_the_registry() {
        assert_eq!(CipherSuite(0xc02f).to_string(), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(CipherSuite(0x000a).to_string(), "TLS_RSA_WITH_3DES_EDE_CBC_SHA");
        assert_eq!(CipherSuite(0xccae).to_string(), "TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256");
        assert_eq!(NamedGroup(0x11ec).to_string(), "X25519MLKEM768");
        assert_eq!(SignatureScheme(0x0905).to_string(), "mldsa65");
        assert_eq!(AlertDescription(112).to_string(), "unrecognized_name");
    }
}
