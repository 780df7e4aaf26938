//! Supported groups, with the drafts that were deployed. Source: IANA "TLS Supported Groups".

registry! {
    /// Supported group (RFC 8446 section 4.2.7).
    NamedGroup(u16), "0x{:04x}" {
        sect163k1 = 0x0001 => "sect163k1",
        sect163r1 = 0x0002 => "sect163r1",
        sect163r2 = 0x0003 => "sect163r2",
        sect193r1 = 0x0004 => "sect193r1",
        sect193r2 = 0x0005 => "sect193r2",
        sect233k1 = 0x0006 => "sect233k1",
        sect233r1 = 0x0007 => "sect233r1",
        sect239k1 = 0x0008 => "sect239k1",
        sect283k1 = 0x0009 => "sect283k1",
        sect283r1 = 0x000a => "sect283r1",
        sect409k1 = 0x000b => "sect409k1",
        sect409r1 = 0x000c => "sect409r1",
        sect571k1 = 0x000d => "sect571k1",
        sect571r1 = 0x000e => "sect571r1",
        secp160k1 = 0x000f => "secp160k1",
        secp160r1 = 0x0010 => "secp160r1",
        secp160r2 = 0x0011 => "secp160r2",
        secp192k1 = 0x0012 => "secp192k1",
        secp192r1 = 0x0013 => "secp192r1",
        secp224k1 = 0x0014 => "secp224k1",
        secp224r1 = 0x0015 => "secp224r1",
        secp256k1 = 0x0016 => "secp256k1",
        secp256r1 = 0x0017 => "secp256r1",
        secp384r1 = 0x0018 => "secp384r1",
        secp521r1 = 0x0019 => "secp521r1",
        brainpoolP256r1 = 0x001a => "brainpoolP256r1",
        brainpoolP384r1 = 0x001b => "brainpoolP384r1",
        brainpoolP512r1 = 0x001c => "brainpoolP512r1",
        x25519 = 0x001d => "x25519",
        x448 = 0x001e => "x448",
        brainpoolP256r1tls13 = 0x001f => "brainpoolP256r1tls13",
        brainpoolP384r1tls13 = 0x0020 => "brainpoolP384r1tls13",
        brainpoolP512r1tls13 = 0x0021 => "brainpoolP512r1tls13",
        GC256A = 0x0022 => "GC256A",
        GC256B = 0x0023 => "GC256B",
        GC256C = 0x0024 => "GC256C",
        GC256D = 0x0025 => "GC256D",
        GC512A = 0x0026 => "GC512A",
        GC512B = 0x0027 => "GC512B",
        GC512C = 0x0028 => "GC512C",
        curveSM2 = 0x0029 => "curveSM2",
        ffdhe2048 = 0x0100 => "ffdhe2048",
        ffdhe3072 = 0x0101 => "ffdhe3072",
        ffdhe4096 = 0x0102 => "ffdhe4096",
        ffdhe6144 = 0x0103 => "ffdhe6144",
        ffdhe8192 = 0x0104 => "ffdhe8192",
        MLKEM512 = 0x0200 => "MLKEM512",
        MLKEM768 = 0x0201 => "MLKEM768",
        MLKEM1024 = 0x0202 => "MLKEM1024",
        SecP256r1MLKEM768 = 0x11eb => "SecP256r1MLKEM768",
        X25519MLKEM768 = 0x11ec => "X25519MLKEM768",
        SecP384r1MLKEM1024 = 0x11ed => "SecP384r1MLKEM1024",
        curveSM2MLKEM768 = 0x11ee => "curveSM2MLKEM768",
        X25519Kyber512Draft00 = 0xfe30 => "X25519Kyber512Draft00",
        X25519Kyber768Draft00 = 0x6399 => "X25519Kyber768Draft00",
        SecP256r1Kyber768Draft00 = 0x639a => "SecP256r1Kyber768Draft00",
        X25519Kyber768Draft00Old = 0xfe31 => "X25519Kyber768Draft00Old",
        arbitrary_explicit_prime_curves = 0xff01 => "arbitrary_explicit_prime_curves",
        arbitrary_explicit_char2_curves = 0xff02 => "arbitrary_explicit_char2_curves",
    }
}

impl NamedGroup {
    /// Part of the secret comes from ML-KEM or its draft: it withstands a quantum computer as far as known.
    pub fn is_post_quantum(self) -> bool {
        matches!(self.0, 0x0200..=0x0202 | 0x11eb..=0x11ee | 0x6399 | 0x639a | 0xfe30 | 0xfe31)
    }

    /// Post-quantum by a draft of ML-KEM: what current clients offer does not meet it.
    pub fn is_draft_post_quantum(self) -> bool {
        matches!(self.0, 0x6399 | 0x639a | 0xfe30 | 0xfe31)
    }
}
