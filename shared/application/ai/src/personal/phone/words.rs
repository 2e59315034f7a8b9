//! Words beside a number that say whether it is a phone number: `Tel.`, `order`, `people`. Words are looked for in lower
//! case, in the languages that the national forms belong to, and in English and German.

use super::super::{ends_with_escape, is_unspaced};

/// What the words before a number say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Told {
    /// It is a phone number.
    Phone,
    /// It is an id, an amount or something else.
    Other,
    Nothing,
}

/// How many characters before a number are looked at: the work for each place of a text has a bound.
const REACH: usize = 40;
/// The longest word that is looked at after a number, in bytes.
const LONGEST_UNIT: usize = 16;

const PHONE: &str = "\
    tel telephone phone mobile mob cell cellphone cellular fax landline whatsapp sms call ring dial ph \
    telefon telefono teléfono tfno tlf tlfn tlfno móvil movil fijo celular cel telefone fone zap wpp \
    telemóvel telemovel fixo ligar tél téléphone téléphoner portable mobil mobilnummer telefonnummer \
    telefonnr handy handynummer rufnummer festnetz fastnet mobiltelefon llamar llame appeler appelez anrufen \
    phonenumber mobilenumber";

/// Words of scripts without spaces between words; they may stand anywhere in the last run.
const PHONE_UNSPACED: &str = "\
    电话 電話 手机 手機 座机 传真 携帯 連絡先 联系方式 전화 휴대폰 핸드폰 연락처 โทร ケータイ";

const OTHER: &str = "\
    id ids uuid guid order orders invoice invoices ticket tickets case ref reference tracking isbn issn sku \
    upc ean gtin asin serial version build revision part item items article po rma vin imei iccid key code \
    pin zip postcode doi pmid patent vat tax ssn nif nie dni cif cpf cnpj rfc curp siret siren cvr cpr abn \
    acn gstin aadhaar pedido factura referencia expediente importe fatura protocolo nota commande facture \
    dossier bestellung bestellnummer rechnung rechnungsnummer auftrag artikel artikelnummer ordre \
    ordrenummer faktura amount total sum price cost revenue budget turnover population views users count \
    quantity qty timestamp ts epoch date bytes size confirmation booking transaction txn batch lot shipment \
    parcel package device commit row record tokens eur usd gbp inr mxn brl dkk";

const OTHER_UNSPACED: &str = "\
    订单 訂單 单号 單號 编号 編號 注文 金额 金額 価格 身份证 发票 型番 伝票 追跡 快递 运单 受付";

/// Words that may stand between one of the others and the number.
const BETWEEN: &str = "\
    number numbers num no nr nº n is was at on me us him her them under work home office direct line private \
    personal main my número numero numéro nummer es al en el é o ao ist unter die est au le er på to for the";

/// Words and signs after a number that make it an amount.
const UNITS: &str = "\
    eur euro euros usd dollar dollars gbp pounds chf dkk sek nok kr kroner kronor mxn peso pesos brl real \
    reais inr rs rupees rupee rmb yuan cny jpy yen aud crore lakh mio million millions millones milhões \
    billion bn km kg mg ml cm mm ms ns kb mb gb tb bytes byte bits people users units pieces pcs shares \
    views downloads rows records requests tokens items seconds steps votes inhabitants habitants habitantes \
    einwohner";

/// Signs of currencies, and percent.
const AMOUNT_SIGNS: &str = "$€£¥￥₹₽₩₺₫฿₪%‰元円원";

/// Spaces between a number and its unit or currency.
const SPACES: [char; 3] = [' ', '\u{a0}', '\u{202f}'];

/// What the words before a number say. The nearest word decides; only words such as `number` or `is` may stand between.
pub(in super::super) fn told_before(before: &str) -> Told {
    let mut rest = within_reach(before);
    if ends_with_escape(rest) {
        return Told::Nothing;
    }
    if rest.ends_with("wa.me/") {
        return Told::Phone;
    }
    loop {
        let Some(text) = without_gap(rest) else { return Told::Nothing };
        let start = text
            .char_indices()
            .rev()
            .find(|(_, c)| !c.is_alphabetic())
            .map_or(0, |(at, c)| at + c.len_utf8());
        let word = text.get(start..).unwrap_or_default();
        let told = told_by_word(word);
        if told != Told::Nothing {
            return told;
        }
        if !has_word(BETWEEN, &word.to_lowercase()) {
            return told_by_last_part(word);
        }
        rest = text.get(..start).unwrap_or_default();
    }
}

/// Whether this is one of the words of a list.
fn has_word(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

fn within_reach(before: &str) -> &str {
    let start = before.char_indices().rev().take(REACH).last().map_or(before.len(), |(at, _)| at);
    before.get(start..).unwrap_or_default()
}

/// The text without the signs at its end, if a word stands before them that may belong to a number after them. A dot
/// ends a sentence unless the word is an abbreviation.
fn without_gap(text: &str) -> Option<&str> {
    let word = text.trim_end_matches(|c: char| {
        c == ' ' || c == '\u{a0}' || "\t.:：-–=\"'()（）/#_*|<>[]{}`?+".contains(c)
    });
    let gap = text.get(word.len()..).unwrap_or_default();
    let ends_sentence =
        gap.contains(". ") && word.chars().rev().take_while(|c| c.is_alphabetic()).count() > 5;
    (word.ends_with(char::is_alphabetic) && !ends_sentence && !gap.contains('?')).then_some(word)
}

fn told_by_word(word: &str) -> Told {
    if word.ends_with(is_unspaced) {
        let last = |terms: &str| terms.split(' ').filter_map(|term| word.rfind(term)).max();
        return match (last(PHONE_UNSPACED), last(OTHER_UNSPACED)) {
            (Some(phone), other) if other.is_none_or(|other| other < phone) => Told::Phone,
            (_, Some(_)) => Told::Other,
            _ => Told::Nothing,
        };
    }
    let word = word.to_lowercase();
    if has_word(PHONE, &word) {
        Told::Phone
    } else if has_word(OTHER, &word) {
        Told::Other
    } else {
        Told::Nothing
    }
}

/// The last part of a name in camel case, or the one before `Number`: `mobilePhone`, `orderNumber`.
fn told_by_last_part(word: &str) -> Told {
    let word = word.strip_suffix("Number").or_else(|| word.strip_suffix("No")).unwrap_or(word);
    let last = word.char_indices().rev().find(|(_, c)| c.is_uppercase()).map_or(0, |(at, _)| at);
    told_by_word(word.get(last..).unwrap_or_default())
}

/// Whether the text before a number ends with the sign of a currency, perhaps with a space after it.
pub(super) fn currency_precedes(before: &str) -> bool {
    before.strip_suffix(SPACES).unwrap_or(before).ends_with(|c: char| AMOUNT_SIGNS.contains(c))
}

/// Whether a currency or a unit stands right after a number, perhaps with a space before it.
pub(super) fn unit_follows(after: &str) -> bool {
    let rest = after.strip_prefix(SPACES).unwrap_or(after);
    if rest.starts_with(|c: char| AMOUNT_SIGNS.contains(c)) {
        return true;
    }
    let long = rest.char_indices().take_while(|(at, c)| *at <= LONGEST_UNIT && c.is_alphabetic()).last();
    let word = long.and_then(|(at, c)| rest.get(..at + c.len_utf8())).unwrap_or_default().to_lowercase();
    has_word(UNITS, &word)
}
