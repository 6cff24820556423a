//! Goods on an entry, and the arithmetic of an invoice: net, tax, gross.

/// Millionths in one.
pub(super) const MICRO: i64 = 1_000_000;

/// A line about goods or a service; quantity and amounts are negative where goods come back.
///
/// `net_minor` = quantity × price, `tax_minor` = net × rate, each to the nearest cent, a half
/// away from zero; `gross_minor` is their sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoodsLine {
    /// Index into [`Wholesale::products`](super::Wholesale::products).
    pub product: usize,
    /// Quantity in millionths of the product's unit, signed like the amounts.
    pub quantity_micro: i64,
    /// Price without tax 不含税单价 of one unit, in millionths of a yuan.
    pub price_micro: i64,
    /// Tax rate in millionths: 130,000 is 13 %.
    pub tax_ppm: i64,
    /// Amount without tax, minor units.
    pub net_minor: i64,
    /// Tax, minor units.
    pub tax_minor: i64,
    /// Amount with tax 价税合计, minor units.
    pub gross_minor: i64,
}

impl GoodsLine {
    /// The line of a product at a quantity and price.
    pub(super) fn new(product: usize, quantity_micro: i64, price_micro: i64, tax_ppm: i64) -> Self {
        // Millionths times millionths of a yuan to cents: 10^12 ÷ 10^2.
        let exact = i128::from(quantity_micro) * i128::from(price_micro);
        let net_minor = nearest(exact, 10_000_000_000);
        let tax_minor = nearest(i128::from(net_minor) * i128::from(tax_ppm), MICRO.into());
        let gross_minor = net_minor + tax_minor;
        Self { product, quantity_micro, price_micro, tax_ppm, net_minor, tax_minor, gross_minor }
    }

    /// The same product and price at another quantity.
    pub(super) fn of(self, quantity_micro: i64) -> Self {
        Self::new(self.product, quantity_micro, self.price_micro, self.tax_ppm)
    }
}

/// What an entry with these goods amounts to.
pub(super) fn gross(goods: &[GoodsLine]) -> i64 {
    goods.iter().map(|line| line.gross_minor).sum()
}

/// A quotient to the nearest whole number, a half away from zero.
pub(super) fn nearest(dividend: i128, divisor: i128) -> i64 {
    ((dividend * 2 + dividend.signum() * divisor) / (divisor * 2)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invoice_line_adds_up() {
        // 12.5 × 3.456 = 43.20; 13 % of it are 5.616.
        let line = GoodsLine::new(0, 12_500_000, 3_456_000, 130_000);
        assert_eq!((line.net_minor, line.tax_minor, line.gross_minor), (4_320, 562, 4_882));
        // 3 × 0.355 = 1.065, a half away from zero; back it is the opposite.
        let line = GoodsLine::new(0, 3_000_000, 355_000, 130_000);
        assert_eq!((line.net_minor, line.tax_minor), (107, 14));
        assert_eq!(line.of(-3_000_000).gross_minor, -121);
        assert_eq!([nearest(5, 10), nearest(-5, 10), nearest(4, 10)], [1, -1, 0]);
    }
}
