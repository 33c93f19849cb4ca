"""The signs of billing: money between the customer and the company."""

from __future__ import annotations

from nodes.routing.sign import ASKED, CLEAR, HINT, STRONG, TOPIC, Row

# To be read before the technical signs, which would take parts of them.
COMPOUND: tuple[Row, ...] = (
    (
        CLEAR,
        "your invoice",
        r"""
        (error|mistake|wrong|incorrect|discrepancy|typo)( \w+)? (on|in|with|of|about)( \w+){0,2} DOCUMENT(?! PLACE)
        (invoice|bill|statement)( \w+){0,3} (wrong|incorrect|mistake|higher|too high|doubled)
        """,
    ),
    (
        CLEAR,
        "your payment details",
        r"(updat\w+|chang\w+|edit\w*|add\w*|remov\w+|replac\w+|switch\w*|delet\w+) ~3 CARD",
    ),
    (STRONG, "your invoice", r"(get|download|find|see|view|print|locate) ~3 (invoices?|receipts?|bills?|statements?)"),
    (
        CLEAR,
        "the payment",
        r"""
        (payments?|cards?|paypal|direct debit) ~4 (fail\w*|declin\w*|reject\w*|refused|pending|bounced|not go\w*)
        (payments?|cards?|paypal|direct debit) ~4 (not accepted|went through|overdue|due|expir\w+)
        (declin\w+|reject\w+) ~3 (payment|card)
        """,
    ),
    (
        CLEAR,
        "the discount",
        r"""
        (discount|coupon|promo\w*|voucher|gift card)s?( codes?)? ~3 (CANNOT|invalid|rejected|expired)( \w+)?
        (discount|coupon|promo\w*|voucher|gift card|rebate)s? ~6 (total|price|applied|deducted)
        """,
    ),
    (
        CLEAR,
        "the double charge",
        r"""
        (charg\w+|bill(ed|ing)|debited|invoiced|paid|pay) ~5 (twice|double|again|\w+ times|too much|more than)
        double ?(charg\w*|bill(ed|ing)|payments?|debit\w*)|over ?charg\w*|duplicate (charge|payment|invoice)s?
        """,
    ),
)
PLAIN: tuple[Row, ...] = (
    (ASKED, "the refund", r"refund\w*|reimburs\w*|money back|charge ?back|compensat\w+|revers\w+ ~2 (charge|payment)"),
    (
        ASKED,
        "your money",
        r"""
        (want|got|get|give|return\w*|owe\w*|lost|stole\w*|sent) ~3 (money|cash)
        (where|when) ~4 (money|refund)
        """,
    ),
    (
        CLEAR,
        "your money",
        r"""
        (money|deposit|amount|it|what you took|what i paid|everything i paid)( \w+){0,5} (back|returned)
        giv\w+ (me |us )?back|(paid|credited) (out|back)
        """,
    ),
    (
        CLEAR,
        "the charge",
        r"""
        (us(ed|ing)|stole|authori[sz]\w+)( \w+){0,3} (card|account|amount|payment|purchase)
        purchase (i|we) (did|have|never)
        (was|were|been|got|am|im|being|you|keep|kept|still) (charg|bill|debit|invoic)(ed|ing)
        (took|takes?|taken|taking|deduct\w*|withdr[ae]w\w*) ~5 (amount|money)
        (taken|deducted|gone|withdrawn|debited) from (my|our)( \w+)? (account|card)
        (returned|refunded|paid|credited|back) (on )?to (my|our)( \w+)? (account|card)
        (money|refund) ~4 (reached|arrived|come|shown up)
        (took|takes?|taken|taking|withdr[ae]w\w*)( \w+){0,2} \d+( \w+){0,3} (from|off) (my|our)( \w+)? (account|card)
        (left|gone|missing|disappear\w*|charg\w+|bill(ed|ing)) ~5 (amount|money)
        (amount|money) ~5 (taken|gone|left|missing|deducted|debited|disappear\w*|withdrawn|charged)
        """,
    ),
    (
        CLEAR,
        "your subscription",
        r"""
        (cancel\w*|end|stop|terminat\w+|paus\w+|renew\w*|downgrad\w+|leav\w+) ~4 PLAN
        (switch\w*|chang\w+|upgrad\w+|extend\w*) ~4 PLAN
        PLAN( \w+){0,2} (cancel\w*|renew\w*|end(s|ed)?|expir\w+|on hold)
        """,
    ),
    (
        CLEAR,
        "the price",
        r"""
        (prices?|costs?|rates?|fees?|premium) ~6 (went up|gone? up|increas\w+|rais\w+|doubled|higher|changed|rose)
        (increas\w+|rais\w+|put up) ~3 (prices?|fees?|rates?)
        """,
    ),
    (
        STRONG,
        "the charge",
        r"""
        charg(e|es|ed|ing)|outstanding (sum|amount)|amount due|amount ~4 (cards?|account|statement)
        billed|billing|invoiced|debited|debits?|deduct\w*|transactions?|withdr[ae]w\w*
        """,
    ),
    (STRONG, "your invoice", r"invoices?|invoicing|credit notes?|purchase order"),
    (
        STRONG,
        "your bill",
        r"""
        (my|your|our|a|the|this|last|that|latest|monthly|first|next|higher|\w+s|of) (\w+ )?bills?
        bills? (is|was|are|for|from|of|says)
        """,
    ),
    (STRONG, "your receipt", r"receipts?|(proof of|make|made|making) (a |the |my )?payments?"),
    (STRONG, "the tax", r"vat|tax(es)?"),
    (
        STRONG,
        "the payment",
        r"""
        (bank|wire) transfers?|standing order|sepa|iban|instal?ments?|fees?|overdue|past due|payouts?
        remittances?|rebates?|(outstanding|negative|account) balance|ow(e|ed|es|ing)|deposits?|card on file
        exchange rate
        """,
    ),
    (TOPIC, "the payment", r"payments?|pay(s|ing)?|paid|repay\w*|prepaid|balance|(bank|account|card|my) statements?"),
    (
        TOPIC,
        "the payment",
        r"(credit|debit|bank) cards?|visa|master ?card|american express|amex|paypal|(apple|google) pay|klarna",
    ),
    (
        TOPIC,
        "your subscription",
        r"""
        subscri(be|bed|ptions?)|renew(al|als|ed|s|ing)?|membership|free trial|(my|the|our) contract
        (annual|yearly|monthly|quarterly) ~2 (plan|tariff|rate|instal?ments?)
        """,
    ),
    (
        HINT,
        "the price",
        r"""
        pric(e|es|ed|ing)|costs?|expensive|cheap\w*|discounts?|coupons?|vouchers?|promo\w*|amount|money|cards?|purchases?
        fraud\w*|scam\w*|bank|trial|contract|afford
        """,
    ),
)
