//! The forty customers: a group with branches, firms, shops, and one that was entered twice.

use super::model::{Contact, ContactRole, Customer, StatementStyle};
use super::people::{People, SALES, bank_account, invented_code, phone};
use crate::random::Random;

/// How much a customer buys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Large,
    Middle,
    Small,
}

/// How a customer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pays {
    /// Whole invoices, the oldest first, less what came back.
    Invoices,
    /// Round sums on account.
    RoundSums,
    /// In advance, what is left is paid back.
    InAdvance,
}

/// What is needed to tell a customer's story and is not for its master record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    pub size: Size,
    pub pays: Pays,
    /// Gets a rebate each quarter.
    pub rebate: bool,
    /// Takes a cash discount now and then.
    pub early: bool,
    /// Closes down in the fourth month; its debt is written off in the fifth.
    pub closes: bool,
    /// Its price in percent of the list.
    pub price_percent: i64,
    /// How it writes our numbers: see `finish`.
    pub writes: u64,
}

pub(super) struct Invented {
    pub customers: Vec<Customer>,
    pub profiles: Vec<Profile>,
}

struct City {
    name: &'static str,
    province: &'static str,
    district: &'static str,
    /// Administrative division of the district.
    division: &'static str,
    /// Index into [`SALES`].
    seller: usize,
}

const fn city(
    name: &'static str,
    province: &'static str,
    district: &'static str,
    division: &'static str,
    seller: usize,
) -> City {
    City { name, province, district, division, seller }
}

const CITIES: [City; 10] = [
    city("杭州", "浙江省", "余杭区", "330110", 0),
    city("嘉兴", "浙江省", "南湖区", "330402", 0),
    city("湖州", "浙江省", "吴兴区", "330502", 0),
    city("宁波", "浙江省", "鄞州区", "330212", 1),
    city("绍兴", "浙江省", "柯桥区", "330603", 1),
    city("台州", "浙江省", "路桥区", "331004", 1),
    city("金华", "浙江省", "婺城区", "330702", 1),
    city("苏州", "江苏省", "吴中区", "320506", 2),
    city("无锡", "江苏省", "惠山区", "320206", 2),
    city("常州", "江苏省", "武进区", "320412", 2),
];

const STREETS: [&str; 12] = [
    "云栈路",
    "青禾街",
    "砚池路",
    "望舒路",
    "石埠街",
    "纺机路",
    "柳渡路",
    "北塘巷",
    "锦溪路",
    "创达路",
    "临港大道",
    "五金城东路",
];

use Size::{Large, Middle, Small};

/// City, end of the name, size. A name that has 区 in it belongs to a shop 个体工商户.
const ROWS: [(usize, &str, Size); 40] = [
    (0, "物业服务集团有限公司", Large),
    (3, "机电设备有限公司", Large),
    (7, "精密机械有限公司", Large),
    (0, "装饰工程有限公司", Large),
    (8, "钢结构工程有限公司", Large),
    (4, "纺织机械有限公司", Large),
    (1, "包装材料股份有限公司", Large),
    (9, "轨道交通配件有限公司", Large),
    (3, "宁波分公司", Middle),
    (1, "嘉兴分公司", Middle),
    (4, "绍兴分公司", Middle),
    (7, "机电设备有限公司", Middle),
    (5, "阀门制造有限公司", Middle),
    (2, "建筑安装有限公司", Middle),
    (6, "五金工具有限公司", Middle),
    (0, "智能家居有限公司", Middle),
    (8, "电气成套设备有限公司", Middle),
    (9, "新能源科技有限公司", Middle),
    (3, "船舶配件有限公司", Middle),
    (5, "模具有限公司", Middle),
    (1, "园林绿化工程有限公司", Middle),
    (4, "染整有限公司", Middle),
    (7, "净化工程有限责任公司", Middle),
    (2, "竹木制品有限公司", Middle),
    (0, "余杭区#五金商行", Small),
    (1, "南湖区#建材经营部", Small),
    (3, "鄞州区#水暖器材店", Small),
    (4, "柯桥区#电料商行", Small),
    (5, "路桥区#标准件经营部", Small),
    (6, "婺城区#劳保用品商店", Small),
    (7, "吴中区#五金机电经营部", Small),
    (8, "惠山区#紧固件商行", Small),
    (9, "武进区#工具行", Small),
    (2, "吴兴区#灯饰商店", Small),
    (0, "商贸有限公司", Small),
    (6, "汽车维修有限公司", Small),
    (9, "物流有限公司", Small),
    (5, "路桥区#门窗加工厂", Small),
    (8, "酒店管理有限公司", Small),
    // The same firm as the twelfth, entered a second time with 市 in its name.
    (7, "市机电设备有限公司", Small),
];

const PARENT: usize = 0;
pub(super) const BRANCHES: [usize; 3] = [8, 9, 10];
const TWICE: (usize, usize) = (11, 39);
const CLOSES: usize = 37;
const IN_ADVANCE: [usize; 5] = [14, 19, 25, 31, 34];
/// Customers with a former name, and which.
const FORMER: [(usize, &str); 4] =
    [(2, "机械配件厂"), (12, "铜材阀门厂"), (17, "光伏科技有限公司"), (35, "汽车修理厂")];

