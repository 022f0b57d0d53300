//! What is personal or secret by its looks alone, in any text.
//!
//! A table of rules, tried in order. Where digits alone could be anything, a check digit or the word before them decides: sums,
//! dates, moments, ids and names of columns must stay readable. What must go and what must stay is listed in
//! `harness/tests/data/personal.tsv` and `plain.txt`.

use std::net::Ipv6Addr;
use std::ops::Range;
use std::sync::LazyLock;

use jiff::civil::{Date, DateTime};
use regex::{Captures, Regex};

/// Says how much of what a pattern found is really meant, from its beginning; nothing if it is none.
type Fits = fn(&str) -> Option<usize>;

/// One looks.
struct Rule {
    kind: &'static str,
    pattern: Regex,
    /// Whether it must stand by itself: not inside a word, nor as a part of a number that one of these signs goes on with.
    alone: Option<&'static str>,
    fits: Fits,
}

/// Anything that the pattern finds.
fn whole(text: &str) -> Option<usize> {
    Some(text.len())
}

/// The words that a person's name follows.
const PERSON: &str =
    r"(?i:абонент\w{0,2}|клиент\w{0,2}|плательщик\w{0,2}|заказчик\w{0,2}|физлицо|фио|subscriber|customer|payer)";
/// Given name and patronymic.
const PATRONYMIC: &str =
    r"[А-ЯЁ][а-яё]{2,}(?:(?:ович|евич|ьич)(?:а|у|ем|е)?|овна|евна|ична|овны|евны|ичны|овне|евне|ичне|овну|евну|ичну)";
/// The words that a street, a town or a square begins with.
const STREET: &str = r"(?i:ул\.|улица|улице|пр-т|пр-кт|просп\.|проспект|проспекте|пер\.|переулок|б-р|бульвар|ш\.|шоссе|наб\.|набережная|пл\.|площадь|мкр\.?|микрорайон|пос\.|посёлок|поселок|пгт\.?|дер\.|деревня|город)";
/// House, building, flat.
const HOUSE: &str =
    r"(?i:(?:дом|д|корпус|корп|к|строение|стр|квартира|кв|офис|оф|подъезд|под)\.? ?№? ?\d+[а-я]?(?:[/-]\d+)?)";

/// All of them, in the order in which they are tried.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    // Patterns of ours; a test proves that each of them is one.
    let rule =
        |(kind, pattern, alone, fits): Row| Some(Rule { kind, pattern: Regex::new(&pattern).ok()?, alone, fits });
    table().into_iter().filter_map(rule).collect()
});

/// Kind, pattern, whether it stands alone, what of it fits.
type Row = (&'static str, String, Option<&'static str>, Fits);

