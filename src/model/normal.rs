//! The standard normal distribution, from its share below a point and back.

/// The share of a standard normal that lies below `z`.
pub(super) fn share_below(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The point below which the share `p` of a standard normal lies, for `0 < p < 1`.
///
/// Wichura's PPND16 (algorithm AS 241, Applied Statistics 37, 1988), right to about sixteen digits.
/// Inversion takes one roll where Box-Muller takes two, so a change of distribution leaves the dice in
/// step and two runs stay comparable roll by roll.
pub(super) fn quantile(p: f64) -> f64 {
    let from_middle = p - 0.5;
    if from_middle.abs() <= 0.425 {
        let r = 0.180_625 - from_middle * from_middle;
        return from_middle * polynomial(&MIDDLE.0, r) / polynomial(&MIDDLE.1, r);
    }
    let tail = if from_middle < 0.0 { p } else { 1.0 - p };
    let r = (-libm::log(tail)).sqrt();
    let (ratio, r) = if r <= 5.0 { (&NEAR, r - 1.6) } else { (&FAR, r - 5.0) };
    (polynomial(&ratio.0, r) / polynomial(&ratio.1, r)).copysign(from_middle)
}

/// Horner's rule, highest power last in the array.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// A numerator and a denominator.
type Ratio = ([f64; 8], [f64; 8]);

#[expect(clippy::excessive_precision, reason = "the digits are those of the publication")]
const MIDDLE: Ratio = (
    [
        3.387_132_872_796_366_608_0,
        1.331_416_678_917_843_774_5e2,
        1.971_590_950_306_551_442_7e3,
        1.373_169_376_550_946_112_5e4,
        4.592_195_393_154_987_145_7e4,
        6.726_577_092_700_870_085_3e4,
        3.343_057_558_358_812_810_5e4,
        2.509_080_928_730_122_672_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091_125_2e1,
        6.871_870_074_920_579_083_0e2,
        5.394_196_021_424_751_107_7e3,
        2.121_379_430_158_659_586_7e4,
        3.930_789_580_009_271_061_0e4,
        2.872_908_573_572_194_267_4e4,
        5.226_495_278_852_854_561_0e3,
    ],
);

#[expect(clippy::excessive_precision, reason = "the digits are those of the publication")]
const NEAR: Ratio = (
    [
        1.423_437_110_749_683_577_34,
        4.630_337_846_156_545_295_90,
        5.769_497_221_460_691_405_50,
        3.647_848_324_763_204_605_04,
        1.270_458_252_452_368_382_58,
        2.417_807_251_774_506_117_70e-1,
        2.272_384_498_926_918_458_33e-2,
        7.745_450_142_783_414_076_40e-4,
    ],
    [
        1.0,
        2.053_191_626_637_758_821_87,
        1.676_384_830_183_803_849_40,
        6.897_673_349_851_000_045_50e-1,
        1.481_039_764_274_800_745_90e-1,
        1.519_866_656_361_645_719_66e-2,
        5.475_938_084_995_344_946_00e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
);

#[expect(clippy::excessive_precision, reason = "the digits are those of the publication")]
const FAR: Ratio = (
    [
        6.657_904_643_501_103_777_20,
        5.463_784_911_164_114_369_90,
        1.784_826_539_917_291_335_80,
        2.965_605_718_285_048_912_30e-1,
        2.653_218_952_657_612_309_30e-2,
        1.242_660_947_388_078_438_60e-3,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ],
    [
        1.0,
        5.998_322_065_558_879_376_90e-1,
        1.369_298_809_227_358_053_10e-1,
        1.487_536_129_085_061_485_25e-2,
        7.868_691_311_456_132_591_00e-4,
        1.846_318_317_510_054_681_80e-5,
        1.421_511_758_316_445_888_70e-7,
        2.044_263_103_389_939_785_64e-15,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // mpmath with 60 digits, as the root of log(erfc(-z / sqrt(2)) / 2) - log(p).
        for (p, expected) in GOLDEN {
            let z = quantile(p);
            assert!((z - expected).abs() <= 4e-15 * expected.abs().max(1e-3), "{p}: {z}");
        }
    }

    #[test]
    fn the_share_below_a_quantile_is_the_share_asked_for() {
        for step in 1..2_000 {
            let p = f64::from(step) / 2_000.0;
            let back = share_below(quantile(p));
            assert!((back - p).abs() < 4e-16, "{p}: {back}");
        }
        for exponent in 3..300 {
            let p = libm::pow(10.0, -f64::from(exponent));
            let back = share_below(quantile(p));
            assert!((back / p - 1.0).abs() < 1e-12, "{p}: {back}");
        }
    }

    const GOLDEN: [(f64, f64); 6] = [
        (0.6, 0.253_347_103_135_799_7),
        (0.05, -1.6448536269514727),
        (0.975, 1.9599639845400539),
        (1e-4, -3.7190164854556806),
        (1e-12, -7.034_483_825_301_132),
        (1e-250, -33.799_586_172_694_84),
    ];
}
