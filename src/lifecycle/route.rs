//! Who is told: addresses by profile, owner, tag, rule and severity.

use crate::model::{FindingNews, Rule, Severity};

/// One route of the settings or of a profile. An absent condition is met by all; all present ones must be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub name: String,
    /// Addresses.
    pub to: Vec<String>,
    pub profile: Option<String>,
    pub owner: Option<String>,
    pub tag: Option<String>,
    pub rule: Option<Rule>,
    /// The least severity; of what is over, the last one that was told.
    pub min_severity: Severity,
    /// Later routes are asked as well.
    pub goes_on: bool,
}

impl Route {
    fn fits(&self, profile: &str, news: &FindingNews) -> bool {
        self.profile.as_deref().is_none_or(|own| own == profile)
            && self.owner.as_ref().is_none_or(|owner| news.owner.as_ref() == Some(owner))
            && self.tag.as_ref().is_none_or(|tag| news.tags.contains(tag))
            && self.rule.is_none_or(|rule| news.rule == rule)
            && news.severity >= self.min_severity
    }

    fn addresses(&self) -> impl Iterator<Item = (&Route, &str)> {
        self.to.iter().map(move |to| (self, to.as_str()))
    }
}

/// All routes, in the order they are asked, and the one for what none of them takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routes {
    pub routes: Vec<Route>,
    /// Of its conditions only the severity counts.
    pub default: Route,
}

impl Routes {
    /// Asks the routes of `profile`, for its findings only, before all others.
    #[must_use]
    pub fn with_profile_routes(mut self, profile: &str, routes: impl IntoIterator<Item = Route>) -> Self {
        let own = routes.into_iter().map(|route| Route { profile: Some(profile.to_owned()), ..route });
        self.routes.splice(0..0, own);
        self
    }

    /// Who is told `news`: the addresses of the first route that fits, and of later ones where it goes on. Each
    /// address stands once, under the first route that names it.
    pub fn recipients(&self, profile: &str, news: &FindingNews) -> Vec<(&Route, &str)> {
        let mut chosen = Vec::new();
        for route in self.routes.iter().filter(|route| route.fits(profile, news)) {
            chosen.push(route);
            if !route.goes_on {
                break;
            }
        }
        if chosen.is_empty() && news.severity >= self.default.min_severity {
            chosen.push(&self.default);
        }
        once(chosen.into_iter().flat_map(Route::addresses))
    }

    /// Who is told about the watch itself: the default route's addresses.
    pub fn for_watch(&self) -> Vec<(&Route, &str)> {
        once(self.default.addresses())
    }
}

