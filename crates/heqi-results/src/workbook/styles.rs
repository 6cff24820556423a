//! Formats of cells 单元格格式, and the one place where an amount becomes a float.

use heqi_domain::{Day, Lang, ymd_of};
use rust_xlsxwriter::{Color, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook};

/// Decimals that currencies have.
const EXPONENTS: [u32; 3] = [0, 2, 3];

/// Largest amount, in minor units, that stands as a number: Excel keeps 15 digits and shows
/// zeros for the rest, so a larger amount is written as text.
pub const LARGEST: i128 = 999_999_999_999_999;

/// The formats of the workbook.
pub struct Styles {
    /// Title of the cover.
    pub title: Format,
    /// Line under the title.
    pub subtitle: Format,
    /// Heading of a section of the cover.
    pub section: Format,
    /// Column heading.
    pub head: Format,
    /// Column heading above figures.
    pub head_right: Format,
    /// Text.
    pub text: Format,
    /// Text that breaks into lines.
    pub wrap: Format,
    /// Date.
    pub date: Format,
    /// Count.
    pub count: Format,
    /// Share.
    pub share: Format,
    /// Label of a total.
    pub total: Format,
    /// Count of a total.
    pub total_count: Format,
    /// Remark.
    pub note: Format,
    /// Remark that must not be overlooked.
    pub alert: Format,
    /// Amount that is too long for a number.
    pub long_amount: Format,
    money: [Format; 3],
    total_money: [Format; 3],
}

impl Styles {
    /// Makes the formats and numbers them in a fixed order: sheets are filled by several
    /// threads, and the workbook must be the same whichever comes first.
    pub fn new(workbook: &mut Workbook, lang: Lang) -> Self {
        let base = Format::new()
            .set_font_name(font(lang))
            .set_font_size(10)
            .set_align(FormatAlign::VerticalCenter);
        let line = Color::RGB(0x00BF_BFBF);
        let cell = base.clone().set_border(FormatBorder::Thin).set_border_color(line);
        let right = cell.clone().set_align(FormatAlign::Right).set_indent(1);
        let shade = Color::RGB(0x00F2_F0EB);
        let head = cell.clone().set_bold().set_background_color(shade).set_text_wrap();
        let total = cell.clone().set_bold().set_background_color(shade).set_indent(1);
        let money = |format: &Format| {
            let right = format.clone().set_align(FormatAlign::Right).set_indent(1);
            EXPONENTS.map(|exponent| right.clone().set_num_format(money_format(exponent)))
        };
        let styles = Self {
            title: base.clone().set_font_size(18).set_bold().set_align(FormatAlign::Center),
            subtitle: base.clone().set_align(FormatAlign::Center),
            section: base.clone().set_font_size(12).set_bold(),
            head: head.clone().set_align(FormatAlign::Center),
            head_right: head.set_align(FormatAlign::Right).set_indent(1),
            text: cell.clone().set_num_format("@").set_indent(1),
            wrap: cell.clone().set_num_format("@").set_text_wrap().set_indent(1),
            date: cell.clone().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Center),
            count: right.clone().set_num_format("#,##0"),
            share: right.clone().set_num_format("0.00%"),
            money: money(&cell),
            total_money: money(&total),
            total_count: total.clone().set_align(FormatAlign::Right).set_num_format("#,##0"),
            total,
            note: base.clone().set_font_color(Color::RGB(0x0059_5959)).set_text_wrap(),
            alert: base.set_bold().set_font_color(Color::RGB(0x00C0_0000)).set_text_wrap(),
            long_amount: right.set_num_format("@"),
        };
        styles.register(workbook);
        styles
    }

    fn register(&self, workbook: &mut Workbook) {
        let single = [
            &self.title,
            &self.subtitle,
            &self.section,
            &self.head,
            &self.head_right,
            &self.text,
            &self.wrap,
            &self.date,
            &self.count,
            &self.share,
            &self.total,
            &self.total_count,
            &self.note,
            &self.alert,
            &self.long_amount,
        ];
        for format in single.into_iter().chain(&self.money).chain(&self.total_money) {
            workbook.register_format(format);
        }
    }

    /// The format of an amount with that many decimals.
    pub const fn money(&self, exponent: u32) -> &Format {
        &self.money[Self::place(exponent)]
    }

    /// The format of a total with that many decimals.
    pub const fn total_money(&self, exponent: u32) -> &Format {
        &self.total_money[Self::place(exponent)]
    }

    const fn place(exponent: u32) -> usize {
        match exponent {
            0 => 0,
            3 => 2,
            _ => 1,
        }
    }
}

/// The font of the language: 等线 is the one that Chinese Excel begins with.
pub const fn font(lang: Lang) -> &'static str {
    lang.pick("等线", "Calibri")
}

/// Thousands grouped, all decimals, negatives red with a minus sign.
fn money_format(exponent: u32) -> &'static str {
    match exponent {
        0 => "#,##0;[Red]-#,##0",
        3 => "#,##0.000;[Red]-#,##0.000",
        _ => "#,##0.00;[Red]-#,##0.00",
    }
}

/// The amount as the number that a spreadsheet shows exactly; none if it has more than 15
/// digits.
pub fn number_of(minor: i128, exponent: u32) -> Option<f64> {
    if minor.abs() > LARGEST {
        return None;
    }
    // Below 2^53 the conversion is exact, and one division is rounded correctly: the result is
    // the float nearest to the decimal, the same that the spreadsheet makes of the digits.
    let scale = 10_i64.pow(exponent) as f64;
    Some(minor as i64 as f64 / scale)
}

/// The day as a spreadsheet date; none where it is not known or before 1900-03-01, which
/// spreadsheets miscount.
pub fn date_of(day: Day) -> Option<ExcelDateTime> {
    let (year, month, day) = ymd_of(day)?;
    if (year, month) < (1900, 3) {
        return None;
    }
    let year = u16::try_from(year).ok()?;
    ExcelDateTime::from_ymd(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_shows_the_cents_it_was_given() {
        for minor in [0, 1, -1, 10, 123_456, -98_765_432_101, LARGEST, -LARGEST] {
            for exponent in EXPONENTS {
                let number = number_of(minor, exponent).unwrap();
                let shown = format!("{number:.*}", exponent as usize);
                assert_eq!(shown, heqi_domain::decimal_text(minor, exponent));
            }
        }
        assert_eq!(number_of(LARGEST + 1, 2), None);
        assert_eq!(number_of(i128::MIN + 1, 2), None);
    }

    #[test]
    fn days_that_a_spreadsheet_miscounts_are_no_dates() {
        let day = |year, month, day| heqi_domain::day_from_ymd(year, month, day).unwrap();
        assert!(date_of(day(1900, 2, 28)).is_none());
        assert!(date_of(heqi_domain::NO_DAY).is_none());
        assert_eq!(date_of(day(1900, 3, 1)).unwrap().to_excel(), 61.0);
        assert_eq!(date_of(day(2026, 11, 24)).unwrap().to_excel(), 46350.0);
    }
}
