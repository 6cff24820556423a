//! Reasons in English: label, meaning, owner, next step.

use super::{ReasonText, row};
use crate::Reason;

/// In the order of [`Reason::ALL`].
pub(super) const TEXTS: [ReasonText; Reason::ALL.len()] = [
    row(
        Reason::Rounding,
        [
            "Rounding",
            "The amounts differ by a few cents, within the rounding allowed",
            "Receivables",
            "Write off within the permitted limit, submit for approval beyond it",
        ],
    ),
    row(
        Reason::Tax,
        [
            "Tax difference",
            "The tax differs, or the difference equals the tax, as when one side books net",
            "Tax, receivables",
            "Compare tax rate and tax on the invoice with how each side booked it",
        ],
    ),
    row(
        Reason::PriceQuantity,
        [
            "Price or quantity",
            "Price or quantity of a goods line differs and explains the amount",
            "Sales, warehouse",
            "Check the order price and the quantity signed for, then correct by a document",
        ],
    ),
    row(
        Reason::Discount,
        [
            "Discount",
            "A discount or rebate is booked on one side only",
            "Sales",
            "Check the agreed terms: book what is earned, ask for the rest to be paid",
        ],
    ),
    row(
        Reason::FreightFee,
        [
            "Freight and handling",
            "Freight, packing or handling is booked on one side only",
            "Logistics",
            "Check who bears the charge by contract and let that side book it",
        ],
    ),
    row(
        Reason::BankCharge,
        [
            "Bank charge",
            "The payment arrived short by a charge the bank kept",
            "Receivables",
            "Confirm the charge on the bank slip, expense it or ask the customer to make it up",
        ],
    ),
    row(
        Reason::Withholding,
        [
            "Withholding or set-off",
            "Tax was withheld, or the amount was set off against what we owe them",
            "Receivables, payables",
            "Obtain the tax certificate or the set-off agreement, then book it on both sides",
        ],
    ),
    row(
        Reason::ExchangeRate,
        [
            "Exchange rate",
            "Same foreign amount, converted at another rate",
            "Treasury",
            "Compare the conversion date and rate, book the gain or loss on exchange",
        ],
    ),
    row(
        Reason::PartialPayment,
        [
            "Part payment",
            "Settled in part, the rest is open on both sides",
            "Collector",
            "Agree the date by which the rest is paid and follow it up",
        ],
    ),
    row(
        Reason::MissingTheirs,
        [
            "Missing at the customer",
            "We have booked it, the customer has not",
            "Receivables",
            "Send the document to the customer and ask for it to be booked",
        ],
    ),
    row(
        Reason::MissingOurs,
        [
            "Missing on our side",
            "The customer has booked it, we have not",
            "Receivables",
            "Search drafts, other customers and neighboring periods, book it if it is due",
        ],
    ),
    row(
        Reason::Cutoff,
        [
            "Cutoff or in transit",
            "Booked in different periods, or money, goods or invoice are in transit",
            "Receivables",
            "Carry forward as a timing item, treat as missing once it is overdue",
        ],
    ),
    row(
        Reason::ReturnNotCredited,
        [
            "Return not credited",
            "A return is booked on one side only",
            "Sales, warehouse",
            "Check the goods receipt of the return, issue the credit note or have it reversed",
        ],
    ),
    row(
        Reason::ExchangeHalf,
        [
            "Half an exchange",
            "An exchange has only one of its two legs",
            "Warehouse",
            "Check the exchange note and book the missing leg",
        ],
    ),
    row(
        Reason::UnappliedPayment,
        [
            "Unapplied payment",
            "The money has been received but not applied to documents",
            "Cash application",
            "Apply it to the documents that the remittance advice names",
        ],
    ),
    row(
        Reason::UnrecognisedPayment,
        [
            "Payment not received",
            "The customer lists a payment that did not arrive in the usual time",
            "Customer",
            "Ask for proof of payment and check the account it was sent to",
        ],
    ),
    row(
        Reason::DuplicateOurs,
        [
            "Duplicate on our side",
            "We list the same entry more often than the customer",
            "Receivables",
            "Verify, then reverse the surplus entry",
        ],
    ),
    row(
        Reason::DuplicateTheirs,
        [
            "Duplicate at the customer",
            "The customer lists the same entry more often than we do",
            "Customer",
            "Point out the surplus entry and ask for it to be reversed",
        ],
    ),
    row(
        Reason::ReversalOneSided,
        [
            "Reversal on one side",
            "An entry and its reversal stand on one side only and cancel out",
            "Receivables",
            "For information: the balance is not affected",
        ],
    ),
    row(
        Reason::WrongSign,
        [
            "Opposite direction",
            "Same amount with debit and credit swapped, so it counts twice",
            "Import, customer",
            "Check the direction of the import first, then have the wrong entry corrected",
        ],
    ),
    row(
        Reason::DigitSlip,
        [
            "Digits mistyped",
            "Neighboring digits are swapped or the decimal point is misplaced",
            "Whoever typed it",
            "Compare with the original document and correct the side that is wrong",
        ],
    ),
    row(
        Reason::Amount,
        [
            "Amount differs",
            "The same document has two amounts and nothing above explains it",
            "Receivables",
            "Compare the original documents item by item",
        ],
    ),
    row(
        Reason::WrongReference,
        [
            "Reference differs",
            "All agrees but the document number",
            "Receivables",
            "Confirm that it is the same entry, correct the number if need be",
        ],
    ),
    row(
        Reason::MissingReference,
        [
            "Reference missing",
            "One side gives no document number, the rest agrees",
            "Receivables",
            "Confirm the pair and fill in the number",
        ],
    ),
    row(
        Reason::Date,
        [
            "Date differs",
            "Only the date differs by more than the days allowed",
            "Receivables",
            "Confirm that it is the same entry and check the period",
        ],
    ),
    row(
        Reason::Currency,
        [
            "Currency differs",
            "The two sides use different currencies",
            "Receivables",
            "Check the currency of contract and invoice, correct the side that is wrong",
        ],
    ),
    row(
        Reason::WrongParty,
        [
            "Wrong party",
            "Booked on a branch, sister or parent company",
            "Receivables",
            "Verify where it belongs and transfer it",
        ],
    ),
    row(
        Reason::Split,
        [
            "Split",
            "One of ours is several of theirs",
            "Receivables",
            "Confirm that the parts belong to our entry",
        ],
    ),
    row(
        Reason::Merged,
        [
            "Merged",
            "Several of ours are one of theirs",
            "Receivables",
            "Confirm which of our entries their entry covers",
        ],
    ),
    row(
        Reason::Regrouped,
        [
            "Regrouped",
            "Several are several, only the sums agree",
            "Receivables",
            "Confirm that both sets belong to the same dealings",
        ],
    ),
    row(
        Reason::SplitIncomplete,
        [
            "Group incomplete",
            "A group was found but its sum is short",
            "Receivables",
            "Find the missing entry of the group, or settle what the gap is",
        ],
    ),
    row(
        Reason::Opening,
        [
            "Opening differs",
            "The opening balances differ beyond the items carried forward",
            "Receivables",
            "Trace it to the first period that diverged",
        ],
    ),
    row(
        Reason::StatementNotSumming,
        [
            "Their ledger does not add up",
            "Their opening balance and movements do not make their closing balance",
            "Customer",
            "Return it to the customer and ask for a corrected one",
        ],
    ),
    row(
        Reason::PostSignature,
        [
            "Changed after sign-off",
            "Changed after both sides had signed",
            "Controller",
            "Find out who changed it and why, decide whether to sign again",
        ],
    ),
    row(
        Reason::Ambiguous,
        [
            "Several candidates",
            "Several partners are possible and not interchangeable",
            "Reviewer",
            "Choose among the candidates, or add the reference and match again",
        ],
    ),
    row(
        Reason::SearchLimit,
        [
            "Search limit reached",
            "Too many combinations: the search budget was spent without an answer",
            "Reviewer",
            "Narrow customer or period and run again, or raise the limit",
        ],
    ),
    row(
        Reason::Unexplained,
        [
            "Unexplained",
            "None of the reasons above fits",
            "Reviewer",
            "Look at the original documents and call the customer",
        ],
    ),
];
