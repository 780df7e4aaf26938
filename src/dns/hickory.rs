//! The resolver of real scans: hickory over UDP, with TCP for long answers.
//!
//! Keeps a bounded number of look-ups in flight, so that a scan of many names neither exhausts descriptors nor
//! floods the server; hickory joins equal questions in flight. The cache is our own: it keeps at most
//! [`MAX_ADDRESSES`] addresses an entry whatever a server sends.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError as HickoryDnsError, NetError};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Hosts, TokioResolver};
use nix::errno::Errno;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use super::{Answer, DnsError, MAX_ADDRESSES, MAX_NAMES, Resolve};
use crate::model::ServerName;
use crate::text::Untrusted;

/// One look-up with the system's servers, retries included.
const SYSTEM_TIMEOUT: Duration = Duration::from_secs(10);

/// Tries within the timeout; each may ask over UDP several times and then over TCP.
const TRIES: u32 = 3;

/// Most look-ups in flight: each takes two sockets for a moment.
const IN_FLIGHT: usize = 128;

/// Of the descriptors this process may open, look-ups use no more than one in eight.
const DESCRIPTORS_PER_LOOK_UP: u64 = 16;

/// Names kept with their addresses.
const CACHE_ENTRIES: usize = 8_192;

/// An answer is kept at least so long, so that the ports of one name see the same addresses, …
const MIN_TTL: Duration = Duration::from_secs(60);

/// … and at most so long.
const MAX_TTL: Duration = Duration::from_secs(900);

/// How long a failure is kept: RFC 9520 section 3.2 asks for one second to five minutes.
const FAILURE_TTL: Duration = Duration::from_secs(30);

/// How long to wait before the next try to open a socket.
const SOCKET_WAIT: Duration = Duration::from_millis(50);

/// Tries to open a socket where this machine refuses for another reason than a want of descriptors.
const SOCKET_TRIES: u32 = 3;

/// hickory-resolver behind [`Resolve`].
pub struct HickoryResolver {
    resolver: TokioResolver,
    /// `/etc/hosts`; empty where one server was named.
    hosts: Hosts,
    timeout: Duration,
    slots: Semaphore,
    cache: Cache<ServerName, Arc<Kept>>,
}

/// An answer and how long it holds.
#[derive(Debug)]
struct Kept {
    answer: Result<Vec<IpAddr>, DnsError>,
    until: Instant,
}

impl HickoryResolver {
    /// Uses the machine's servers, search list and hosts file. A name with a dot is complete: the search list is
    /// tried for single labels only, so that a mistyped name never finds a stranger.
    ///
    /// # Errors
    /// [`DnsError::Settings`] where they cannot be read.
    pub fn system() -> Result<Self, DnsError> {
        let settings = |error: NetError| DnsError::Settings(Untrusted::new(error.to_string()));
        let mut builder = TokioResolver::builder_tokio().map_err(settings)?;
        limit(builder.options_mut(), SYSTEM_TIMEOUT);
        let resolver = builder.build().map_err(settings)?;
        // A machine without a hosts file has no hosts.
        let hosts = Hosts::from_system().unwrap_or_default();
        Ok(Self::new(resolver, hosts, SYSTEM_TIMEOUT))
    }

    /// Asks one server only, over UDP and TCP; no hosts file, no search list. `timeout` is for a whole look-up.
    ///
    /// # Errors
    /// [`DnsError::Settings`] if hickory refuses the settings.
    pub fn at(server: SocketAddr, timeout: Duration) -> Result<Self, DnsError> {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = server.port();
            connection
        });
        let servers = vec![NameServerConfig::new(server.ip(), true, connections.into())];
        let config = ResolverConfig::from_name_servers(servers);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        limit(builder.options_mut(), timeout);
        let resolver =
            builder.build().map_err(|error| DnsError::Settings(Untrusted::new(error.to_string())))?;
        Ok(Self::new(resolver, Hosts::default(), timeout))
    }

    fn new(resolver: TokioResolver, hosts: Hosts, timeout: Duration) -> Self {
        let slots = Semaphore::new(in_flight());
        Self { resolver, hosts, timeout, slots, cache: Cache::new(CACHE_ENTRIES) }
    }

    async fn look_up(&self, name: ServerName) -> Result<Vec<IpAddr>, DnsError> {
        if let Some(kept) = self.cache.get(&name)
            && Instant::now() < kept.until
        {
            return kept.answer.clone();
        }
        let question = question(&name)?;
        if let Some(addresses) = self.hosts_file(&question) {
            return Ok(addresses);
        }
        let (v4, v6) = {
            // The semaphore is never closed.
            let _slot = self.slots.acquire().await;
            tokio::join!(
                self.ask(question.clone(), RecordType::A),
                self.ask(question.clone(), RecordType::AAAA)
            )
        };
        let now = Instant::now();
        let until = [&v4, &v6].into_iter().flatten().map(Lookup::valid_until).min();
        let answer = join(v4.map(|found| addresses(&found)), v6.map(|found| addresses(&found)));
        let until = match &answer {
            Ok(_) => until.unwrap_or(now).clamp(now + MIN_TTL, now + MAX_TTL),
            Err(DnsError::NoSuchName | DnsError::NoAddress) => now + MIN_TTL,
            Err(_) => now + FAILURE_TTL,
        };
        self.cache.insert(name, Arc::new(Kept { answer: answer.clone(), until }));
        answer
    }

    /// The hosts file wins over DNS for both families, as in the system's own resolver.
    fn hosts_file(&self, name: &Name) -> Option<Vec<IpAddr>> {
        let found = [RecordType::A, RecordType::AAAA].into_iter().filter_map(|kind| {
            let query = Query::query(name.clone(), kind);
            self.hosts.lookup_static_host(&query).map(|found| addresses(&found))
        });
        let found = ordered(found.flatten().collect(), MAX_ADDRESSES);
        (!found.is_empty()).then_some(found)
    }

    /// One question until its deadline. Having no free descriptor is our own trouble: it waits.
    async fn ask(&self, name: Name, kind: RecordType) -> Result<Lookup, DnsError> {
        let mut starved = false;
        let tries = async {
            let mut tried = 0;
            loop {
                // However a socket could not be opened, hickory says "no connections" and does not try again.
                match self.resolver.lookup(name.clone(), kind).await {
                    Err(NetError::NoConnections | NetError::Io(_)) if tried < SOCKET_TRIES => {
                        starved = is_out_of_descriptors();
                        tried += u32::from(!starved);
                        tokio::time::sleep(SOCKET_WAIT).await;
                    }
                    other => return other,
                }
            }
        };
        match tokio::time::timeout(self.timeout, tries).await {
            Ok(answer) => answer.map_err(|error| self.error(error)),
            Err(_) if starved => Err(DnsError::Local("no free descriptor".into())),
            Err(_) => Err(DnsError::Timeout(self.timeout)),
        }
    }

    fn error(&self, error: NetError) -> DnsError {
        match error {
            NetError::Timeout => DnsError::Timeout(self.timeout),
            NetError::NoConnections => DnsError::Local("no socket to the DNS server could be opened".into()),
            NetError::Io(error) => DnsError::Local(Untrusted::new(error.to_string())),
            NetError::Dns(HickoryDnsError::NoRecordsFound(none)) => match none.response_code {
                ResponseCode::NXDomain => DnsError::NoSuchName,
                ResponseCode::NoError => DnsError::NoAddress,
                code => DnsError::Failure(Untrusted::new(code.to_string())),
            },
            NetError::Dns(HickoryDnsError::ResponseCode(code)) => {
                DnsError::Failure(Untrusted::new(code.to_string()))
            }
            other => DnsError::Failure(Untrusted::new(other.to_string())),
        }
    }
}

