//! The messages in Chinese 中文说明.

use super::CryptoError;

impl CryptoError {
    /// The message in Chinese 中文说明.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::UnknownKey { key } => format!(
                "这条数据用密钥 {key} 加密，密钥文件里没有这把密钥。请换回本系统的密钥文件（每次\
                 轮换后要用新的那份），再重新启动"
            ),
            Self::Tampered { place } => {
                format!("密文被改动过，或是从别处挪来的（{place}）。请从备份恢复，并查清是谁写入的")
            }
            Self::Truncated { bytes } => {
                format!("密文不完整，只剩 {bytes} 字节，请从备份恢复")
            }
            Self::UnknownVersion { version } => {
                format!("密文格式 {version} 由更新版本的合契写入，请先升级")
            }
            Self::NotSealed => "该列存的不是密文".to_owned(),
            Self::NotText => "密文解开后不是文本".to_owned(),
            Self::TooLarge { bytes } => {
                format!("文件有 {bytes} 字节，超过一次加密的上限，请拆分后再上传")
            }
            Self::NoRandomness { what } => {
                format!("操作系统取不到随机数（{what}），未加密任何数据")
            }
            Self::Io { path, source } => format!("{}：读写失败（{source}）", path.display()),
            Self::KeyFileMissing { .. }
            | Self::KeyFileExists { .. }
            | Self::KeyFileExposed { .. }
            | Self::KeyFileBusy { .. }
            | Self::KeyFileDamaged { .. } => self.key_file_zh(),
            _ => self.backup_zh(),
        }
    }

    fn key_file_zh(&self) -> String {
        match self {
            Self::KeyFileMissing { path } => format!(
                "找不到密钥文件 {}。请放回它的副本，或改正路径；没有密钥，已加密的数据无法读出",
                path.display()
            ),
            Self::KeyFileExists { path } => {
                format!("{} 已存在，保持原样；密钥文件从不覆盖", path.display())
            }
            Self::KeyFileExposed { path, mode } => format!(
                "密钥文件 {path} 别人也能读（权限 {mode:03o}）。请执行：chmod 600 '{path}'；如果\
                 有别人登录过这台机器，还要轮换密钥",
                path = path.display()
            ),
            Self::KeyFileBusy { path } => {
                format!("另一个程序正在改密钥文件 {}，请等它结束后再试", path.display())
            }
            Self::KeyFileDamaged { path, line, what } => {
                let line = line.map(|line| format!("第 {line} 行")).unwrap_or_default();
                format!("密钥文件 {} {line}已损坏（{what}），请放回它的副本", path.display())
            }
            _ => self.to_string(),
        }
    }

    fn backup_zh(&self) -> String {
        match self {
            Self::WrongPassphrase => "口令不对，备份打不开（也可能是文件开头损坏）。请检查大小写、\
                                      空格和输入法后再试"
                .to_owned(),
            Self::WrongIdentity => "备份不是给这份身份文件的（也可能是文件开头损坏），请换用备份时\
                                    所选接收方的身份文件"
                .to_owned(),
            Self::PassphraseNeeded => "这份备份是用口令加密的，请输入口令".to_owned(),
            Self::IdentityNeeded => {
                "这份备份是按接收方公钥加密的，不能用口令打开，请提供身份文件".to_owned()
            }
            Self::NoRecipient => "加密备份至少要有一个接收方公钥（age1…）".to_owned(),
            Self::MalformedRecipient { text } => {
                format!("「{text}」不是接收方公钥；应以 age1 开头，完整且不换行")
            }
            Self::BackupTruncated => {
                "备份不完整，缺了结尾。请重新拷贝，或换一份备份；这份里的内容一律不要恢复"
                    .to_owned()
            }
            Self::BackupDamaged => {
                "备份已损坏或被改动过，请换一份备份；这份里的内容一律不要恢复".to_owned()
            }
            Self::NotABackup => "不是加密备份文件".to_owned(),
            Self::BackupTooCostly { log_n } => format!(
                "打开这份备份所需的内存和时间超过上限（scrypt 2^{log_n}）。如确是自己的备份，\
                 请先用 age 命令解密"
            ),
            Self::Stream(source) => format!("备份读写失败（{source}）"),
            _ => self.to_string(),
        }
    }
}
