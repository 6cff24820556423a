//! Shows how files are read: `cargo run -p heqi-intake --example inspect -- FILE …`.

use heqi_domain::{NoProgress, Side};

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                eprintln!("{path}: {error}");
                continue;
            }
        };
        let name = path.rsplit('/').next().unwrap_or(&path);
        let options = heqi_intake::ReadOptions::new(Side::Ours);
        match heqi_intake::read(&bytes, name, &options, &NoProgress) {
            Ok(reading) => {
                let text = serde_json::to_string(&reading.inspection);
                println!("{name}: {}", text.unwrap_or_default());
                for reject in reading.rejects.iter().take(8) {
                    println!("  reject {}", serde_json::to_string(reject).unwrap_or_default());
                }
                for line in 0..reading.lines.len().min(2) as u32 {
                    println!(
                        "  line {} {} {:?} {:?} {:?}",
                        reading.lines.id_of(line),
                        reading.lines.amount[line as usize],
                        heqi_domain::day_text(reading.lines.day[line as usize]),
                        reading.lines.reference.get(line),
                        reading.lines.text_of(line),
                    );
                }
            }
            Err(error) => println!("{name}: {error}\n  {}", error.zh()),
        }
    }
}
