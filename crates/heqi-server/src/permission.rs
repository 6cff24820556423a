//! Permissions 权限 and roles 角色: the closed list of what a person may be allowed to do.
//!
//! A right is action × object × scope. The scope, for which customers, is a predicate in SQL, so
//! that lists, searches and exports leave out what is not the reader's instead of failing.

use std::collections::BTreeMap;

use heqi_domain::Lang;
use heqi_platform::Sql;

macro_rules! permissions {
    ($($name:ident = $code:literal, $zh:literal, $en:literal;)*) => {
        /// Something that a person may be allowed to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $(#[doc = $en] $name,)*
        }

        impl Permission {
            /// Every permission, in the order of the settings page.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code used in JSON and in roles.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The words for people.
            #[must_use]
            pub const fn label(self, lang: Lang) -> &'static str {
                match self { $(Self::$name => lang.pick($zh, $en),)* }
            }
        }
    };
}

permissions! {
    CompaniesManage = "companies.manage", "维护账套", "Create and maintain companies";
    UsersManage = "users.manage", "管理用户", "Create and disable users, reset passwords";
    RolesGrant = "roles.grant", "授权与角色", "Grant roles";
    SessionsManage = "sessions.manage", "管理会话", "See and end the sessions of others";
    SystemOperate = "system.operate", "系统运维", "Backups, jobs, state of the system";
    AuditRead = "audit.read", "查看审计记录", "Read, verify and export the audit records";
    CustomersRead = "customers.read", "查看客户", "See customers";
    CustomersWrite = "customers.write", "维护客户", "Maintain customers";
    CustomersSensitive = "customers.sensitive", "查看账号和电话", "See bank accounts and phones";
    BankAccountsApprove = "bank_accounts.approve", "复核账号变更", "Approve new bank accounts";
    CatalogRead = "catalog.read", "查看商品与价格", "See products and prices";
    CatalogWrite = "catalog.write", "维护商品与价格", "Maintain products and prices";
    LedgerRead = "ledger.read", "查看往来明细", "See the ledger";
    LedgerWrite = "ledger.write", "录入往来单据", "Enter documents";
    LedgerPost = "ledger.post", "审核过账", "Review and post documents";
    LedgerExport = "ledger.export", "导出明细", "Export the ledger";
    ImportsWrite = "imports.write", "导入文件", "Import files";
    RulesRead = "rules.read", "查看匹配规则", "See matching rules";
    RulesWrite = "rules.write", "修改匹配规则", "Change matching rules";
    RulesApprove = "rules.approve", "启用匹配规则", "Approve matching rules";
    MatchingRead = "matching.read", "查看匹配结果", "See matches";
    MatchingWrite = "matching.write", "匹配、取消匹配、挂起", "Match, unmatch, hold";
    DiscrepanciesRead = "discrepancies.read", "查看差异", "See discrepancies";
    DiscrepanciesWrite = "discrepancies.write", "处理差异", "Work on discrepancies";
    AdjustmentsPropose = "adjustments.propose", "提出调整", "Propose adjustments";
    AdjustmentsApprove = "adjustments.approve", "复核调整", "Approve adjustments";
    AdjustmentsApproveLarge = "adjustments.approve_large", "复核超限调整、核定限额",
        "Approve adjustments above the limit, and the limits";
    PeriodsRead = "periods.read", "查看对账期间", "See periods";
    PeriodsPrepare = "periods.prepare", "提交期间对账结果", "Prepare a period";
    PeriodsSign = "periods.sign", "签认期间", "Sign a period off";
    PeriodsReopen = "periods.reopen", "批准反结账", "Approve reopening a period";
    ExportAll = "export.all", "导出整个账套", "Export a whole company";
}

impl Permission {
    /// The permission that a code names.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.code() == code)
    }
}

