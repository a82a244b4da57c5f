//! When a request is tried again, on the route that leads to the pool.

use egui::Ui;

use super::part::Part;
use crate::lab::{Action, Budget, Listener, Retries, RetryOn, Route};
use crate::period::Period;
use crate::ui::desk::Wrong;
use crate::ui::widgets::{Scale, Unit, caption_ui, card_ui};

/// The retries of the first route to the pool, be it written out or a listener's `pool`. Nothing if none leads there.
pub(super) fn retries_ui(ui: &mut Ui, wrong: Wrong<'_>, pool: &str, listeners: &mut [Listener]) {
    let found = listeners.iter_mut().enumerate().find_map(|(index, listener)| {
        let route = place_to(listener, pool)?;
        Some((format!("listeners[{index}].routes[{route}].retries"), listener, route))
    });
    let Some((path, listener, place)) = found else { return };
    caption_ui(ui, "Retries", |_| {});
    let route = listener.routes.get(place);
    let mut retries = route.map(|route| route.retries.clone()).unwrap_or_default();
    card_ui(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        fields_ui(ui, &Part::new("retries", wrong, path), &mut retries);
    });
    set_retries(listener, place, retries);
}

/// The place of the first route to the pool, behind the last one if it is the listener's `pool`.
fn place_to(listener: &Listener, pool: &str) -> Option<usize> {
    let leads = |route: &Route| route.to.pools().contains(&pool);
    let written = listener.routes.iter().position(|route| route.enabled && leads(route));
    let is_shorthand = listener.pool.as_deref() == Some(pool);
    written.or_else(|| is_shorthand.then_some(listener.routes.len()))
}

/// A listener's `pool` has no retries of its own: with other ones than the usual it becomes a route that does the same.
fn set_retries(listener: &mut Listener, place: usize, retries: Retries) {
    match listener.routes.get_mut(place) {
        Some(route) => route.retries = retries,
        None if retries != Retries::default() => {
            let to = listener.pool.take().map(Action::Pool).unwrap_or_default();
            listener.routes.push(Route { to, retries, ..Route::default() });
        }
        None => {}
    }
}

fn fields_ui(ui: &mut Ui, part: &Part<'_>, retries: &mut Retries) {
    let default = Retries::default();
    let tries = part.field("attempts", "Tries", "the first included; 1 never tries again");
    tries.count_ui(ui, Scale::count(1.0, 10.0), default.attempts, &mut retries.attempts);
    // What is wrong with the reasons is said once, beneath the list of them.
    for (label, reason, hint) in REASONS {
        let mut wanted = retries.on.contains(&reason);
        let field = part.group(label, hint);
        if field.switch_ui(ui, default.on.contains(&reason), &mut wanted) {
            retries.on.retain(|it| *it != reason);
            retries.on.extend(wanted.then_some(reason));
        }
    }
    part.within("on").all_ui(ui);
    let mut limited = retries.per_try_timeout.is_some();
    let field = part.group("Limit a try", "whether a single try may take only so long");
    if field.switch_ui(ui, default.per_try_timeout.is_some(), &mut limited) {
        retries.per_try_timeout = limited.then_some(TRY);
    }
    if let Some(limit) = &mut retries.per_try_timeout {
        let field = part.field("per_try_timeout", "A try takes", "at most, before the next begins");
        field.period_ui(ui, 30.0, TRY, limit);
    }
    budget_ui(ui, part, &mut retries.budget);
}

fn budget_ui(ui: &mut Ui, part: &Part<'_>, budget: &mut Budget) {
    let ways = (Scale::Linear { least: 0.0, most: 100.0, step: 1.0 }, Unit::Percent);
    let field =
        part.field("budget", "Budget", "the part of requests in flight that may be retries");
    field.number_ui(ui, ways, Budget::default().percent, &mut budget.percent);
}

const TRY: Period = Period::from_secs(1);
const REASONS: [(&str, RetryOn, &str); 5] = [
    ("No connection", RetryOn::Connect, "tries again where no server has seen the request"),
    ("Reset", RetryOn::Reset, "tries again when the connection broke before an answer"),
    ("Too late", RetryOn::Timeout, "tries again when an answer took too long"),
    ("502, 503, 504", RetryOn::GatewayError, "tries again after an answer with one of these"),
    ("Any 5xx", RetryOn::ServerError, "tries again after any answer with a server's error"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_of_a_pool_behind_the_shorthand_become_a_route_that_does_the_same() {
        let mut listener = Listener { pool: Some("web".to_owned()), ..Listener::default() };
        let place = place_to(&listener, "web").unwrap();
        set_retries(&mut listener, place, Retries::default());
        assert!(listener.routes.is_empty(), "nothing was changed");
        let retries = Retries { attempts: 5, ..Retries::default() };
        set_retries(&mut listener, place, retries.clone());
        let routes = listener.routes_in_force();
        assert_eq!(routes.len(), 1);
        assert_eq!(
            (&routes[0].to, &routes[0].retries),
            (&Action::Pool("web".to_owned()), &retries)
        );
        assert_eq!(place_to(&listener, "web"), Some(place));
    }

    #[test]
    fn a_pool_that_nothing_leads_to_has_no_retries() {
        let listener = Listener { pool: Some("web".to_owned()), ..Listener::default() };
        assert_eq!(place_to(&listener, "shop"), None);
    }
}