fn table() -> Vec<Row> {
    let phone_of_known_length =
        r"(?:\+|%2[Bb]|\b00)(?:7(?:[ ().‑–-]{0,3}\d){10}|(?:375|380|99\d)(?:[ ().‑–-]{0,3}\d){9})";
    let phone_with_code = r"(?:\+|%2[Bb]|\b00)\(?[1-9](?:[ ().‑–-]{0,3}\d){9,14}";
    let russian = r"\b[78][ .‑–-]{0,2}\(?[3-9]\d{2,4}\)?(?:[ .‑–-]{0,2}\d){5,7}";
    let mobile = r"\b9\d{2}[ .‑–-]?\d{3}[ .‑–-]?\d{2}[ .‑–-]?\d{2}";
    let with_area = r"\(\d{3,5}\)[ .‑–-]{0,2}\d(?:[ .‑–-]{0,2}\d){4,6}|\b[348]\d{2}[ ‑–-]\d{3}[ ‑–-]\d{2}[ ‑–-]\d{2}";
    let named_phone = r"(?i)\b(?:тел(?:ефон\w{0,2})?|моб(?:ильный)?|факс|phone|tel|mobile|смс)\b[.:№\s]{1,3}(?P<s>[+(]?\d[\d ().‑–-]{3,18}\d)";
    let names = [
        format!(r"{PERSON}[:,]?[ \xA0]+(?P<s>[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?(?:[ \xA0]+[А-ЯЁ][а-яё]+){{1,2}})"),
        r"(?i:abonent|subscriber|customer|payer)[:,]?[ \xA0]+(?P<s>[A-Z][a-z]+(?: [A-Z][a-z]+){1,2})".to_owned(),
        format!(r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?[ \xA0]+[А-ЯЁ][а-яё]+[ \xA0]+{PATRONYMIC}"),
        format!(r"[А-ЯЁ][а-яё]+[ \xA0]+{PATRONYMIC}(?:[ \xA0]+[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?)?"),
        r"[А-ЯЁ]{2,}(?:-[А-ЯЁ]{2,})?[ \xA0]+[А-ЯЁ]{2,}[ \xA0]+[А-ЯЁ]{2,}(?:ОВИЧ|ЕВИЧ|ЬИЧ|ОВНА|ЕВНА|ИЧНА)".to_owned(),
        r"[А-ЯЁ][а-яё]+[ \xA0]+[А-ЯЁ][а-яё]+[ \xA0]+[А-ЯЁ][а-яё]+[ \xA0]+(?:оглы|кызы|угли|уулу)".to_owned(),
        r"[А-ЯЁA-Z][а-яёa-z]+(?:-[А-ЯЁA-Z][а-яёa-z]+)?[ \xA0]+[А-ЯЁA-Z]\.[ \xA0]?[А-ЯЁA-Z]\.".to_owned(),
        r"[А-ЯЁA-Z]\.[ \xA0]?[А-ЯЁA-Z]\.[ \xA0]?[А-ЯЁA-Z][а-яёa-z]+(?:-[А-ЯЁA-Z][а-яёa-z]+)?".to_owned(),
        r"[A-Z][a-z]+ [A-Z][a-z]+ [A-Z][a-z]+(?:ovich|evich|yich|ovna|evna|ichna)".to_owned(),
        r"[A-Z][a-z]+ [A-Z][a-z]+(?:ovich|evich|yich|ovna|evna|ichna)".to_owned(),
    ];
    let addresses = [
        // Not after a number: that is a year.
        r"(?:^|[,;:(«\x22'>\n]\s*|\p{L}\s)(?P<s>г\. ?[А-ЯЁ][а-яё-]+)".to_owned(),
        format!(r"{STREET} ?[А-ЯЁ\d][\w-]*(?: [А-ЯЁ][а-яё-]+)*(?:,? ?{HOUSE})*(?:, ?\d+[а-я]?(?:[/-]\d+)?)*"),
        format!(r"[А-ЯЁ][а-яё-]+ (?i:ул|улица|пр-т|проспект|пер|переулок|б-р|бульвар|шоссе|наб|пл)\.?(?:,? ?{HOUSE})+"),
        r"(?i)д(?:ом)?\.? ?№? ?\d+[а-я]?(?:[/-]\d+)?,? ?(?:к(?:орп(?:ус)?)?\.? ?\d+[а-я]?,? ?)?кв(?:артира)?\.? ?№? ?\d+".to_owned(),
        r"[А-ЯЁ][а-яё-]+,? (?i:д|дом)\.? ?№? ?\d+[а-я]?(?:[/-]\d+)?".to_owned(),
    ];
    let mut table: Vec<Row> = vec![
        // Before addresses of mail: the part after `:` up to `@` would look like one.
        ("secret", r"\b[A-Za-z][A-Za-z0-9+.-]*://(?P<s>[^\s/@'\x22<>]+)@".into(), None, whole),
        ("email", r"[\w.+-]+(?:@|%40)[\w-]+(\.[\w-]+)+".into(), None, whole),
        ("secret", r"(?i)\b(?:authorization|(?:set-)?cookie|x-[\w-]*(?:key|token|auth)[\w-]*)[\x22']?\s*[:=]\s*[\x22']?(?P<s>[^\s\x22'<>][^\r\n\x22'<>]*)".into(), None, whole),
        ("secret", r"\b(?i:bearer|basic|token|digest)\s+(?P<s>[A-Za-z0-9._~+/-]{6,}=*)".into(), None, random),
        ("secret", r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?".into(), None, whole),
        ("secret", r"(?i)(?:\b|_)(?:session(?:_?id|_?key)?|suid|sid|token|csrf\w*|api_?key|passw(?:or)?d|pwd|psw|secret|login|пароль|логин|токен)[\x22']?\s?=\s?[\x22']?(?P<s>[^\s\x22'&;,{}<>\[\]()]{2,})".into(), None, whole),
        ("secret", r"(?i)\b(?:session(?:_?id|_?key)?|suid|token|passw(?:or)?d|pwd|psw|secret|login|пароль|логин|токен)\s?:\s?(?P<s>[^\s\x22'&;,{}<>\[\]()]{4,})".into(), None, random),
        ("secret", r"(?i)name=[\x22'][\w-]*(?:passw|token|session|secret|login|phone|email|csrf)[\w-]*[\x22'][^>]{0,200}?value=[\x22'](?P<s>[^\x22'<>]+)".into(), None, whole),
        ("secret", r"(?i)<(?:td|th|dt)[^>]*>\s*(?:фио|имя|телефон|адрес|пароль|логин|passw\w*|login|name|phone|email|token|session\w*)\s*:?\s*</(?:td|th|dt)>\s*<(?:td|dd)[^>]*>(?:\s*<[a-z][^>:]*>)*\s*(?P<s>[^<]+)".into(), None, whole),
        ("secret", r"(?i)\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{24,}\b".into(), None, whole),
        ("mac", r"\b[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}\b|\b[0-9A-Fa-f]{4}([.:-][0-9A-Fa-f]{4}){2}\b|\b[0-9A-Fa-f]{2}(\.[0-9A-Fa-f]{2}){5}\b".into(), Some(".:-"), whole),
        ("mac", r"\b[0-9A-Fa-f]{6}-?[0-9A-Fa-f]{6}\b".into(), Some(".:-"), mixed),
        ("ip", r"\b(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}\b".into(), Some("."), whole),
        ("ip", r"(?i)[0-9a-f]{0,4}:[0-9a-f:]{1,40}(?:(?:\d{1,3}\.){3}\d{1,3})?".into(), Some(":."), ipv6),
        ("snils", r"\b\d{3}-\d{3}-\d{3}[ -]\d{2}\b|(?i:снилс)\W{0,3}(?P<s>\d{11})\b".into(), Some(".-"), whole),
        ("phone", phone_of_known_length.into(), Some(".-"), whole),
        ("phone", phone_with_code.into(), Some(".-"), |text| digits(text, 10..16)),
        ("phone", russian.into(), Some(".-"), |text| digits(text, 11..12)),
        ("phone", with_area.into(), Some(".-"), |text| digits(text, 10..11)),
        ("card", r"\b[2-6]\d{3}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?\b|\b3\d{3}[ -]?\d{6}[ -]?\d{5}\b".into(), Some(".-"), card),
        ("passport", r"\b\d{2} ?\d{2}(?: | ?№ ?)\d{6}\b|(?i:паспорт\w{0,2})\D{0,20}?(?P<s>\d{2} ?\d{2}\W{0,3}\d{6})\b".into(), Some(".-"), whole),
        ("inn", r"(?i:инн|inn)\b\W{0,3}(?P<s>\d{12}|\d{10})\b".into(), Some(".-"), whole),
        ("phone", mobile.into(), Some(".-"), |text| digits(text, 10..11)),
        ("phone", named_phone.into(), Some(".-"), |text| digits(text, 5..16)),
        ("inn", r"\b(?:\d{12}|\d{10})\b".into(), Some(".-"), inn),
        // A cabinet session is eighteen digits.
        ("secret", r"\b\d{15,}\b".into(), Some("."), |text| (!is_scaled(text)).then_some(text.len())),
        ("secret", r"\b[A-Za-z0-9]{20,}\b".into(), Some("."), token),
    ];
    table.extend(names.into_iter().map(|pattern| ("name", pattern, Some(""), whole as Fits)));
    table.extend(addresses.into_iter().map(|pattern| ("address", pattern, Some(""), whole as Fits)));
    table
}

/// What a text looks like as a whole; nothing if it looks like nothing in particular.
pub(super) fn kind_of(text: &str) -> Option<&'static str> {
    let all = 0..text.len();
    RULES.iter().find(|rule| rule.find(text, 0).is_some_and(|(_, found)| found == all)).map(|rule| rule.kind)
}

/// A text with everything personal in it replaced.
pub(super) fn replace(text: &str, placeholder: &dyn Fn(&str) -> String) -> String {
    if is_harmless(text) {
        return text.to_owned();
    }
    let mut parts = vec![Part::Open(text.to_owned())];
    for rule in RULES.iter() {
        parts = parts.into_iter().flat_map(|part| rule.replace(part, placeholder)).collect();
    }
    let texts = parts.into_iter().map(|part| match part {
        Part::Open(text) | Part::Hidden(text) => text,
    });
    texts.collect()
}

/// Most texts of a reply are words in small letters, days and moments: the rules need not be asked.
fn is_harmless(text: &str) -> bool {
    let is_word = |sign: char| sign.is_lowercase() || matches!(sign, '_' | ' ' | '-' | '.' | ',');
    let is_time = || text.len() <= 19 && (text.parse::<Date>().is_ok() || text.parse::<DateTime>().is_ok());
    text.chars().count() < 5 || text.chars().all(is_word) || is_time()
}

/// A part of a text: what no rule has found yet, or a placeholder, which no rule looks into.
enum Part {
    Open(String),
    Hidden(String),
}

impl Rule {
    /// The first place from `start`: what the pattern found, and what of it is to be hidden.
    fn find(&self, text: &str, start: usize) -> Option<(Range<usize>, Range<usize>)> {
        let mut start = start;
        loop {
            let found = self.pattern.captures_at(text, start)?;
            let all = found.get(0)?.range();
            if let Some(part) = self.fitting(text, &found) {
                return Some((all, part));
            }
            // Something else may begin inside of what was none.
            start = all.start + text[all.start..].chars().next()?.len_utf8();
        }
    }

    fn fitting(&self, text: &str, found: &Captures<'_>) -> Option<Range<usize>> {
        let mut part = found.name("s").or(found.get(0))?.range();
        loop {
            if let Some(length) = (self.fits)(&text[part.clone()]) {
                let part = part.start..part.start + length;
                if !part.is_empty() && self.alone.is_none_or(|joins| stands_alone(text, &part, joins)) {
                    return Some(part);
                }
            }
            // Of numbers in a row, a pattern may have begun with the next one.
            let shorter = text[part.clone()].trim_end().rfind(' ').filter(|_| self.alone.is_some())?;
            part.end = part.start + shorter;
        }
    }

    fn replace(&self, part: Part, placeholder: &dyn Fn(&str) -> String) -> Vec<Part> {
        let Part::Open(text) = part else { return vec![part] };
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some((_, found)) = self.find(&text, at) {
            parts.push(Part::Open(text[at..found.start].to_owned()));
            parts.push(Part::Hidden(placeholder(&text[found.clone()])));
            at = found.end;
        }
        parts.push(Part::Open(text[at..].to_owned()));
        parts
    }
}

/// Whether no word and no number goes on at either end.
fn stands_alone(text: &str, part: &Range<usize>, joins: &str) -> bool {
    let is_word = |sign: char| sign.is_alphanumeric() || sign == '_';
    let goes_on = |mut signs: Box<dyn Iterator<Item = char> + '_>| match signs.next() {
        Some(sign) if is_word(sign) => true,
        Some(sign) if joins.contains(sign) => signs.next().is_some_and(|sign| sign.is_ascii_digit()),
        _ => false,
    };
    let first = text[part.clone()].chars().next();
    let before: Box<dyn Iterator<Item = char>> = Box::new(text[..part.start].chars().rev());
    // A sign of its own begins anew, whatever stands before it.
    let begins = matches!(first, Some('+' | '%' | '('));
    (begins || !goes_on(before)) && !goes_on(Box::new(text[part.end..].chars()))
}

