//! What holds in whole books at any moment, as statements that both engines understand.

/// Statements that find nothing in whole books: what they would find, and how.
pub const NOTHING: &[(&str, &str)] = &[
    (
        "O1 a row of a posted file is not the line it became",
        "SELECT b.id, i.row_no FROM import_batch b JOIN import_line i ON i.batch_id = b.id \
         LEFT JOIN line l ON l.batch_id = i.batch_id AND l.batch_row = i.row_no \
         AND l.reverses_id IS NULL WHERE b.state = 'committed' AND (\
         (i.status = 'new' AND l.id IS NULL) OR (i.status IN ('known', 'rejected') \
         AND l.id IS NOT NULL) OR (l.id IS NOT NULL AND (l.amount <> i.amount \
         OR l.customer_id <> i.customer_id OR l.reference <> i.reference \
         OR l.business_date <> i.business_date OR l.side <> b.side)))",
    ),
    (
        "O1 a row became two lines",
        "SELECT batch_id, batch_row FROM line WHERE batch_id IS NOT NULL AND reverses_id IS NULL \
         GROUP BY batch_id, batch_row HAVING COUNT(*) > 1",
    ),
    (
        "O1 lines of a file that is not posted",
        "SELECT b.id, b.state FROM import_batch b WHERE b.state NOT IN ('committed', 'undone') \
         AND EXISTS (SELECT 1 FROM line l WHERE l.batch_id = b.id)",
    ),
    (
        "O1 a file that was read has no rows, or a plan without rows",
        "SELECT b.id FROM import_batch b WHERE b.state IN ('checked', 'committed') \
         AND NOT EXISTS (SELECT 1 FROM import_line i WHERE i.batch_id = b.id)",
    ),
    (
        "O1 a file without its bytes",
        "SELECT f.id FROM source_file f LEFT JOIN (SELECT company_id, digest, \
         COUNT(*) AS parts, MAX(part) AS last FROM blob_part GROUP BY company_id, digest) p \
         ON p.company_id = f.company_id AND p.digest = f.digest LEFT JOIN blob b \
         ON b.company_id = f.company_id AND b.digest = f.digest \
         WHERE b.size IS NULL OR b.size <> f.size OR p.parts IS NULL OR p.parts <> p.last + 1 \
         OR p.parts <> (b.size + 1048575) / 1048576",
    ),
    (
        "O2 a line in two live groups",
        "SELECT m.line_id FROM group_member m JOIN match_group g ON g.id = m.group_id \
         WHERE g.status = 'live' GROUP BY m.line_id HAVING COUNT(*) > 1",
    ),
    (
        "O2 a claim without a live group",
        "SELECT c.line_id FROM line_claim c WHERE NOT EXISTS (SELECT 1 FROM group_member m \
         JOIN match_group g ON g.id = m.group_id WHERE g.status = 'live' \
         AND g.id = c.group_id AND m.line_id = c.line_id)",
    ),
    (
        "O2 a member of a live group without its claim",
        "SELECT m.line_id FROM group_member m JOIN match_group g ON g.id = m.group_id \
         WHERE g.status = 'live' AND NOT EXISTS (SELECT 1 FROM line_claim c \
         WHERE c.line_id = m.line_id AND c.group_id = g.id)",
    ),
    (
        "O2 a line that is held and matched, or matched and not posted",
        "SELECT c.line_id FROM line_claim c LEFT JOIN line l ON l.id = c.line_id \
         LEFT JOIN line_hold h ON h.line_id = c.line_id \
         WHERE h.line_id IS NOT NULL OR l.id IS NULL OR l.state <> 'posted'",
    ),
    (
        "O3 a group whose sums are not those of its lines",
        "SELECT g.id FROM match_group g LEFT JOIN group_member m ON m.group_id = g.id \
         LEFT JOIN line l ON l.id = m.line_id GROUP BY g.id, g.ours, g.theirs, g.difference \
         HAVING COUNT(l.id) = 0 OR g.difference <> g.ours - g.theirs \
         OR g.ours <> SUM(CASE WHEN l.side = 'ours' THEN l.amount ELSE 0 END) \
         OR g.theirs <> SUM(CASE WHEN l.side = 'theirs' THEN l.amount ELSE 0 END)",
    ),
    (
        "O3 a settled group with a difference that is no rounding",
        "SELECT id FROM match_group WHERE status = 'live' AND state = 'settled' \
         AND difference <> 0 AND decided = FALSE \
         AND (reason <> 'rounding' OR difference NOT BETWEEN -10 AND 10)",
    ),
    (
        "O3 a discrepancy that is not the sum of its lines",
        "SELECT d.id FROM discrepancy d JOIN discrepancy_line m ON m.discrepancy_id = d.id \
         JOIN line l ON l.id = m.line_id WHERE d.status <> 'gone' GROUP BY d.id, d.amount \
         HAVING d.amount <> SUM(CASE WHEN l.side = 'ours' THEN l.amount ELSE -l.amount END)",
    ),
    (
        "O4 an adjustment whose entry says something else",
        "SELECT a.id FROM adjustment a LEFT JOIN line l ON l.id = a.line_id \
         WHERE a.state = 'posted' AND (l.id IS NULL OR l.amount <> a.amount \
         OR l.state <> 'posted' OR l.customer_id <> a.customer_id)",
    ),
    (
        "O4 a gap in the numbers of vouchers",
        "SELECT company_id, side, substr(posting_date, 1, 4) FROM line \
         WHERE voucher_no IS NOT NULL GROUP BY company_id, side, substr(posting_date, 1, 4) \
         HAVING MAX(voucher_no) <> COUNT(*) OR COUNT(DISTINCT voucher_no) <> COUNT(*)",
    ),
    (
        "O5 a period that is half signed",
        "SELECT p.id, p.state FROM period p LEFT JOIN period_seal s ON s.period_id = p.id \
         AND s.number = p.seal JOIN customer c ON c.id = p.customer_id \
         WHERE (p.state = 'signed') <> (s.period_id IS NOT NULL AND s.reopened_at IS NULL) \
         OR (p.state = 'signed' AND (s.digest <> p.digest OR s.snapshot <> p.snapshot \
         OR p.signed_by = '' OR c.locked_through < p.last_day)) \
         OR (p.state = 'approved' AND (p.approved_by = '' OR p.digest IS NULL)) \
         OR (p.state = 'prepared' AND (p.prepared_by = '' OR p.approved_by <> '')) \
         OR (p.state = 'open' AND (p.signed_by <> '' OR p.approved_by <> ''))",
    ),
    (
        "O5 a customer locked through a day that nobody signed",
        "SELECT c.id, c.locked_through FROM customer c WHERE c.locked_through <> COALESCE(\
         (SELECT MAX(p.last_day) FROM period p WHERE p.customer_id = c.id \
         AND p.state = 'signed'), '')",
    ),
    (
        "O5 more or fewer seals than their numbers say, or an old one that still holds",
        "SELECT p.id FROM period p LEFT JOIN period_seal s ON s.period_id = p.id \
         GROUP BY p.id, p.seal, p.state HAVING COUNT(s.number) <> p.seal \
         OR SUM(CASE WHEN s.number IS NOT NULL AND s.reopened_at IS NULL THEN 1 ELSE 0 END) \
         <> CASE WHEN p.state = 'signed' THEN 1 ELSE 0 END",
    ),
    (
        "O5 something was posted within signed days",
        "SELECT l.id FROM line l JOIN period p ON p.customer_id = l.customer_id \
         AND p.currency = l.currency WHERE p.state = 'signed' AND l.state = 'posted' \
         AND l.posting_date BETWEEN p.first_day AND p.last_day AND l.posted_at > p.signed_at",
    ),
    (
        "O5 a match that stands in a period that is not signed",
        "SELECT g.id FROM match_group g JOIN period p ON p.id = g.period_id \
         WHERE p.state <> 'signed'",
    ),
    (
        "O5 a match of signed days that does not stand in a period",
        "SELECT g.id FROM match_group g JOIN customer c ON c.id = g.customer_id \
         WHERE g.status = 'live' AND g.period_id IS NULL AND c.locked_through <> '' \
         AND NOT EXISTS (SELECT 1 FROM group_member m JOIN line l ON l.id = m.line_id \
         WHERE m.group_id = g.id AND l.posting_date > c.locked_through)",
    ),
];

/// What happened and what was noted: the number of effects of a kind = the number of records.
pub const EFFECTS: &[(&str, &str)] = &[
    ("import.receive", "SELECT COUNT(*) FROM import_batch"),
    ("import.commit", "SELECT COUNT(*) FROM import_batch WHERE committed_at IS NOT NULL"),
    ("run.commit", "SELECT COUNT(*) FROM match_run WHERE committed_at IS NOT NULL"),
    ("run.plan", "SELECT COUNT(*) FROM match_run WHERE created_by <> ''"),
    ("run.ask", "SELECT COUNT(*) FROM job WHERE kind = 'match.plan'"),
    ("period.sign_off", "SELECT COUNT(*) FROM period_seal"),
    ("period.reopen", "SELECT COUNT(*) FROM period_seal WHERE reopened_at IS NOT NULL"),
    ("period.create", "SELECT COUNT(*) FROM period"),
    ("checkpoint.export", "SELECT COUNT(*) FROM audit_checkpoint"),
];
