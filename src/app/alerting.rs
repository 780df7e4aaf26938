//! Who is told and how, made from the settings: the mail server, the routes with their time zones, the hooks.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::AppError;
use super::notify::profiles;
use crate::config::mail::{MailLogin, MailMechanism, MailSecurity, SecretSource};
use crate::config::{HookSettings, MailSettings, Period, Profile, RouteSettings, Settings};
use crate::lifecycle::{Route, Routes};
use crate::model::{Alert, Channel, EventName, FindingNews, News, Outgoing, ServerName, Severity, Urgency};
use crate::notify::hook::HookProgram;
use crate::notify::smtp::{Login, MailError, MailServer, Mechanism, Secret, Security};
use crate::store::Store;

/// Bytes of a hook's output that are kept: they go into the audit log and into mail.
const HOOK_OUTPUT: usize = 16 * 1024;

/// Everything that telling somebody needs.
#[derive(Debug, Clone)]
pub struct Alerting {
    /// `None`: only hooks are told.
    pub(super) mail: Option<MailWay>,
    pub(super) routes: Routes,
    pub(super) hooks: Vec<HookWay>,
    zones: HashMap<String, TimeZone>,
    still_watching: Option<Period>,
}

/// The mail server and who writes.
#[derive(Debug, Clone)]
pub(super) struct MailWay {
    pub(super) server: MailServer,
    /// An address, or `"Name" <address>`.
    pub(super) from: String,
    /// Of the sender's address: identifiers of mails and of the list end with it.
    pub(super) domain: String,
}

/// A hook, and what it waits for.
#[derive(Debug, Clone)]
pub(super) struct HookWay {
    pub(super) program: HookProgram,
    pub(super) per_week: u32,
    pub(super) verify_within_seconds: i64,
    settings: HookSettings,
    /// The profile of this run does not allow it.
    never_for: Option<String>,
}

impl Alerting {
    /// What the settings say, with the routes of `profile` before all others and only the hooks it allows; `None`
    /// where there is neither mail nor a hook.
    ///
    /// # Errors
    /// The profile names a hook that the settings do not have.
    pub fn new(settings: &Settings, profile: Option<&Profile>) -> Result<Option<Self>, AppError> {
        if let Some(profile) = profile {
            settings.check_profile(profile)?;
        }
        let hooks: Vec<HookWay> = settings.hook.iter().cloned().map(HookWay::new).collect();
        let mail = settings.mail.as_ref().map(MailWay::new).transpose()?;
        if mail.is_none() && hooks.is_empty() {
            return Ok(None);
        }
        let own = profile.map(|profile| (profile.name.as_str(), profile.route.as_slice()));
        let own_routes = own.map(|(_, routes)| routes).unwrap_or_default();
        let zone = |route: &RouteSettings| (route.name.clone(), route.time_zone.clone());
        let zones = settings.route.iter().chain(own_routes).map(zone).collect();
        let mut routes = routes(settings);
        if let Some((name, own)) = own {
            routes = routes.with_profile_routes(name, own.iter().map(route));
        }
        let mut alerting = Self { mail, routes, hooks, zones, still_watching: settings.still_watching };
        alerting.keep_hooks_of(profile);
        Ok(Some(alerting))
    }

    /// How often to say that somebody is still watching; `None`: never.
    pub(super) fn still_watching_seconds(&self) -> Option<i64> {
        self.still_watching.map(Period::seconds)
    }

    /// Learns the time zones of the routes of every profile with a scan: what one profile's scan left is perhaps sent
    /// by another's.
    ///
    /// # Errors
    /// The record cannot be read. A profile that is not where it was is no error.
    pub(super) fn learn_routes(&mut self, store: &Store) -> Result<(), AppError> {
        for profile in profiles(store)?.into_iter().filter_map(|(_, profile)| profile) {
            for route in &profile.route {
                self.zones.entry(route.name.clone()).or_insert_with(|| route.time_zone.clone());
            }
        }
        Ok(())
    }

