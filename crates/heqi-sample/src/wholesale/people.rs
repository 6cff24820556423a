//! The firm itself, who works there, and invented particulars: codes, phones, accounts.

use std::collections::BTreeSet;

use heqi_domain::{Currency, credit_code};

use super::model::{Company, Staff, StaffRole};
use crate::random::Random;

/// Indices into the staff.
pub(super) const MANAGER: usize = 0;
pub(super) const ACCOUNTANTS: [usize; 2] = [1, 2];
pub(super) const SALES: [usize; 3] = [3, 4, 5];

const STAFF: [(&str, &str, StaffRole, &str, &str); 7] = [
    ("shenwenjing", "沈文静", StaffRole::FinanceManager, "财务部", ""),
    ("luxiaoyan", "陆晓燕", StaffRole::Accountant, "财务部", ""),
    ("fangzhiyuan", "方志远", StaffRole::Accountant, "财务部", ""),
    ("zhoujianguo", "周建国", StaffRole::Sales, "销售一部", "浙北"),
    ("xuliping", "徐丽萍", StaffRole::Sales, "销售一部", "浙东"),
    ("guhaifeng", "顾海峰", StaffRole::Sales, "销售二部", "苏南"),
    ("tangruoqing", "唐若清", StaffRole::Auditor, "审计部", ""),
];

/// The firm and its staff.
pub(super) fn company(brand: &str, random: &mut Random) -> (Company, Vec<Staff>) {
    let company = Company {
        name: format!("杭州{brand}五金机电批发有限公司"),
        credit_code: invented_code("91", "330105", random),
        address: "浙江省杭州市拱墅区望潮路216号五金机电市场3幢".to_owned(),
        phone: "0571-00000000".to_owned(),
        bank: "杭州示例银行拱墅支行".to_owned(),
        bank_account: bank_account(0),
        currency: Currency::CNY,
    };
    let staff = STAFF.map(|(login, name, role, department, region)| Staff {
        login,
        name,
        role,
        department,
        region,
    });
    (company, staff.to_vec())
}

/// A credit code that is well formed and nobody's: its body is of the range PDY00001 to
/// PDY99999, which GB 11714 leaves to private use and no register gives.
pub(super) fn invented_code(class: &str, division: &str, random: &mut Random) -> String {
    let body = format!("PDY{:05}", random.between(1, 99_999));
    let code = format!("{class}{division}{body}{}", body_check(&body));
    let check = credit_code::check_character(&code);
    check.map_or(code.clone(), |check| format!("{code}{check}"))
}

/// The check character of an organization code 组织机构代码 of GB 11714.
fn body_check(body: &str) -> char {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let value = |character: char| character.to_digit(36).unwrap_or(0);
    let sum: u32 = body.chars().zip(WEIGHTS).map(|(one, weight)| value(one) * weight).sum();
    match 11 - sum % 11 {
        10 => 'X',
        rest => char::from_digit(rest % 11, 10).unwrap_or('0'),
    }
}

/// An account number that no bank gives: it begins with 99, in which no card range lies.
pub(super) fn bank_account(serial: usize) -> String {
    format!("9900000000{serial:09}")
}

/// A mobile number that nobody has.
pub(super) fn phone(serial: usize) -> String {
    format!("129{serial:08}")
}

const SURNAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "吴", "孙", "胡", "朱", "高", "林", "何", "郭",
    "马", "罗", "宋", "郑",
];
const GIVEN: [&str; 24] = [
    "雅琴", "国强", "晓东", "丽娟", "海燕", "志明", "秀英", "建平", "春梅", "永康", "静怡", "文博",
    "佳慧", "俊杰", "小红", "德胜", "雪芬", "一鸣", "思远", "玉兰", "振华", "敏", "磊", "倩",
];

/// Persons named so far; no two customers have a contact of the same name.
#[derive(Debug, Default)]
pub(super) struct People(BTreeSet<String>);

impl People {
    /// The name of another person.
    pub(super) fn person(&mut self, random: &mut Random) -> String {
        loop {
            let name = [*random.pick(&SURNAMES), *random.pick(&GIVEN)].concat();
            // There are 480 names, far more than contacts.
            if self.0.insert(name.clone()) || self.0.len() >= SURNAMES.len() * GIVEN.len() {
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_its_own_check() {
        // 39 + 14 + 9 + 40 + 15 + 40 + 24 + 18 = 199 and 199 mod 11 = 1: ten is written X.
        assert_eq!(body_check("D2143569"), 'X');
        // 0 mod 11: eleven is written 0.
        assert_eq!(body_check("00000000"), '0');
    }

    #[test]
    fn invented_codes_pass_the_check() {
        let mut random = Random::new(1);
        for _ in 0..200 {
            let code = invented_code("92", "330602", &mut random);
            assert_eq!(credit_code::validate(&code), Ok(()), "{code}");
        }
    }
}
