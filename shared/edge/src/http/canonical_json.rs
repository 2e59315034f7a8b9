//! The canonical form of JSON (JCS, RFC 8785): equal documents have equal bytes, without regard to spacing, the order
//! of members and escapes.

use serde_json::{Map, Number, Value};

/// The canonical form of a document; `None` when it is not JSON.
pub(super) fn canonical(json: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(json.len());
    write(&mut out, &serde_json::from_slice(json).ok()?)?;
    Some(out)
}

fn write(out: &mut Vec<u8>, value: &Value) -> Option<()> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(out, number)?,
        Value::String(text) => write_text(out, text)?,
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(out, item)?;
            }
            out.push(b']');
        }
        Value::Object(members) => write_object(out, members)?,
    }
    Some(())
}

/// Members in the order of their names' UTF-16 code units (section 3.2.3), which is not the order of their bytes: U+10000 and
/// above come before U+E000 to U+FFFF.
fn write_object(out: &mut Vec<u8>, members: &Map<String, Value>) -> Option<()> {
    let mut members: Vec<(&String, &Value)> = members.iter().collect();
    members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    out.push(b'{');
    for (at, (name, value)) in members.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_text(out, name)?;
        out.push(b':');
        write(out, value)?;
    }
    out.push(b'}');
    Some(())
}

/// serde_json escapes by section 3.2.2.2: only necessary escapes, in the shortest form, with small hexadecimal digits.
fn write_text(out: &mut Vec<u8>, text: &str) -> Option<()> {
    serde_json::to_writer(out, text).ok()
}

/// Every number is a double, in ECMAScript's notation (section 3.2.2.3).
fn write_number(out: &mut Vec<u8>, number: &Number) -> Option<()> {
    let double = number.as_f64().filter(|double| double.is_finite())?;
    out.extend_from_slice(ryu_js::Buffer::new().format_finite(double).as_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::canonical;

    fn form(json: &str) -> String {
        String::from_utf8(canonical(json.as_bytes()).unwrap()).unwrap()
    }

    /// RFC 8785, section 3.2.2.
    #[test]
    fn writes_the_sample_of_the_rfc() {
        let sample = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        let expected = concat!(
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
            r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
        assert_eq!(form(sample), expected);
    }

    /// RFC 8785, section 3.2.3.
    #[test]
    fn sorts_names_by_utf_16() {
        let sample = r#"{
            "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
            "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
        }"#;
        let expected = concat!(
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",",
            "\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",",
            "\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        );
        assert_eq!(form(sample), expected);
    }

    /// RFC 8785, appendix B: the bits of a double and how it is written.
    #[test]
    fn writes_numbers_as_ecmascript_does() {
        for (bits, expected) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            let double = f64::from_bits(bits);
            assert_eq!(form(&format!("{double:e}")), expected, "{bits:x}");
        }
    }

    #[test]
    fn one_document_has_one_form() {
        let one = form(r#"{"a": [1.0, "\u00e9\/"], "b": {"d": 1e2, "c": null}}"#);
        for same in [
            "{\"b\":{\"c\":null,\"d\":100},\"a\":[1,\"é/\"]}",
            "\n{ \"\\u0061\" : [ 10e-1 , \"é\\u002f\" ] ,\t\"b\":{\"d\":1E+2,\"c\":null}}\r\n",
        ] {
            assert_eq!(form(same), one);
        }
        for other in [
            r#"{"a": ["é/", 1.0], "b": {"d": 100, "c": null}}"#,
            r#"{"a": [1, "é/"], "b": {"d": "100", "c": null}}"#,
            r#"{"a": [1, "é/"], "b": {"d": 100}}"#,
        ] {
            assert_ne!(form(other), one);
        }
    }

    #[test]
    fn what_is_not_json_has_no_form() {
        for text in ["", " ", "{", "{}{}", "NaN", "1e999", "\"\\ud800\""] {
            assert_eq!(canonical(text.as_bytes()), None, "{text}");
        }
    }
}