/// As many digits as that.
fn digits(text: &str, wanted: Range<usize>) -> Option<usize> {
    let count = text.bytes().filter(u8::is_ascii_digit).count() - if text.starts_with("%2") { 1 } else { 0 };
    let bare = text.bytes().all(|byte| byte.is_ascii_digit());
    (wanted.contains(&count) && !(bare && is_scaled(text))).then_some(text.len())
}

/// A sum in the books is a whole number times 10^10, kopecks included: it ends in zeros, as no number of a person does.
pub(super) fn is_scaled(digits: &str) -> bool {
    digits.ends_with("00000")
}

/// Letters and digits both: neither a word nor a number.
fn mixed(text: &str) -> Option<usize> {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    (has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)).then_some(text.len())
}

/// No word: a digit among letters, or capitals inside.
fn random(text: &str) -> Option<usize> {
    let digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let small = text.bytes().any(|byte| byte.is_ascii_lowercase());
    let capital = text.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    (digit || small && capital || text.ends_with('=')).then_some(text.len())
}

/// No word, and no name of a model either, which has capitals inside but no digits.
fn token(text: &str) -> Option<usize> {
    (text.bytes().filter(u8::is_ascii_digit).count() >= 2).then(|| random(text)).flatten()
}

/// An address of the new kind, shortened or not. `::` and `::1` are nobody's.
fn ipv6(text: &str) -> Option<usize> {
    // A sentence may go on with a colon; a word with two colons has no digit.
    let is = |text: &str| {
        text.bytes().any(|byte| byte.is_ascii_digit())
            && text.parse::<Ipv6Addr>().is_ok_and(|address| u128::from(address) > 1)
    };
    [text, text.trim_end_matches(':')].into_iter().find(|text| is(text)).map(str::len)
}