    /// The time zone of a route; that of the default route where the settings do not have it any more.
    pub(super) fn zone(&self, route: &str) -> &TimeZone {
        const UTC: &TimeZone = &TimeZone::UTC;
        let zone = self.zones.get(route).or_else(|| self.zones.get(&self.routes.default.name));
        zone.unwrap_or(UTC)
    }

    /// The hook of this name.
    pub(super) fn hook(&self, name: &str) -> Option<&HookWay> {
        self.hooks.iter().find(|hook| hook.program.name == name)
    }

    /// The rows of the outbox that tell `alert`: one for each address that a route has for it, one for each hook that
    /// waits for it.
    pub(super) fn outgoing(&self, alert: &Arc<Alert>, urgency: Urgency) -> Vec<Outgoing> {
        let mut rows = self.mail_rows(alert, urgency);
        let events = EventName::of(&alert.news);
        rows.extend(self.hook_rows(alert, events, |_| true));
        rows
    }

    /// The rows for mail only.
    pub(super) fn mail_rows(&self, alert: &Arc<Alert>, urgency: Urgency) -> Vec<Outgoing> {
        if self.mail.is_none() {
            return Vec::new();
        }
        let recipients = match &alert.news {
            News::Finding(news) => self.routes.recipients(alert.profile.as_deref().unwrap_or_default(), news),
            News::Watch(_) => self.routes.for_watch(),
        };
        let row = |(route, to): (&Route, &str)| Outgoing {
            channel: Channel::Mail(to.to_owned()),
            urgency,
            route: route.name.clone(),
            alert: Arc::clone(alert),
        };
        recipients.into_iter().map(row).collect()
    }

    /// The rows for hooks that wait for one of `events` and are `wanted`. The row has the event's name where a mail's
    /// has its route.
    pub(super) fn hook_rows(
        &self,
        alert: &Arc<Alert>,
        events: &[EventName],
        wanted: impl Fn(&HookWay) -> bool,
    ) -> Vec<Outgoing> {
        let row = |hook: &HookWay| {
            Some(Outgoing {
                channel: Channel::Hook(hook.program.name.clone()),
                urgency: Urgency::Digest,
                route: hook.event(alert, events)?.name().to_owned(),
                alert: Arc::clone(alert),
            })
        };
        self.hooks.iter().filter(|hook| wanted(hook)).filter_map(row).collect()
    }

    fn keep_hooks_of(&mut self, profile: Option<&Profile>) {
        // A hook that the profile does not allow still runs for others what waits for it.
        if let Some((profile, Some(allowed))) = profile.map(|profile| (profile, &profile.hooks)) {
            for hook in &mut self.hooks {
                if !allowed.contains(&hook.program.name) {
                    hook.never_for = Some(profile.name.clone());
                }
            }
        }
    }
}

impl MailWay {
    fn new(settings: &MailSettings) -> Result<Self, AppError> {
        let address = settings.from.rsplit_once('<').map_or(settings.from.as_str(), |(_, address)| address);
        let domain = address.trim_end_matches('>').rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        // In A-labels: identifiers are ASCII.
        let domain = ServerName::parse(domain).map_or_else(|_| domain.to_owned(), |name| name.to_string());
        Ok(Self { server: server(settings)?, from: settings.from.clone(), domain })
    }

    /// The list's identifier (RFC 2919): filters of mail programs go by it.
    pub(super) fn list_id(&self) -> String {
        format!("certvigil <certvigil.{}>", self.domain)
    }
}

impl HookWay {
    fn new(settings: HookSettings) -> Self {
        let program = HookProgram {
            directory: settings.directory.clone(),
            deadline: settings.deadline,
            output_limit: HOOK_OUTPUT,
            ..HookProgram::new(settings.name.clone(), settings.command.clone())
        };
        Self {
            program,
            per_week: settings.per_week,
            verify_within_seconds: i64::try_from(settings.verify_within.as_secs()).unwrap_or(i64::MAX),
            settings,
            never_for: None,
        }
    }

