//! What the firm sells: hardware, tools, electrical and safety goods, three services.

use super::model::Product;

/// Name, specification, unit, list price in 1/10,000 yuan without tax, usual quantities.
type Row = (&'static str, &'static str, &'static str, i64, (i64, i64));

#[rustfmt::skip]
const GOODS: [Row; 30] = [
    ("六角螺栓", "M8×40 8.8级 镀锌", "件", 3_850, (500, 4_000)),
    ("六角螺母", "M8 8级 镀锌", "件", 1_120, (500, 5_000)),
    ("平垫圈", "M8 304", "件", 680, (500, 5_000)),
    ("膨胀螺栓", "M10×100", "套", 12_400, (100, 1_200)),
    ("自攻螺钉", "4.2×25 500支/盒", "盒", 284_000, (10, 120)),
    ("角磨机", "100mm 850W", "台", 1_680_000, (2, 30)),
    ("冲击钻", "13mm 710W", "台", 2_350_000, (1, 20)),
    ("充电式电钻", "12V 双电", "台", 3_480_000, (1, 24)),
    ("切割片", "105×1.2×16 50片/盒", "盒", 925_000, (4, 60)),
    ("砂布轮", "100mm 80目", "片", 32_500, (50, 600)),
    ("内六角扳手组", "9件套", "套", 286_000, (5, 80)),
    ("活动扳手", "10寸", "把", 358_000, (5, 80)),
    ("卷尺", "5m×19mm", "把", 142_500, (10, 200)),
    ("铜芯电线", "BV 2.5mm² 100m", "卷", 1_568_000, (4, 90)),
    ("铜芯电线", "BV 4mm² 100m", "卷", 2_486_000, (4, 60)),
    ("橡套电缆", "YC 3×4+1×2.5", "米", 186_500, (50, 800)),
    ("塑壳断路器", "3P 100A", "只", 1_362_000, (2, 40)),
    ("小型断路器", "2P C32", "只", 248_000, (10, 200)),
    ("LED工矿灯", "100W 6500K", "盏", 865_000, (4, 80)),
    ("防水插座", "16A IP44", "只", 193_500, (10, 160)),
    ("PVC线管", "DN20 3.8m", "根", 58_600, (50, 800)),
    ("镀锌钢管", "DN25 6m", "根", 685_000, (10, 150)),
    ("球阀", "DN25 黄铜", "只", 276_500, (10, 150)),
    ("生料带", "20m", "卷", 15_800, (50, 600)),
    ("安全帽", "ABS V型", "顶", 168_000, (20, 300)),
    ("劳保手套", "浸胶13针", "双", 24_700, (100, 2_000)),
    ("防护眼镜", "防雾", "副", 112_000, (20, 300)),
    ("防尘口罩", "KN95 折叠", "只", 18_900, (100, 2_000)),
    ("玻璃胶", "中性 300ml", "支", 86_400, (24, 480)),
    ("润滑脂", "锂基 2# 15kg", "桶", 1_975_000, (1, 24)),
];

/// Name, unit, tax rate in millionths, list price in 1/10,000 yuan.
const SERVICES: [(&str, &str, i64, i64); 3] = [
    ("送货运费", "趟", 90_000, 1_800_000),
    ("安装调试服务", "次", 60_000, 6_500_000),
    ("仓储代管费", "天", 60_000, 450_000),
];

/// Number of goods; services follow.
pub(super) const GOODS_COUNT: usize = GOODS.len();

/// Tax on goods, in millionths.
const GOODS_TAX: i64 = 130_000;

pub(super) fn products() -> Vec<Product> {
    let goods = GOODS.iter().enumerate().map(|(place, (name, spec, unit, price, _))| Product {
        code: format!("SP{:02}{:02}", place / 5 + 1, place % 5 + 1),
        name,
        spec,
        unit,
        tax_ppm: GOODS_TAX,
        price_micro: price * 100,
        service: false,
    });
    let services = (1..).zip(SERVICES).map(|(place, (name, unit, tax_ppm, price))| Product {
        code: format!("FW{place:04}"),
        name,
        spec: "",
        unit,
        tax_ppm,
        price_micro: price * 100,
        service: true,
    });
    goods.chain(services).collect()
}

/// How many of a product are usually sold at once.
pub(super) fn usual_quantity(product: usize) -> (i64, i64) {
    GOODS.get(product).map_or((1, 3), |row| row.4)
}