/// A role that every installation has.
#[derive(Clone, Copy, Debug)]
pub struct BuiltInRole {
    /// The code used in JSON.
    pub code: &'static str,
    /// The words for people: Chinese, English.
    pub label: [&'static str; 2],
    /// What it may do.
    pub permissions: &'static [Permission],
    /// Whether it is one of the three that no one person may combine 三员分立.
    pub separated: bool,
}

use Permission as P;

const READS: &[Permission] = &[
    P::CustomersRead,
    P::CatalogRead,
    P::LedgerRead,
    P::RulesRead,
    P::MatchingRead,
    P::DiscrepanciesRead,
    P::PeriodsRead,
];

/// Every built-in role.
pub const ROLES: &[BuiltInRole] = &[
    BuiltInRole {
        code: "system_admin",
        label: ["系统管理员", "System administrator"],
        permissions: &[P::CompaniesManage, P::UsersManage, P::SystemOperate],
        separated: true,
    },
    BuiltInRole {
        code: "security_admin",
        label: ["安全管理员", "Security administrator"],
        permissions: &[P::RolesGrant, P::SessionsManage],
        separated: true,
    },
    BuiltInRole {
        code: "auditor",
        label: ["审计员", "Auditor"],
        permissions: &[
            P::AuditRead,
            P::CustomersRead,
            P::CatalogRead,
            P::LedgerRead,
            P::RulesRead,
            P::MatchingRead,
            P::DiscrepanciesRead,
            P::PeriodsRead,
        ],
        separated: true,
    },
    BuiltInRole {
        code: "finance_manager",
        label: ["财务经理", "Finance manager"],
        permissions: &[
            P::CustomersRead,
            P::CustomersWrite,
            P::CustomersSensitive,
            P::BankAccountsApprove,
            P::CatalogRead,
            P::CatalogWrite,
            P::LedgerRead,
            P::LedgerWrite,
            P::LedgerPost,
            P::LedgerExport,
            P::ImportsWrite,
            P::RulesRead,
            P::RulesWrite,
            P::RulesApprove,
            P::MatchingRead,
            P::MatchingWrite,
            P::DiscrepanciesRead,
            P::DiscrepanciesWrite,
            P::AdjustmentsPropose,
            P::AdjustmentsApprove,
            P::AdjustmentsApproveLarge,
            P::PeriodsRead,
            P::PeriodsPrepare,
            P::PeriodsSign,
            P::PeriodsReopen,
            P::ExportAll,
        ],
        separated: false,
    },
    BuiltInRole {
        code: "accountant",
        label: ["会计", "Accountant"],
        permissions: &[
            P::CustomersRead,
            P::CustomersWrite,
            P::CustomersSensitive,
            P::CatalogRead,
            P::CatalogWrite,
            P::LedgerRead,
            P::LedgerWrite,
            P::LedgerExport,
            P::ImportsWrite,
            P::RulesRead,
            P::RulesWrite,
            P::MatchingRead,
            P::MatchingWrite,
            P::DiscrepanciesRead,
            P::DiscrepanciesWrite,
            P::AdjustmentsPropose,
            P::PeriodsRead,
            P::PeriodsPrepare,
        ],
        separated: false,
    },
    BuiltInRole {
        code: "sales",
        label: ["销售", "Sales"],
        permissions: &[
            P::CustomersRead,
            P::CatalogRead,
            P::LedgerRead,
            P::MatchingRead,
            P::DiscrepanciesRead,
            P::DiscrepanciesWrite,
        ],
        separated: false,
    },
    BuiltInRole {
        code: "read_only",
        label: ["只读", "Read only"],
        permissions: READS,
        separated: false,
    },
];

/// The built-in role that a code names.
#[must_use]
pub fn built_in(code: &str) -> Option<&'static BuiltInRole> {
    ROLES.iter().find(|role| role.code == code)
}

/// The one of the three roles kept apart that alone has this permission; none if it belongs to
/// everyday work too.
#[must_use]
pub fn office(permission: Permission) -> Option<&'static BuiltInRole> {
    let mut holders = ROLES.iter().filter(|role| role.permissions.contains(&permission));
    holders.next().filter(|role| role.separated && holders.next().is_none())
}

