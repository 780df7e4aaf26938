//! Whose order decides: the server's or the client's, and whether ChaCha20 comes first for those who put it first. One
//! or two hellos beyond what enumeration showed. Never takes the client's order for the server's by chance.

use super::lists::is_chacha;
use crate::tls::CipherSuite;

/// The question of order, for the suites that one version accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// As chosen, one after the other.
    found: Vec<CipherSuite>,
    /// A suite that was refused: stands in front, so that neither what the server likes nor ChaCha20 does.
    decoy: Option<CipherSuite>,
    /// The sequence is not the one offered.
    is_suspect: bool,
    pub(super) server_order: Option<bool>,
    pub(super) chacha_prioritised: Option<bool>,
    took_chacha: bool,
    asks: Asks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// The reverse of what was found.
    Reverse,
    /// ChaCha20 first, then the reverse of the others.
    ChachaFirst,
    Nothing,
}

impl Order {
    /// `found` in the order chosen, out of `offered`.
    pub(super) fn new(found: &[CipherSuite], offered: &[CipherSuite]) -> Self {
        let as_offered: Vec<_> = offered.iter().filter(|suite| found.contains(suite)).copied().collect();
        let mut order = Self {
            found: found.to_vec(),
            decoy: offered.iter().find(|suite| !found.contains(suite) && !is_chacha(**suite)).copied(),
            is_suspect: as_offered != found,
            server_order: None,
            chacha_prioritised: None,
            took_chacha: false,
            asks: Asks::Nothing,
        };
        if found.len() > 1 {
            order.asks =
                if order.is_suspect && order.has_chacha() { Asks::ChachaFirst } else { Asks::Reverse };
        }
        order
    }

    /// Nothing to find out.
    pub(super) fn settled() -> Self {
        Self::new(&[], &[])
    }

    /// The suites to offer next, in this order.
    pub(super) fn list(&self) -> Option<Vec<CipherSuite>> {
        let reversed = self.found.iter().rev().copied();
        match self.asks {
            Asks::Nothing => None,
            Asks::Reverse => Some(self.decoy.into_iter().chain(reversed).collect()),
            Asks::ChachaFirst => {
                let (chacha, others): (Vec<_>, Vec<_>) = reversed.partition(|suite| is_chacha(*suite));
                Some([chacha, others].concat())
            }
        }
    }

    /// Takes what the server chose of that list; `None` if it chose nothing.
    pub(super) fn hear(&mut self, chosen: Option<CipherSuite>) {
        let (first, last) = (self.found.first().copied(), self.found.last().copied());
        let asked = std::mem::replace(&mut self.asks, Asks::Nothing);
        match asked {
            Asks::Nothing => {}
            // The server does not take what it took: there is no telling.
            _ if chosen.is_none_or(|suite| !self.found.contains(&suite)) => {}
            Asks::ChachaFirst if chosen.is_some_and(is_chacha) => {
                self.took_chacha = true;
                match self.server_order {
                    None => self.asks = Asks::Reverse,
                    Some(_) => self.chacha_prioritised = Some(true),
                }
            }
            Asks::ChachaFirst if chosen == first => {
                self.server_order = Some(true);
                self.chacha_prioritised = Some(false);
            }
            Asks::Reverse if chosen == first => {
                self.server_order = Some(true);
                if self.took_chacha {
                    self.chacha_prioritised = Some(true);
                } else if self.has_chacha() {
                    self.asks = Asks::ChachaFirst;
                }
            }
            Asks::Reverse if chosen == last => self.server_order = Some(false),
            // By the key or the group rather than by an order of suites.
            Asks::ChachaFirst | Asks::Reverse => {}
        }
    }

    /// ChaCha20 is accepted, and not what the server likes best anyway.
    fn has_chacha(&self) -> bool {
        self.found.iter().any(|suite| is_chacha(*suite))
            && !self.found.first().is_some_and(|first| is_chacha(*first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
    const B: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384;
    const C: CipherSuite = CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256;
    const D: CipherSuite = CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA;
    const OFFERED: [CipherSuite; 4] = [A, B, D, C];

    /// Whose order, ChaCha20, and the number of hellos.
    fn found_out(
        found: &[CipherSuite],
        choose: impl Fn(&[CipherSuite]) -> CipherSuite,
    ) -> (Option<bool>, Option<bool>, usize) {
        let mut order = Order::new(found, &OFFERED);
        let mut hellos = 0;
        while let Some(list) = order.list() {
            order.hear(Some(choose(&list)));
            hellos += 1;
        }
        (order.server_order, order.chacha_prioritised, hellos)
    }

    fn by_server(order: &[CipherSuite]) -> impl Fn(&[CipherSuite]) -> CipherSuite {
        move |list| *order.iter().find(|suite| list.contains(suite)).unwrap()
    }

    fn by_client(accepted: &[CipherSuite]) -> impl Fn(&[CipherSuite]) -> CipherSuite {
        move |list| *list.iter().find(|suite| accepted.contains(suite)).unwrap()
    }

    /// The server's order, but for clients with ChaCha20 in front.
    fn prioritising(order: &[CipherSuite]) -> impl Fn(&[CipherSuite]) -> CipherSuite {
        move |list| if is_chacha(list[0]) { list[0] } else { by_server(order)(list) }
    }

    #[test]
    fn the_servers_order_is_told_by_one_hello() {
        assert_eq!(found_out(&[B, A, C], by_server(&[B, A, C])), (Some(true), Some(false), 1));
        assert_eq!(found_out(&[B, A], by_server(&[B, A])), (Some(true), None, 1));
        assert_eq!(found_out(&[C, B, A], by_server(&[C, B, A])), (Some(true), None, 1));
    }

    #[test]
    fn a_servers_order_that_is_ours_by_chance_is_told_all_the_same() {
        assert_eq!(found_out(&[A, B, C], by_server(&[A, B, C])), (Some(true), Some(false), 2));
    }

    #[test]
    fn the_clients_order_is_told_by_one_hello() {
        assert_eq!(found_out(&[A, B, C], by_client(&[A, B, C])), (Some(false), None, 1));
        assert_eq!(found_out(&[A, C], by_client(&[A, C])), (Some(false), None, 1));
    }

    #[test]
    fn chacha_for_those_who_put_it_first_is_not_taken_for_the_clients_order() {
        assert_eq!(found_out(&[B, A, C], prioritising(&[B, A, C])), (Some(true), Some(true), 2));
        assert_eq!(found_out(&[A, B, C], prioritising(&[A, B, C])), (Some(true), Some(true), 2));
        assert_eq!(found_out(&[A, C], prioritising(&[A, C])), (Some(true), Some(true), 2));
    }

    #[test]
    fn one_suite_has_no_order_and_a_moody_server_has_none_that_can_be_told() {
        assert_eq!(found_out(&[A], by_client(&[A])), (None, None, 0));
        assert_eq!(found_out(&[B, A, D], |_| A), (None, None, 1));
    }
}