/// How many customers there are, and brands in their names.
pub(super) const COUNT: usize = ROWS.len();

/// The customers and how they behave; one brand for each.
pub(super) fn customers(brands: &[String], random: &mut Random) -> Invented {
    let mut customers: Vec<Customer> = Vec::new();
    let mut profiles = Vec::new();
    let mut people = People::default();
    for (place, brand) in brands.iter().enumerate() {
        let profile = profile(place, random);
        customers.push(customer(place, brand, &profile, &mut people, random));
        profiles.push(profile);
    }
    let group = customers[PARENT].name.clone();
    for branch in BRANCHES {
        customers[branch].name = format!("{group}{}", ROWS[branch].1);
        customers[branch].parent = Some(PARENT);
    }
    enter_twice(&mut customers, brands);
    for (place, was) in FORMER {
        let former = format!("{}{}{was}", CITIES[ROWS[place].0].name, brands[place]);
        customers[place].aliases.push(former);
    }
    Invented { customers, profiles }
}

fn profile(place: usize, random: &mut Random) -> Profile {
    let size = ROWS[place].2;
    let pays = match size {
        _ if IN_ADVANCE.contains(&place) => Pays::InAdvance,
        Small if random.chance(500) => Pays::RoundSums,
        Middle if random.chance(250) => Pays::RoundSums,
        _ => Pays::Invoices,
    };
    let price_percent = match size {
        Large => random.between(90, 94),
        Middle => random.between(94, 98),
        Small => 100,
    };
    Profile {
        size,
        pays,
        rebate: size == Large,
        early: place % 3 == 1,
        closes: place == CLOSES,
        price_percent,
        writes: if random.chance(600) { 0 } else { random.below(4) },
    }
}

fn customer(
    place: usize,
    brand: &str,
    profile: &Profile,
    people: &mut People,
    random: &mut Random,
) -> Customer {
    let (city, tail, size) = ROWS[place];
    let city = &CITIES[city];
    let (name, class) = match tail.split_once('#') {
        Some((district, trade)) => (format!("{}市{district}{brand}{trade}", city.name), "92"),
        None => (format!("{}{brand}{tail}", city.name), "91"),
    };
    let (limit, term) = match size {
        Large => (random.between(8, 20) * 2_500_000, *random.pick(&[45, 60])),
        Middle => (random.between(5, 15) * 1_000_000, *random.pick(&[30, 45])),
        Small => (random.between(1, 5) * 1_000_000, *random.pick(&[15, 30])),
    };
    let in_advance = profile.pays == Pays::InAdvance;
    let owner = SALES[city.seller];
    Customer {
        code: format!("KH{:04}", place + 1),
        name,
        aliases: if size == Large { vec![brand.to_owned()] } else { vec![] },
        credit_code: Some(invented_code(class, city.division, random)),
        address: format!(
            "{}{}市{}{}{}号",
            city.province,
            city.name,
            city.district,
            random.pick(&STREETS),
            random.between(3, 680),
        ),
        contacts: contacts(place, size, people, random),
        bank: format!("{}示例银行{}支行", city.name, city.district.trim_end_matches('区')),
        bank_account: bank_account(place + 1),
        owner,
        department: ["销售一部", "销售一部", "销售二部"][city.seller],
        region: ["浙北", "浙东", "苏南"][city.seller],
        term_days: if in_advance { 0 } else { term },
        credit_limit_minor: if in_advance { 0 } else { limit },
        parent: None,
        duplicate_of: None,
        style: style(place),
    }
}

/// Half of them send their payable ledger, the others a statement in our sense.
const fn style(place: usize) -> StatementStyle {
    match place % 6 {
        0 | 2 | 5 => StatementStyle::PayableDebitCredit,
        1 => StatementStyle::ReceivableDebitCredit,
        3 => StatementStyle::ReceivableSigned,
        _ => StatementStyle::PayableSigned,
    }
}

fn contacts(place: usize, size: Size, people: &mut People, random: &mut Random) -> Vec<Contact> {
    use ContactRole::{Finance, Purchasing, Reconciliation};
    let roles: &[ContactRole] = match size {
        Large => &[Reconciliation, Finance, Purchasing],
        Middle => &[Reconciliation, Purchasing],
        Small => &[Reconciliation],
    };
    let contact = |(nth, role): (usize, &ContactRole)| {
        let serial = (place + 1) * 10 + nth;
        Contact {
            role: *role,
            name: people.person(random),
            phone: phone(serial),
            email: format!("contact{serial:04}@example.com"),
        }
    };
    roles.iter().enumerate().map(contact).collect()
}

/// Two salespeople entered one firm: same contact and address, a name that is nearly the same.
fn enter_twice(customers: &mut [Customer], brands: &[String]) {
    let (first, again) = TWICE;
    let original = customers[first].clone();
    let copy = &mut customers[again];
    copy.name = format!("{}市{}机电设备有限公司", CITIES[ROWS[again].0].name, brands[first]);
    copy.credit_code = None;
    copy.address = original.address;
    copy.contacts = original.contacts.into_iter().take(1).collect();
    copy.duplicate_of = Some(first);
}