impl Resolve for HickoryResolver {
    fn addresses(&self, name: &ServerName) -> Answer<'_, Vec<IpAddr>> {
        let name = name.clone();
        Box::pin(self.look_up(name))
    }

    fn names(&self, address: IpAddr) -> Answer<'_, Vec<ServerName>> {
        Box::pin(async move {
            let _slot = self.slots.acquire().await;
            let found = self.ask(Name::from(address), RecordType::PTR).await?;
            let names = found.answers().iter().filter_map(|record| match &record.data {
                RData::PTR(name) => ServerName::parse(&name.0.to_ascii()).ok(),
                _ => None,
            });
            let names = ordered(names.collect(), MAX_NAMES);
            if names.is_empty() { Err(DnsError::NoSuchName) } else { Ok(names) }
        })
    }
}

impl std::fmt::Debug for HickoryResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HickoryResolver").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

fn limit(options: &mut ResolverOpts, timeout: Duration) {
    options.timeout = timeout / TRIES;
    options.attempts = usize::try_from(TRIES - 1).unwrap_or(2);
    options.use_hosts_file = ResolveHosts::Never;
    options.cache_size = 0;
    // Each look-up asks twice, and long answers share one TCP connection.
    options.max_active_requests = 2 * IN_FLIGHT;
    // Two of several servers at once would double the load for nothing.
    options.num_concurrent_reqs = 1;
}

/// A name with a dot is complete.
fn question(name: &ServerName) -> Result<Name, DnsError> {
    let mut question = Name::from_ascii(name.as_str())
        .map_err(|error| DnsError::Failure(Untrusted::new(error.to_string())))?;
    question.set_fqdn(name.as_str().contains('.'));
    Ok(question)
}

/// Addresses of either family are an answer; without any, what is certain wins over what is not known.
fn join(
    v4: Result<Vec<IpAddr>, DnsError>,
    v6: Result<Vec<IpAddr>, DnsError>,
) -> Result<Vec<IpAddr>, DnsError> {
    let errors = [v4.as_ref().err().cloned(), v6.as_ref().err().cloned()];
    let found: Vec<IpAddr> = v4.into_iter().chain(v6).flatten().collect();
    if !found.is_empty() {
        return Ok(ordered(found, MAX_ADDRESSES));
    }
    let errors: Vec<DnsError> = errors.into_iter().flatten().collect();
    // There being no such name holds for every type (RFC 8020); a failure hides what there may be.
    let no_such_name = errors.iter().find(|e| **e == DnsError::NoSuchName);
    let unknown = errors.iter().find(|e| **e != DnsError::NoAddress);
    Err(no_such_name.or(unknown).cloned().unwrap_or(DnsError::NoAddress))
}

fn addresses(found: &Lookup) -> Vec<IpAddr> {
    let addresses = found.answers().iter().filter_map(|record| record.data.ip_addr());
    ordered(addresses.collect(), MAX_ADDRESSES)
}

fn ordered<T: Ord>(mut items: Vec<T>, most: usize) -> Vec<T> {
    items.sort_unstable();
    items.dedup();
    items.truncate(most);
    items
}

/// Asks the system itself, as hickory hides why it could not open a socket.
fn is_out_of_descriptors() -> bool {
    let code = std::net::UdpSocket::bind("127.0.0.1:0").err().and_then(|error| error.raw_os_error());
    matches!(code.map(Errno::from_raw), Some(Errno::EMFILE | Errno::ENFILE))
}

fn in_flight() -> usize {
    let allowed = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE);
    let share = allowed.map_or(u64::MAX, |(soft, _)| soft / DESCRIPTORS_PER_LOOK_UP);
    usize::try_from(share).unwrap_or(IN_FLIGHT).clamp(1, IN_FLIGHT)
}
