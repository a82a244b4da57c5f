//! What theory says, in units of the mean service time.

/// The mean response of M/M/1, and of M/G/1 with its squared coefficient of variation (Pollaczek, Khinchine).
pub(crate) fn one_server(load: f64, variation: f64) -> f64 {
    1.0 + load * (1.0 + variation) / (2.0 * (1.0 - load))
}

/// The odds that all `c` servers are busy when `offered` are on average (Erlang's C).
pub(crate) fn erlang_c(c: u32, offered: f64) -> f64 {
    // Erlang's B by its recursion, which cannot overflow.
    let blocked = (1..=c).fold(1.0, |b, n| offered * b / (f64::from(n) + offered * b));
    let c = f64::from(c);
    c * blocked / (c - offered * (1.0 - blocked))
}

/// The mean response of M/M/c.
pub(crate) fn many_servers(c: u32, offered: f64) -> f64 {
    1.0 + erlang_c(c, offered) / (f64::from(c) - offered)
}

/// The share of responses of M/M/c that take longer: the wait is zero or exponential, and then comes the service.
pub(crate) fn many_servers_tail(c: u32, offered: f64, time: f64) -> f64 {
    let rest = f64::from(c) - 1.0 - offered;
    let serves = libm::exp(-time);
    serves * (1.0 + erlang_c(c, offered) * (1.0 - libm::exp(-time * rest)) / rest)
}

/// The mean response of each server when `n` take turns: `E_n/M/1`, from the root of Lindley's equation.
///
/// A response is then exponential, as in every GI/M/1.
pub(crate) fn in_turn(n: u32, load: f64) -> f64 {
    let rate = f64::from(n) * load;
    let root = (0..10_000).fold(0.5, |x, _| libm::pow(rate / (rate + 1.0 - x), f64::from(n)));
    1.0 / (1.0 - root)
}

/// The share of servers with `i` or more, when each request goes to the shorter of two queues of infinitely many
/// (Vvedenskaya, Dobrushin and Karpelevich 1996; Mitzenmacher 2001).
pub(crate) fn two_choices_queue(load: f64, i: u32) -> f64 {
    libm::pow(load, libm::pow(2.0, f64::from(i)) - 1.0)
}

/// The mean response in that model.
pub(crate) fn two_choices(load: f64) -> f64 {
    // A request finds `i` or more before it if both of its queues have as many.
    (0..40).map(|i| two_choices_queue(load, i)).map(|share| share * share).sum()
}

/// The mean throughput, per service time, of `users` who think for `think` on average and share one server.
pub(crate) fn closed_loop(users: u32, think: f64) -> f64 {
    let mut weight = 1.0;
    let mut total = 1.0;
    for k in 0..users {
        weight *= f64::from(users - k) / think;
        total += weight;
    }
    1.0 - 1.0 / total
}

mod checked {
    use super::*;

    /// Published values; those for n = 10 are the studies' own.
    #[test]
    fn the_formulas_give_the_published_numbers() {
        let rounded = |value: f64| (value * 1_000.0 + 0.5) as u64;
        assert_eq!(
            [0.5, 0.8, 0.9].map(|load| rounded(one_server(load, 1.0))),
            [2_000, 5_000, 10_000]
        );
        let central = [0.5, 0.8, 0.9, 0.95].map(|load| rounded(many_servers(10, 10.0 * load)));
        assert_eq!(central, [1_007, 1_205, 1_669, 2_651]);
        let turns = [0.5, 0.8, 0.9].map(|load| rounded(in_turn(10, load)));
        assert_eq!(turns, [1_325, 2_922, 5_660]);
        let two = [0.5, 0.8, 0.9, 0.95, 0.99].map(|load| rounded(two_choices(load)));
        assert_eq!(two, [1_266, 1_947, 2_614, 3_383, 5_432]);
    }

    #[test]
    fn the_area_under_a_tail_is_the_mean() {
        let area = |tail: &dyn Fn(f64) -> f64| {
            (0..100_000).map(|step| tail((f64::from(step) + 0.5) / 1_000.0)).sum::<f64>() / 1_000.0
        };
        let central = |time: f64| many_servers_tail(4, 3.2, time);
        assert!((area(&central) - many_servers(4, 3.2)).abs() < 1e-5);
    }

    #[test]
    fn a_closed_loop_of_one_user_is_a_renewal_process() {
        assert!((closed_loop(1, 4.0) - 0.2).abs() < 1e-12);
        assert!((closed_loop(1_000, 4.0) - 1.0).abs() < 1e-12);
    }
}
