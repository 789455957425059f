use super::*;

fn encoded(file: &[u8]) -> String {
    STANDARD.encode(file)
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(height.to_be_bytes());
    file
}

#[test]
fn sizes_are_in_the_heads_of_files() {
    assert_eq!(size(&png(640, 480)), Some((640, 480)));
    assert_eq!(size(b"GIF89a\x40\x01\xf0\x00"), Some((320, 240)));
    let lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x58\x02\x90\x01";
    assert_eq!(size(lossy), Some((600, 400)));
    // 600 - 1 in 14 bits, 400 - 1 in the next 14.
    let bits: u32 = 599 | 399 << 14;
    let mut lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f".to_vec();
    lossless.extend(bits.to_le_bytes());
    assert_eq!(size(&lossless), Some((600, 400)));
    let extended = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x57\x02\0\x8f\x01\0";
    assert_eq!(size(extended), Some((600, 400)));
}

#[test]
fn the_size_of_a_jpeg_is_behind_its_other_segments() {
    let mut file = b"\xff\xd8\xff\xe1\x00\x06junk\xff\xc4\x00\x04\0\0\xff\xc2\x00\x11\x08".to_vec();
    file.extend(400_u16.to_be_bytes());
    file.extend(600_u16.to_be_bytes());
    assert_eq!(size(&file), Some((600, 400)));
}

#[test]
fn a_broken_or_unknown_file_has_no_size() {
    for file in [&b""[..], b"\x89PNG", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\x00\x00\xff\xe1\x00\x00", b"BM", b"RIFF"] {
        assert_eq!(size(file), None, "{file:?}");
    }
    assert_eq!(Image::of_base64("!!!!", Detail::High).size, None);
    assert_eq!(Image::of_url("https://example.com/a.png", Detail::High).size, None);
}

#[test]
fn a_data_url_is_looked_into_with_or_without_padding() {
    for cut in 0..3 {
        let mut file = png(1024, 768);
        file.extend(vec![0; cut]);
        let url = format!("data:image/png;base64,{}", encoded(&file));
        assert_eq!(Image::of_url(&url, Detail::High).size, Some((1024, 768)), "{cut}");
    }
}