/// A bank card's number, by its check digit (Luhn).
fn card(text: &str) -> Option<usize> {
    let digits: Vec<u32> = text.chars().filter_map(|sign| sign.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => *digit,
            _ => digit * 2 - if *digit > 4 { 9 } else { 0 },
        })
        .sum();
    sum.is_multiple_of(10).then_some(text.len())
}

/// A taxpayer's number, by its check digits.
fn inn(text: &str) -> Option<usize> {
    const WEIGHTS: [u32; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    let digits: Vec<u32> = text.chars().filter_map(|sign| sign.to_digit(10)).collect();
    let checked = |place: usize| {
        let weights = &WEIGHTS[WEIGHTS.len() - place..];
        let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
        digits.get(place) == Some(&(sum % 11 % 10))
    };
    let right = match digits.len() {
        10 => checked(9),
        12 => checked(10) && checked(11),
        _ => false,
    };
    (right && digits.iter().any(|digit| *digit != digits[0])).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_one() {
        assert_eq!(RULES.len(), table().len());
    }

    #[test]
    fn check_digits_are_checked() {
        assert!(inn("7707083893").is_some() && inn("500100732259").is_some());
        assert!(inn("7707083894").is_none() && inn("500100732258").is_none() && inn("0000000000").is_none());
        assert!(card("4111 1111 1111 1111").is_some() && card("4111 1111 1111 1112").is_none());
    }
}
