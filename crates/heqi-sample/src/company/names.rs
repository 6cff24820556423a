//! Made-up names: firms, goods, and the words of memos.
//!
//! A firm's name is a real region, two syllables that no register was asked for, a trade and
//! a legal form. A likeness to a firm that exists is chance.

use crate::random::Random;

const REGIONS: [&str; 24] = [
    "杭州", "宁波", "绍兴", "嘉兴", "苏州", "无锡", "常州", "南通", "合肥", "芜湖", "南昌", "赣州",
    "福州", "泉州", "厦门", "佛山", "东莞", "中山", "长沙", "武汉", "成都", "重庆", "青岛", "郑州",
];
const FIRST: [&str; 24] = [
    "槿", "砚", "栎", "珩", "湉", "沅", "芃", "岫", "澹", "翊", "筠", "澜", "禾", "稷", "钰", "霁",
    "昀", "柘", "旻", "珞", "郢", "蘅", "麓", "汀",
];
const SECOND: [&str; 20] = [
    "禾", "舟", "川", "岚", "序", "野", "石", "曦", "屿", "辰", "亦", "谷", "庭", "白", "帆", "桥",
    "林", "远", "拓", "微",
];
const TRADES: [&str; 18] = [
    "精密机械",
    "五金制品",
    "电子科技",
    "商贸",
    "建材",
    "包装材料",
    "机电设备",
    "食品",
    "纺织",
    "化工",
    "汽车零部件",
    "家居用品",
    "供应链管理",
    "医疗器械",
    "新材料",
    "印刷",
    "仪器仪表",
    "农业科技",
];
const FORMS: [&str; 10] = [
    "有限公司",
    "有限公司",
    "有限公司",
    "有限公司",
    "有限公司",
    "有限公司",
    "有限公司",
    "有限责任公司",
    "股份有限公司",
    "集团有限公司",
];

/// The name of a firm.
pub(super) fn firm(random: &mut Random) -> String {
    let parts: [&[&str]; 5] = [&REGIONS, &FIRST, &SECOND, &TRADES, &FORMS];
    parts.map(|choices| *random.pick(choices)).concat()
}

/// `count` names of firms, no two alike.
pub(super) fn firms(count: u32, random: &mut Random) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    let mut names = Vec::new();
    while names.len() < count as usize {
        let name = firm(random);
        // Beyond the combinations there are, a number tells the branches apart.
        let name = match names.len() {
            0..50_000 => name,
            more => format!("{name}第{more}分公司"),
        };
        if seen.insert(name.clone()) {
            names.push(name);
        }
    }
    names
}

/// `count` names of two syllables, no two alike; at most 480, as many as there are.
pub(crate) fn brands(count: usize, random: &mut Random) -> Vec<String> {
    let mut names = Vec::new();
    while names.len() < count.min(FIRST.len() * SECOND.len()) {
        let name = [*random.pick(&FIRST), *random.pick(&SECOND)].concat();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Something that is sold.
#[derive(Debug)]
pub(super) struct Product {
    pub name: &'static str,
    pub unit: &'static str,
    /// Price with tax, cents, lowest and highest.
    pub price: (i64, i64),
    /// Usual quantities, lowest and highest.
    pub quantity: (i64, i64),
    /// Tax in percent.
    pub tax: i64,
}

const fn product(
    name: &'static str,
    unit: &'static str,
    price: (i64, i64),
    quantity: (i64, i64),
    tax: i64,
) -> Product {
    Product { name, unit, price, quantity, tax }
}

pub(super) const PRODUCTS: [Product; 18] = [
    product("六角螺栓M8×40", "件", (35, 120), (500, 9000), 13),
    product("深沟球轴承6204", "套", (680, 1_950), (20, 800), 13),
    product("伺服电机750W", "台", (86_000, 142_000), (1, 24), 13),
    product("不锈钢板304 2.0mm", "吨", (1_420_000, 1_780_000), (1, 18), 13),
    product("五层瓦楞纸箱", "只", (260, 890), (200, 6000), 13),
    product("LED平板灯600×600", "盏", (5_800, 11_900), (10, 500), 13),
    product("PVC电缆BVR 2.5", "卷", (13_800, 21_500), (5, 200), 13),
    product("气动电磁阀4V210", "只", (4_600, 9_800), (5, 300), 13),
    product("温控仪表XMT-808", "台", (15_500, 39_000), (2, 80), 13),
    product("工业润滑油68号", "桶", (98_000, 165_000), (1, 40), 13),
    product("棉纱32支", "公斤", (2_350, 3_180), (100, 5000), 13),
    product("陶瓷内墙砖300×600", "箱", (4_200, 9_600), (30, 1500), 13),
    product("菜籽油20L", "桶", (19_800, 27_600), (10, 400), 9),
    product("东北大米25kg", "袋", (10_500, 16_800), (20, 800), 9),
    product("复合肥50kg", "袋", (13_200, 18_900), (20, 1000), 9),
    product("设备安装调试服务", "次", (200_000, 1_200_000), (1, 3), 6),
    product("模具设计服务", "项", (500_000, 3_600_000), (1, 2), 6),
    product("年度技术维护费", "项", (300_000, 2_400_000), (1, 1), 6),
];

pub(crate) const RECEIVED: [&str; 5] =
    ["收到货款", "收货款 电汇", "银行转账收款", "收到客户汇款", "承兑汇票到期收款"];
pub(crate) const PAID: [&str; 5] =
    ["付货款", "支付供应商货款", "电汇货款", "转账付款", "网银付货款"];
pub(crate) const BOOKED: [&str; 4] = ["购", "采购入库", "收货", "采购"];