/// The codes of the roles kept apart whose powers these permissions hold; more than one may not
/// come together in one role or one person.
#[must_use]
pub fn offices<'p>(permissions: impl IntoIterator<Item = &'p Permission>) -> Vec<&'static str> {
    let held: Vec<_> = permissions.into_iter().filter_map(|one| office(*one)).collect();
    let separated = ROLES.iter().map(|role| role.code);
    separated.filter(|code| held.iter().any(|office| office.code == *code)).collect()
}

/// For which customers a right holds: a union.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// For every customer.
    pub all: bool,
    /// For the customers that this user owns.
    pub owner: Option<i64>,
    /// For the customers of these departments.
    pub departments: Vec<String>,
    /// For the customers of these regions.
    pub regions: Vec<String>,
}

impl Scope {
    /// Appends ` AND (…)`: only customers within the scope. `customer` is in reach of the query
    /// under its own name.
    pub fn push(&self, sql: &mut Sql) {
        if self.all {
            return;
        }
        sql.push(" AND (1 = 0");
        if let Some(owner) = self.owner {
            sql.push(" OR customer.owner_id = ").push_bind(owner);
        }
        if !self.departments.is_empty() {
            sql.push(" OR customer.department IN ");
            sql.push_list(self.departments.iter().map(String::as_str));
        }
        if !self.regions.is_empty() {
            sql.push(" OR customer.region IN ");
            sql.push_list(self.regions.iter().map(String::as_str));
        }
        sql.push(")");
    }

    /// Appends ` AND customer_id IN (…)` for a table that names its customer in this column.
    pub fn push_customers(&self, sql: &mut Sql, column: &'static str, company: i64) {
        if self.all {
            return;
        }
        sql.push(" AND ").push(column).push(" IN (SELECT customer.id FROM customer WHERE ");
        sql.push("customer.company_id = ").push_bind(company);
        self.push(sql);
        sql.push(")");
    }
}

/// What a person may do in one company, and for which customers.
#[derive(Clone, Debug, Default)]
pub struct Grants(pub BTreeMap<Permission, Scope>);

impl Grants {
    /// Adds a permission for a part of the customers.
    pub fn add(&mut self, permission: Permission, scope: &str, value: &str, user: i64) {
        let held = self.0.entry(permission).or_default();
        match scope {
            "all" => held.all = true,
            "own" => held.owner = Some(user),
            "department" => held.departments.push(value.to_owned()),
            "region" => held.regions.push(value.to_owned()),
            _ => {}
        }
    }

    /// Leaves only these permissions: a token may do less than its owner, never more.
    pub fn keep(&mut self, permissions: &[Permission]) {
        self.0.retain(|permission, _| permissions.contains(permission));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_lead_back() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_code(permission.code()), Some(*permission));
        }
    }

    #[test]
    fn the_three_separated_roles_share_no_power_to_change() {
        let separated: Vec<_> = ROLES.iter().filter(|role| role.separated).collect();
        assert_eq!(separated.len(), 3);
        for (at, role) in separated.iter().enumerate() {
            for other in &separated[at + 1..] {
                assert!(!role.permissions.iter().any(|p| other.permissions.contains(p)));
            }
        }
        let auditor = built_in("auditor").unwrap();
        assert!(auditor.permissions.iter().all(|p| p.code().ends_with(".read")));
    }

    #[test]
    fn d8_each_office_is_known_by_the_powers_that_it_alone_has() {
        for role in ROLES {
            let expected: &[&str] = if role.separated { &[role.code] } else { &[] };
            assert_eq!(offices(role.permissions), expected, "{}", role.code);
        }
        let both = [P::AuditRead, P::RolesGrant];
        assert_eq!(offices(&both), ["security_admin", "auditor"]);
    }

    #[test]
    fn no_scope_is_no_customer() {
        let mut sql = Sql::new("SELECT 1 FROM customer WHERE 1 = 1");
        Scope::default().push(&mut sql);
        assert!(format!("{sql:?}").contains("AND (1 = 0)"));
    }
}