/// Leaves out addresses that came before, in upper or lower case.
fn once<'a>(addresses: impl Iterator<Item = (&'a Route, &'a str)>) -> Vec<(&'a Route, &'a str)> {
    let mut out: Vec<(&Route, &str)> = Vec::new();
    for (route, to) in addresses {
        if !out.iter().any(|(_, earlier)| earlier.eq_ignore_ascii_case(to)) {
            out.push((route, to));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{FindingKey, Occasion};
    use crate::time::UnixTime;

    fn route(name: &str, to: &[&str]) -> Route {
        Route {
            name: name.to_owned(),
            to: to.iter().map(|&to| to.to_owned()).collect(),
            profile: None,
            owner: None,
            tag: None,
            rule: None,
            min_severity: Severity::Info,
            goes_on: false,
        }
    }

    fn news(severity: Severity, owner: Option<&str>, tags: &[&str]) -> FindingNews {
        FindingNews {
            occasion: Occasion::Opened,
            finding: FindingKey("pay.example:443/x509.validity.expired".to_owned()),
            rule: Rule::Expired,
            severity,
            title: String::new(),
            detail: String::new(),
            remediation: String::new(),
            first_seen: UnixTime(0),
            last_seen: UnixTime(0),
            owner: owner.map(str::to_owned),
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            endpoints: Vec::new(),
            endpoint_count: 0,
            certificate: None,
            returns: 0,
        }
    }

    fn told<'a>(routes: &'a Routes, profile: &str, news: &FindingNews) -> Vec<(&'a str, &'a str)> {
        let recipients = routes.recipients(profile, news);
        recipients.into_iter().map(|(route, to)| (route.name.as_str(), to)).collect()
    }

    fn routes() -> Routes {
        let default = Route { min_severity: Severity::Medium, ..route("default", &["ops@a.example"]) };
        let archive =
            Route { goes_on: true, tag: Some("shop".to_owned()), ..route("archive", &["x@a.example"]) };
        let pay = Route {
            owner: Some("payments".to_owned()),
            min_severity: Severity::High,
            ..route("pay", &["pay@a.example", "X@a.example"])
        };
        let expired = Route { rule: Some(Rule::Expired), ..route("expired", &["late@a.example"]) };
        Routes { routes: vec![archive, pay, expired], default }
    }

    #[test]
    fn the_first_route_that_fits_wins_unless_it_goes_on() {
        let routes = routes();
        let high = Severity::High;
        assert_eq!(
            told(&routes, "web", &news(high, Some("payments"), &[])),
            [("pay", "pay@a.example"), ("pay", "X@a.example")]
        );
        assert_eq!(
            told(&routes, "web", &news(high, Some("payments"), &["shop"])),
            [("archive", "x@a.example"), ("pay", "pay@a.example")]
        );
        assert_eq!(
            told(&routes, "web", &news(Severity::Low, Some("payments"), &[])),
            [("expired", "late@a.example")]
        );
    }

    #[test]
    fn what_no_route_takes_goes_to_the_default_from_its_severity_on() {
        let mut routes = routes();
        routes.routes.truncate(2);
        assert_eq!(
            told(&routes, "web", &news(Severity::Medium, Some("payments"), &[])),
            [("default", "ops@a.example")]
        );
        assert_eq!(told(&routes, "web", &news(Severity::Low, None, &[])), []);
        assert_eq!(routes.for_watch().len(), 1);
    }

    #[test]
    fn routes_of_a_profile_come_first_and_for_its_findings_only() {
        let routes = routes().with_profile_routes("web", [route("one", &["1@a.example"]), route("two", &[])]);
        let critical = news(Severity::Critical, Some("payments"), &[]);
        assert_eq!(told(&routes, "web", &critical), [("one", "1@a.example")]);
        assert_eq!(told(&routes, "mail", &critical).first(), Some(&("pay", "pay@a.example")));
    }

    fn any_route() -> impl Strategy<Value = Route> {
        let condition = || prop::option::of("[ab]");
        let severity = prop::sample::select(&Severity::ALL[..]);
        (
            prop::collection::vec("[abAB]", 1..3),
            condition(),
            condition(),
            condition(),
            severity,
            any::<bool>(),
        )
            .prop_map(|(to, profile, owner, tag, min_severity, goes_on)| {
                let rule = None;
                Route { name: "r".to_owned(), to, profile, owner, tag, rule, min_severity, goes_on }
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nobody_is_told_twice_and_somebody_is_told(
            routes in prop::collection::vec(any_route(), 0..5),
            owner in prop::option::of("[ab]"),
            tag in "[ab]",
            severity in prop::sample::select(&Severity::ALL[..]),
        ) {
            let routes = Routes { routes, default: route("default", &["ops@a.example"]) };
            let news = news(severity, owner.as_deref(), &[&tag]);
            let told = routes.recipients("a", &news);
            prop_assert!(!told.is_empty());
            let mut addresses: Vec<String> = told.iter().map(|(_, to)| to.to_ascii_lowercase()).collect();
            addresses.sort();
            addresses.dedup();
            prop_assert_eq!(addresses.len(), told.len());
            prop_assert!(told.iter().all(|(route, _)| route.name == "default" || route.fits("a", &news)));
        }
    }
}
