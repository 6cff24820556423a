//! placeholder
pub fn run(_: &[String]) -> anyhow::Result<bool> {
    Ok(true)
}
