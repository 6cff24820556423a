//! Currencies 币种 by their ISO 4217 codes.

use serde::{Deserialize, Serialize};

/// A three-letter ISO 4217 code, upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Chinese yuan 人民币, the currency of a file that names none.
    pub const CNY: Self = Self(*b"CNY");

    /// The code, `CNY`.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Number of decimals of the minor unit: 2 for CNY, 0 for JPY, 3 for KWD.
    ///
    /// Every code of ISO 4217 list one whose exponent is not 2 is named here. That includes
    /// the two units of account with four decimals (CLF of Chile, UYW of Uruguay): an index
    /// rounded to two decimals would be wrong, and money takes any exponent. Codes without a
    /// minor unit (metals, SDR, test codes) and codes that are not listed count two.
    #[must_use]
    pub const fn exponent(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

/// The text is not three letters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a currency code; expected three letters such as CNY")]
pub struct UnknownCurrency(pub String);

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;
    fn try_from(code: String) -> Result<Self, UnknownCurrency> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl std::str::FromStr for Currency {
    type Err = UnknownCurrency;
    fn from_str(code: &str) -> Result<Self, UnknownCurrency> {
        match code.as_bytes() {
            &[a, b, c] if code.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase(), c.to_ascii_uppercase()]))
            }
            _ => Err(UnknownCurrency(code.to_owned())),
        }
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_those_of_iso_4217() {
        let cases = [
            (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
            (2, "CNY HKD MOP TWD USD EUR GBP MGA MRU MRO HUF IDR COP IRR KPW LAK MMK"),
            (3, "BHD IQD JOD KWD LYD OMR TND"),
            (4, "CLF UYW"),
        ];
        for (exponent, codes) in cases {
            for code in codes.split(' ') {
                assert_eq!(code.parse::<Currency>().unwrap().exponent(), exponent, "{code}");
            }
        }
    }

    #[test]
    fn a_code_is_three_ascii_letters() {
        assert_eq!("cny".parse(), Ok(Currency::CNY));
        for text in ["", "CN", "CNYY", "C1Y", "元", "ＣＮＹ"] {
            assert_eq!(text.parse::<Currency>(), Err(UnknownCurrency(text.to_owned())));
        }
    }
}