    /// Which of `events` the hook is started for, if `alert` is one that it waits for. A hook that names the rule is
    /// started for whatever event it is, but for the end of the finding.
    pub(super) fn event(&self, alert: &Alert, events: &[EventName]) -> Option<EventName> {
        let waits_for = |event: &&EventName| self.settings.on.contains(event);
        let named = || match &alert.news {
            News::Finding(news) if !news.occasion.is_over() && self.settings.rules.contains(&news.rule) => {
                events.first()
            }
            _ => None,
        };
        let event = events.iter().find(waits_for).or_else(named)?;
        let fits = self.fits_profile(alert.profile.as_deref())
            && match &alert.news {
                News::Finding(news) => self.fits(news),
                News::Watch(_) => true,
            };
        fits.then_some(*event)
    }

    fn fits_profile(&self, profile: Option<&str>) -> bool {
        let Some(profile) = profile else { return true };
        let settings = &self.settings;
        self.never_for.as_deref() != Some(profile)
            && (settings.profiles.is_empty() || settings.profiles.iter().any(|own| own == profile))
    }

    fn fits(&self, news: &FindingNews) -> bool {
        let HookSettings { owner, tag, names, min_severity, .. } = &self.settings;
        let has_name = || {
            let certificate = news.certificate.iter().flat_map(|certificate| &certificate.names);
            certificate
                .map(|name| name.raw().to_ascii_lowercase())
                .any(|name| names.iter().any(|p| p.matches(&name)))
        };
        owner.as_ref().is_none_or(|owner| news.owner.as_ref() == Some(owner))
            && tag.as_ref().is_none_or(|tag| news.tags.contains(tag))
            && news.severity >= *min_severity
            && (names.is_empty() || has_name())
    }
}

/// Routes of the settings in their order; without mail, nobody.
fn routes(settings: &Settings) -> Routes {
    let nobody = Route {
        name: "default".to_owned(),
        to: Vec::new(),
        profile: None,
        owner: None,
        tag: None,
        rule: None,
        min_severity: Severity::Info,
        goes_on: false,
    };
    Routes {
        routes: settings.route.iter().filter(|route| !route.is_default).map(route).collect(),
        default: settings.default_route().map_or(nobody, route),
    }
}

fn route(settings: &RouteSettings) -> Route {
    Route {
        name: settings.name.clone(),
        to: settings.to.clone(),
        profile: settings.profile.clone(),
        owner: settings.owner.clone(),
        tag: settings.tag.clone(),
        rule: settings.rule,
        min_severity: settings.min_severity,
        goes_on: settings.goes_on,
    }
}

fn server(settings: &MailSettings) -> Result<MailServer, MailError> {
    let security = match settings.security {
        MailSecurity::Implicit => Security::Implicit,
        MailSecurity::StartTls => Security::StartTls,
        MailSecurity::Plain => Security::PlainException,
    };
    let mut server =
        MailServer::new(&settings.server, settings.port, security)?.with_step_deadline(settings.timeout);
    if let Some(login) = &settings.login {
        server = server.with_login(self::login(login))?;
    }
    if let Some(name) = &settings.server_name {
        server = server.with_server_name(name)?;
    }
    Ok(match &settings.ca_file {
        Some(file) => server.with_ca_file(file),
        None => server,
    })
}

fn login(settings: &MailLogin) -> Login {
    Login {
        user: settings.username.clone(),
        secret: match &settings.password {
            SecretSource::File(path) => Secret::in_file(path),
            SecretSource::Environment(name) => Secret::in_variable(name),
        },
        mechanism: settings.mechanism.map(|mechanism| match mechanism {
            MailMechanism::Plain => Mechanism::Plain,
            MailMechanism::Login => Mechanism::Login,
            MailMechanism::XOAuth2 => Mechanism::XOAuth2,
        }),
    }
}
